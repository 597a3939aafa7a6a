//! The program: serve shares, or migrate their schema.

use std::process::ExitCode;

use service_kit::{clock::Clock, process, service};
use sharing_svc::config::{Action, Command};

fn main() -> ExitCode {
    let command = Command::read();
    process::run(&["sharing_svc"], || async {
        match command.action {
            Action::Serve(settings) => {
                let admin = settings.admin_listen.clone();
                service::run(sharing_svc::open(settings, Clock::system()).await?, &admin).await
            }
            Action::Migrate(settings) => sharing_svc::migrate(&settings.database).await,
        }
    })
}
