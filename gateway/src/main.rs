//! The program: serve the REST API.

use std::process::ExitCode;

use gateway::config::{Action, Command};
use service_kit::{admin, clock::Clock, process, shutdown::Shutdown};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    let Command { action: Action::Serve(settings) } = Command::read();
    process::run(|| async {
        let admin = TcpListener::bind(settings.admin_listen).await.map_err(|error| {
            process::ConfigurationError::new(format!("cannot listen on {}: {error}", settings.admin_listen))
        })?;
        let gateway = gateway::open(settings, Clock::system()).await?;
        let shutdown = Shutdown::on_signal()?;
        let admin = tokio::spawn(admin::serve(admin, vec![gateway.readiness()], shutdown.clone()));
        tracing::info!(address = %gateway.address()?, "listening");
        gateway.serve(shutdown).await?;
        // Only health checks could still be under way.
        admin.abort();
        Ok(())
    })
}
