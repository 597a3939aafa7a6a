//! Demo data: half a year of the people, apps and profiles around Alice. It is written through the RPCs of both services, as any client
//! would, while a clock of its own moves through that half year.

mod story;
mod writer;

use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    time::Duration,
};

use anyhow::Context;
use http_server::ListenAddress;
use runtime::{
    clock::Clock,
    process::ConfigurationError,
    shutdown::{Shutdown, ShutdownSettings},
};
use types::Timestamp;

use self::writer::Writer;
use crate::{config::ServeSettings, plane};

/// Alice's nodes, for the console: the platform keeps nodes elsewhere.
pub(crate) const NODES: &str = include_str!("nodes.json");

/// Marks a data directory with complete demo data.
const MARKER: &str = "demo";
/// The lock file of the process that fills a data directory. It stays if that process is killed: a part must not be taken for all.
const LOCK: &str = "demo-incomplete";

/// Fills an empty data directory with demo data. One that has it already stays as it is; one with other data is an error. Nothing is
/// ever deleted.
pub(crate) async fn fill(settings: &ServeSettings) -> anyhow::Result<()> {
    let data_dir = &settings.data_dir;
    if data_dir.join(MARKER).exists() {
        return Ok(());
    }
    let shown = data_dir.display();
    let is_incomplete = data_dir.join(LOCK).exists();
    if !is_incomplete && plane::DATABASES.iter().any(|name| data_dir.join(name).exists()) {
        let message = format!(
            "--demo needs a data directory without data, and {shown} has some; choose another with --data-dir, or leave --demo out"
        );
        return Err(ConfigurationError::new(message).into());
    }
    match OpenOptions::new().write(true).create_new(true).open(data_dir.join(LOCK)) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!(
                "{shown} has demo data that is not complete: another process writes it, or was killed meanwhile; choose another directory with --data-dir, or delete this one"
            );
            return Err(ConfigurationError::new(message).into());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot lock {shown}")),
    }
    write(settings)
        .await
        .with_context(|| format!("cannot write the demo data; delete {shown} before you try again"))?;
    fs::rename(data_dir.join(LOCK), data_dir.join(MARKER)).context("cannot mark the data directory")
}

async fn write(settings: &ServeSettings) -> anyhow::Result<()> {
    let now = Clock::system().now();
    // From the beginning of the story: time in a database never moves back.
    let (clock, moved) = Clock::manual(Timestamp::new(now.utc() - story::LENGTH)?);
    let (mut of_sharing, mut of_exposure) = (plane::sharing_settings(settings), plane::exposure_settings(settings));
    // They are called within this process; the configured ports are for the plane that follows.
    let unused: ListenAddress = "127.0.0.1:0".parse()?;
    of_sharing.listen = unused.clone();
    of_exposure.listen = unused;
    for end in [&mut of_sharing.service.end, &mut of_exposure.service.end] {
        *end = ShutdownSettings { drain: Duration::from_secs(1), lame_duck: Duration::ZERO };
    }
    let sharing = sharing_svc::open(of_sharing, clock.clone()).await?;
    let exposure = exposure_svc::open(of_exposure, clock).await?;
    let writer = Writer::new(sharing.local(), exposure.local(), moved, now);
    let shutdown = Shutdown::new();
    let serving = [tokio::spawn(sharing.serve(shutdown.clone())), tokio::spawn(exposure.serve(shutdown.clone()))];
    let written = story::write(writer).await;
    shutdown.begin();
    for served in serving {
        served.await??;
    }
    written
}
