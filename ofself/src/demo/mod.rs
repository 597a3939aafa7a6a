//! Demo data: half a year of the people, apps and profiles around Alice. It is written through the RPCs of both services, as any client
//! would, while a clock of its own moves through that half year.

mod story;
mod writer;

use std::{path::Path, time::Duration};

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

/// Marks a data directory with demo data that is complete.
const MARKER: &str = "demo";

/// Fills an empty data directory with demo data. One that has it already stays as it is; one with other data is an error.
pub(crate) async fn fill(settings: &ServeSettings) -> anyhow::Result<()> {
    let data_dir = &settings.data_dir;
    if data_dir.join(MARKER).exists() {
        return Ok(());
    }
    if plane::DATABASES.iter().any(|name| data_dir.join(name).exists()) {
        let message = format!(
            "--demo needs a data directory without data, and {} has some; choose another with --data-dir, or leave --demo out",
            data_dir.display()
        );
        return Err(ConfigurationError::new(message).into());
    }
    let filled = write(settings).await;
    if filled.is_err() {
        remove_databases(data_dir);
    }
    filled.context("cannot write the demo data")
}

async fn write(settings: &ServeSettings) -> anyhow::Result<()> {
    let now = Clock::system().now();
    // From the beginning of the story: time in a database never moves back.
    let (clock, moved) = Clock::manual(Timestamp::new(now.utc() - story::LENGTH)?);
    let (mut of_sharing, mut of_exposure) = (plane::sharing_settings(settings), plane::exposure_settings(settings));
    // Nothing else may call them meanwhile.
    of_sharing.listen = ListenAddress::Unix(settings.data_dir.join("demo-sharing.sock"));
    of_exposure.listen = ListenAddress::Unix(settings.data_dir.join("demo-exposure.sock"));
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
    written?;
    std::fs::write(settings.data_dir.join(MARKER), "This directory has the demo data of `ofself serve --demo`.\n")
        .context("cannot mark the data directory")
}

/// A part of the data would be taken for all of it.
fn remove_databases(data_dir: &Path) {
    for name in plane::DATABASES {
        for suffix in ["", "-wal", "-shm", ".identity"] {
            // What is not there need not go.
            let _ = std::fs::remove_file(data_dir.join(format!("{name}{suffix}")));
        }
    }
}
