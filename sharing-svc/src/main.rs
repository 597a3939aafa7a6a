//! The program: serve shares, or migrate their schema.

use std::process::ExitCode;

use service_kit::{
    clock::Clock,
    process, service,
    telemetry::{Program, Sampling},
};
use sharing_svc::config::{Action, Command};

fn main() -> ExitCode {
    let command = Command::read();
    let telemetry = match &command.action {
        Action::Serve(settings) => Some(settings.service.telemetry.clone()),
        Action::Migrate(_) => None,
    };
    let program = Program {
        name: "sharing-svc",
        crates: &["sharing_svc"],
        sampling: Sampling::ByCallers,
        telemetry: telemetry.as_ref(),
    };
    process::run(&program, || async {
        match command.action {
            Action::Serve(settings) => {
                let admin = settings.admin_listen.clone();
                service::run(sharing_svc::open(settings, Clock::system()).await?, &admin).await
            }
            Action::Migrate(settings) => sharing_svc::migrate(&settings.database).await,
        }
    })
}
