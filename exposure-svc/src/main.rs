//! The program: serve exposure profiles, or migrate their schema.

use std::process::ExitCode;

use exposure_svc::config::{Action, Command};
use service_kit::{clock::Clock, process, service};

fn main() -> ExitCode {
    let command = Command::read();
    process::run(&["exposure_svc"], || async {
        match command.action {
            Action::Serve(settings) => {
                let admin = settings.admin_listen.clone();
                service::run(exposure_svc::open(settings, Clock::system()).await?, &admin).await
            }
            Action::Migrate(settings) => exposure_svc::migrate(&settings.database).await,
        }
    })
}
