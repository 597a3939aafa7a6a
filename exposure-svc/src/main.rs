//! The program: serve exposure profiles, or migrate their schema.

use std::process::ExitCode;

use exposure_svc::config::{Action, Command};
use service_kit::{
    clock::Clock,
    process, service,
    telemetry::{Program, Sampling},
};

fn main() -> ExitCode {
    let command = Command::read();
    let telemetry = match &command.action {
        Action::Serve(settings) => Some(settings.service.telemetry.clone()),
        Action::Migrate(_) => None,
    };
    let program = Program {
        name: "exposure-svc",
        crates: &["exposure_svc"],
        sampling: Sampling::ByCallers,
        telemetry: telemetry.as_ref(),
    };
    process::run(&program, || async {
        match command.action {
            Action::Serve(settings) => {
                let admin = settings.admin_listen.clone();
                service::run(exposure_svc::open(settings, Clock::system()).await?, &admin).await
            }
            Action::Migrate(settings) => exposure_svc::migrate(&settings.database).await,
        }
    })
}
