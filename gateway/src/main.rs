//! The program: serve the REST API.

use std::process::ExitCode;

use gateway::config::{Action, Command};
use service_kit::{
    admin::Admin,
    clock::Clock,
    process,
    shutdown::Shutdown,
    telemetry::{Program, Sampling},
};

fn main() -> ExitCode {
    let Command { action: Action::Serve(settings) } = Command::read();
    let telemetry = settings.telemetry.clone();
    let program =
        Program { name: "gateway", crates: &["gateway"], sampling: Sampling::Here, telemetry: Some(&telemetry) };
    process::run(&program, || async {
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
    })
}
