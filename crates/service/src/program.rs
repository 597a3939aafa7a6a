//! The main function of a service.

use std::process::ExitCode;

use http_server::{
    PlainText,
    admin::{Admin, ask_ready},
    doctor::{check_address, check_certificate},
};
use persistence::Database;
use runtime::{clock::Clock, doctor::Doctor, process, shutdown::Shutdown};
use telemetry::{Sampling, Telemetry};
use tonic::service::Routes;
use types::Timestamp;

use crate::{
    Definition, Service, migrate,
    settings::{Action, Settings, command, parse_from},
};

/// Runs the program of the service `D`: serve, doctor, ready or migrate.
pub fn main<D: Definition>() -> ExitCode {
    let action = parse_from::<D>(std::env::args_os()).unwrap_or_else(|error| error.exit()).action;
    let settings = match &action {
        Action::Serve(settings) => Some(settings.service.telemetry.clone()),
        Action::Doctor(_) | Action::Ready { .. } | Action::Migrate(_) => None,
    };
    let program = process::Program { name: D::PROGRAM, command: command::<D>(), is_server: settings.is_some() };
    let telemetry =
        Telemetry { name: D::PROGRAM, crates: D::CRATES, sampling: Sampling::ParentBased, settings: settings.as_ref() };
    process::run(
        &program,
        || telemetry.start(),
        || async {
            match action {
                Action::Serve(settings) => serve::<D>(settings).await,
                Action::Doctor(settings) => {
                    let mut doctor = Doctor::new(&command::<D>());
                    telemetry::doctor::check_collector(&mut doctor, &settings.service.telemetry).await;
                    check::<D>(&mut doctor, &settings, Clock::system().now()).await;
                    let plain_text = Some(PlainText::NothingToHide);
                    check_address(&mut doctor, "admin-listen", &settings.admin_listen, plain_text).await;
                    doctor.finish()
                }
                Action::Ready { admin_listen, .. } => ask_ready(&admin_listen).await,
                Action::Migrate(settings) => migrate::<D>(&settings.database).await,
            }
        },
    )
}

/// Serves with an admin port, until a signal stops it.
async fn serve<D: Definition>(settings: Settings<D::Settings>) -> anyhow::Result<()> {
    let admin = Admin::listen(&settings.admin_listen).await?;
    let service = Service::open::<D>(settings, Clock::system()).await?;
    let shutdown = Shutdown::on_signal(service.end.lame_duck)?;
    let health = Routes::new(service.health.server()).into_axum_router();
    let admin = tokio::spawn(admin.serve(vec![service.readiness()], Some(health), shutdown.clone()));
    tracing::info!(address = %service.address()?, "listening");
    service.serve(shutdown).await?;
    // Only health checks could still be in flight.
    admin.abort();
    Ok(())
}

/// Checks everything the service `D` depends on, before it serves.
pub async fn check<D: Definition>(doctor: &mut Doctor, settings: &Settings<D::Settings>, now: Timestamp) {
    let Settings { listen, service, .. } = settings;
    doctor.set_part(D::PROGRAM);
    if persistence::check_database_file(doctor, &service.database) {
        let database = Database::connect(&service.database, D::SCHEMA).await;
        if let Some(database) = doctor.report("database", database, |database| format!("{} answers", database.kind())) {
            match database.pending_migrations::<D::Migrator>().await {
                Ok(0) => doctor.ok("schema", "up to date"),
                Ok(pending) if service.no_migrate => {
                    let message = format!("{pending} pending migration(s); run `{} migrate`", D::PROGRAM);
                    doctor.error("schema", &anyhow::Error::msg(message));
                }
                Ok(pending) => {
                    doctor.warning("schema", format!("{pending} pending migration(s); `serve` applies them"));
                }
                Err(error) => doctor.error("schema", &error),
            }
            database.close().await;
        }
    }
    let tls = service.grpc.tls.acceptor();
    let plain_text = matches!(tls, Ok(None)).then(|| service.grpc.plain_text());
    doctor.report("certificates", tls, |tls| match tls {
        Some(_) => format!("required of every caller; {} of them have a role", service.grpc.tls.roles.len()),
        None => "none: every caller has every role".to_owned(),
    });
    if let Some(path) = &service.grpc.tls.server.tls_cert {
        check_certificate(doctor, "certificate", path, now);
    }
    check_address(doctor, "listen", listen, plain_text).await;
}
