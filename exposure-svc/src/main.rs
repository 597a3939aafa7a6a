//! The program: serve exposure profiles, or migrate their schema.

use std::process::ExitCode;

use clap::CommandFactory;
use exposure_svc::config::{Action, Command};
use service_kit::{
    admin::ask_ready,
    clock::Clock,
    doctor::Doctor,
    process,
    server::PlainText,
    service,
    telemetry::{Program, Sampling},
};

fn main() -> ExitCode {
    let command = Command::read();
    let telemetry = match &command.action {
        Action::Serve(settings) => Some(settings.service.telemetry.clone()),
        Action::Doctor(_) | Action::Ready { .. } | Action::Migrate(_) => None,
    };
    let program = Program {
        name: "exposure-svc",
        command: Command::command(),
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
            Action::Doctor(settings) => {
                let mut doctor = Doctor::new(&Command::command(), &settings.service.telemetry).await;
                exposure_svc::examine(&mut doctor, &settings, Clock::system().now()).await;
                doctor.address("admin-listen", &settings.admin_listen, Some(PlainText::NothingToHide)).await;
                doctor.finish()
            }
            Action::Ready { admin_listen, .. } => ask_ready(&admin_listen).await,
            Action::Migrate(settings) => exposure_svc::migrate(&settings.database).await,
        }
    })
}
