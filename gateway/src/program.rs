//! The main function: serve, doctor or ready.

use std::process::ExitCode;

use clap::CommandFactory;
use http_server::{
    PlainText,
    admin::{Admin, ask_ready},
    doctor::check_address,
};
use runtime::{clock::Clock, doctor::Doctor, process, shutdown::Shutdown};
use telemetry::{Sampling, Telemetry};

use crate::{
    config::{Action, Command, Settings},
    doctor,
};

/// Runs the program.
pub fn main() -> ExitCode {
    let Command { action } = Command::read();
    let settings = match &action {
        Action::Serve(settings) => Some(settings.telemetry.clone()),
        Action::Doctor(_) | Action::Ready { .. } => None,
    };
    let program = process::Program { name: "gateway", command: Command::command(), is_server: settings.is_some() };
    let telemetry =
        Telemetry { name: "gateway", crates: &["gateway"], sampling: Sampling::Root, settings: settings.as_ref() };
    process::run(
        &program,
        || telemetry.start(),
        || async {
            match action {
                Action::Serve(settings) => serve(settings).await,
                Action::Doctor(settings) => {
                    let mut doctor = Doctor::new(&Command::command());
                    telemetry::doctor::check_collector(&mut doctor, &settings.telemetry).await;
                    doctor::check(&mut doctor, &settings, Clock::system()).await;
                    let plain_text = Some(PlainText::NothingToHide);
                    check_address(&mut doctor, "admin-listen", &settings.admin_listen, plain_text).await;
                    doctor.finish()
                }
                Action::Ready { admin_listen, .. } => ask_ready(&admin_listen).await,
            }
        },
    )
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let admin = Admin::listen(&settings.admin_listen).await?;
    let lame_duck = settings.end.lame_duck;
    let gateway = crate::open(settings, Clock::system()).await?;
    let shutdown = Shutdown::on_signal(lame_duck)?;
    let admin = tokio::spawn(admin.serve(vec![gateway.readiness()], None, shutdown.clone()));
    tracing::info!(address = %gateway.address()?, "listening");
    gateway.serve(shutdown).await;
    // Only health checks could still be in flight.
    admin.abort();
    Ok(())
}
