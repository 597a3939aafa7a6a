//! The main function: `serve`, and commands that create what serving needs.

use std::{process::ExitCode, time::Duration};

use clap::{CommandFactory, Parser};
use http_server::admin::ask_ready;
use runtime::{clock::Clock, doctor::Doctor, process, shutdown::Shutdown};
use telemetry::{Sampling, Telemetry};

use crate::{
    banner::Audience,
    certificates,
    config::{Action, Command, ServeSettings},
    plane::{self, Plane},
    signing_key::SigningKey,
    token,
};

/// Runs the program.
pub fn main() -> ExitCode {
    let command = Command::parse();
    let settings = match &command.action {
        Some(Action::Serve(settings)) => Some(settings.telemetry.clone()),
        None => Some(command.serve.telemetry.clone()),
        Some(
            Action::Doctor(_) | Action::Ready { .. } | Action::Init { .. } | Action::Token(_) | Action::Certificates(_),
        ) => None,
    };
    let program = process::Program { name: "ofself", command: Command::command(), is_server: settings.is_some() };
    let telemetry = Telemetry {
        name: "ofself",
        crates: &["ofself", "gateway", "sharing_svc", "exposure_svc"],
        sampling: Sampling::Root,
        settings: settings.as_ref(),
    };
    process::run(&program, || telemetry.start(), || run(command))
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command.action {
        Some(Action::Token(settings)) => {
            println!("{}", token::mint(&settings, &Clock::system())?);
            Ok(())
        }
        Some(Action::Init { data_dir }) => SigningKey::load_or_create(&data_dir).map(drop),
        Some(Action::Certificates(settings)) => {
            println!("{}", certificates::make(&settings, &Clock::system())?);
            Ok(())
        }
        Some(Action::Doctor(settings)) => {
            let mut doctor = Doctor::new(&Command::command());
            telemetry::doctor::check_collector(&mut doctor, &settings.telemetry).await;
            plane::check(&mut doctor, &settings, Clock::system().now()).await;
            doctor.finish()
        }
        Some(Action::Ready { admin_listen }) => ask_ready(&admin_listen).await,
        Some(Action::Serve(settings)) => serve(settings).await,
        None => serve(command.serve).await,
    }
}

async fn serve(settings: ServeSettings) -> anyhow::Result<()> {
    let plane = Plane::open(settings, Clock::system()).await?;
    let shutdown = Shutdown::on_signal(Duration::ZERO)?;
    plane.serve(shutdown, Audience::of_stdout(), |banner| print!("{banner}")).await
}
