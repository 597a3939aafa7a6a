//! The program: serve the REST API.

use std::process::ExitCode;

use clap::CommandFactory;
use gateway::config::{Action, Command, Settings};
use service_kit::{
    admin::{Admin, ask_ready},
    clock::Clock,
    doctor::Doctor,
    process,
    server::PlainText,
    shutdown::Shutdown,
    telemetry::{Program, Sampling},
};

fn main() -> ExitCode {
    let Command { action } = Command::read();
    let telemetry = match &action {
        Action::Serve(settings) => Some(settings.telemetry.clone()),
        Action::Doctor(_) | Action::Ready { .. } => None,
    };
    let program = Program {
        name: "gateway",
        command: Command::command(),
        crates: &["gateway"],
        sampling: Sampling::Here,
        telemetry: telemetry.as_ref(),
    };
    process::run(&program, || async {
        match action {
            Action::Serve(settings) => serve(settings).await,
            Action::Doctor(settings) => {
                let mut doctor = Doctor::new(&Command::command(), &settings.telemetry).await;
                gateway::doctor::examine(&mut doctor, &settings, Clock::system()).await;
                doctor.address("admin-listen", &settings.admin_listen, Some(PlainText::NothingToHide)).await;
                doctor.finish()
            }
            Action::Ready { admin_listen, .. } => ask_ready(&admin_listen).await,
        }
    })
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let admin = Admin::listen(&settings.admin_listen).await?;
    let lame_duck = settings.end.lame_duck;
    let gateway = gateway::open(settings, Clock::system()).await?;
    let shutdown = Shutdown::on_signal(lame_duck)?;
    let admin = tokio::spawn(admin.serve(vec![gateway.readiness()], None, shutdown.clone()));
    tracing::info!(address = %gateway.address()?, "listening");
    gateway.serve(shutdown).await;
    // Only health checks could still be under way.
    admin.abort();
    Ok(())
}
