//! Values that are reloaded when their files change: certificates are renewed while a process runs.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use arc_swap::ArcSwap;
use runtime::{digest::sha256, process::ConfigurationError};
use tokio::sync::watch;
use tracing::{info, warn};

/// Loads the value from the files.
type Make<T> = Box<dyn Fn() -> Result<T, ConfigurationError> + Send + Sync>;

/// A value that follows the files it is made from.
pub(super) struct Reloaded<T> {
    current: ArcSwap<T>,
    files: Vec<PathBuf>,
    make: Make<T>,
    changes: watch::Sender<()>,
}

impl<T: Send + Sync + 'static> Reloaded<T> {
    /// Loads the value, and checks the files every `period` while the value is in use.
    pub(super) fn new(
        files: Vec<PathBuf>,
        period: Duration,
        make: impl Fn() -> Result<T, ConfigurationError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, ConfigurationError> {
        let seen = fingerprint(&files);
        let current = ArcSwap::from_pointee(make()?);
        let reloaded = Arc::new(Self { current, files, make: Box::new(make), changes: watch::Sender::default() });
        tokio::spawn(follow(Arc::downgrade(&reloaded), seen, period));
        Ok(reloaded)
    }

    pub(super) fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Returns when the value has been replaced since this was called.
    pub(super) async fn changed(&self) {
        let mut changes = self.changes.subscribe();
        if changes.changed().await.is_err() {
            // Its value is gone with it.
            std::future::pending::<()>().await;
        }
    }

    /// Takes what the files hold now, if they changed since `seen`. What cannot be used leaves the value as it was, and is
    /// tried again once the files change: the two halves of a pair are seldom written at once.
    fn look(&self, seen: &mut [u8; 32]) {
        let now = fingerprint(&self.files);
        if now == *seen {
            return;
        }
        *seen = now;
        match (self.make)() {
            Ok(value) => {
                self.current.store(Arc::new(value));
                self.changes.send_replace(());
                info!(files = ?self.files, "certificates reloaded");
            }
            Err(error) => warn!(%error, "cannot use the changed certificates; keeping the current ones"),
        }
    }
}

async fn follow<T: Send + Sync + 'static>(reloaded: Weak<Reloaded<T>>, mut seen: [u8; 32], period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        let Some(reloaded) = reloaded.upgrade() else { return };
        let looked = tokio::task::spawn_blocking(move || {
            reloaded.look(&mut seen);
            seen
        });
        let Ok(now_seen) = looked.await else { return };
        seen = now_seen;
    }
}

fn fingerprint(files: &[PathBuf]) -> [u8; 32] {
    let digests: Vec<_> = files.iter().map(|file| sha256(&[&fs::read(file).unwrap_or_default()])).collect();
    sha256(&digests.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>())
}
