//! Keys from a URL: warm before the gateway is ready, refreshed behind its back, and never worse for a failed refresh.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use anyhow::{Context, anyhow};
use axum::body::Bytes;
use http::{Uri, uri::Scheme};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::Algorithm;
use service_kit::{clock::Clock, process::ConfigurationError, server::is_this_machine};
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};
use tracing::{info, warn};

use super::{counts, keys::KeySet, token::Verifier};

/// Keys are fetched anew this often.
const REFRESH: Duration = Duration::from_mins(5);
/// A key nobody knows makes keys be fetched, but not more often than this.
const UNKNOWN_KEY: Duration = Duration::from_secs(30);
/// So many requests at most wait for a key that nobody knows.
const WAITING: usize = 256;
/// A fetch that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(5);
/// A larger JWKS is not read.
const MAX_BYTES: usize = 1024 * 1024;

/// Where keys come from.
pub(super) struct Jwks {
    url: Uri,
    allowed: Vec<Algorithm>,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    clock: Clock,
    turn: Mutex<Turn>,
    /// Places for those who wait for keys.
    waiting: Semaphore,
}

/// Whose turn it is to fetch.
#[derive(Default)]
struct Turn {
    /// When keys were last fetched for a key nobody knew.
    last_asked: Option<Instant>,
}

impl Jwks {
    pub(super) fn new(url: Uri, allowed: Vec<Algorithm>, clock: Clock) -> anyhow::Result<Self> {
        if url.scheme() != Some(&Scheme::HTTPS) && !is_this_machine(url.host().unwrap_or_default()) {
            let says =
                format!("JWT_JWKS_URL {url} must be https: whoever can change its keys on the way can be anyone");
            return Err(ConfigurationError::new(says).into());
        }
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .context("cannot read the certificates that this machine trusts")?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { url, allowed, client, clock, turn: Mutex::default(), waiting: Semaphore::new(WAITING) })
    }

    /// Fetches the keys.
    pub(super) async fn fetch(&self) -> anyhow::Result<KeySet> {
        let fetch = async {
            let answer = self.client.get(self.url.clone()).await?;
            if !answer.status().is_success() {
                return Err(anyhow!("{} answered {}", self.url, answer.status()));
            }
            let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
            let body = body.map_err(|error| anyhow!("{}: {error}", self.url))?;
            let keys = KeySet::from_jwks(&body.to_bytes(), &self.allowed)?;
            if keys.is_empty() {
                return Err(anyhow!("{} holds no key that the configured algorithms can use", self.url));
            }
            Ok(keys)
        };
        let fetched =
            tokio::time::timeout(PATIENCE, fetch).await.with_context(|| format!("{} does not answer", self.url));
        let fetched = fetched.flatten();
        counts::keys_fetched(fetched.is_ok(), self.clock.now());
        fetched
    }

    /// Fetches keys because a token names one that nobody knows; at most once in a while, however many ask.
    pub(super) async fn fetch_for_unknown_key(&self, verifier: &Verifier) {
        // Whoever else comes with such a key is refused at once: a flood of them is not to wait here.
        let Ok(_place) = self.waiting.try_acquire() else { return };
        let mut turn = self.turn.lock().await;
        if turn.last_asked.is_some_and(|asked| asked.elapsed() < UNKNOWN_KEY) {
            return;
        }
        turn.last_asked = Some(Instant::now());
        self.replace_keys_of(verifier).await;
    }

    async fn refresh(&self, verifier: &Verifier) {
        let _turn = self.turn.lock().await;
        self.replace_keys_of(verifier).await;
    }

    /// Only in turn: an older answer must not take the place of a newer one.
    async fn replace_keys_of(&self, verifier: &Verifier) {
        match self.fetch().await {
            Ok(keys) => {
                verifier.replace_keys(keys);
                info!(url = %self.url, "fetched the keys that verify tokens");
            }
            Err(error) => {
                warn!(
                    error = format!("{error:#}"),
                    "cannot fetch the keys that verify tokens; keeping those there are"
                );
            }
        }
    }
}

/// Keeps the keys fresh for as long as somebody verifies by them.
pub(super) async fn keep_fresh(jwks: Arc<Jwks>, verifier: Weak<Verifier>) {
    loop {
        tokio::time::sleep(REFRESH).await;
        let Some(verifier) = verifier.upgrade() else { return };
        jwks.refresh(&verifier).await;
    }
}
