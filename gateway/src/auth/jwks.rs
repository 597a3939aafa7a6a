//! Keys from a URL (JWKS): fetched before the gateway is ready and refreshed in the background. An answer that parses replaces the
//! keys, also with fewer or none: its issuer has withdrawn the others. A fetch that fails keeps them until they expire.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use anyhow::{Context, anyhow};
use axum::body::Bytes;
use http::{StatusCode, Uri, uri::Scheme};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::Algorithm;
use runtime::{clock::Clock, loopback::is_this_machine, process::ConfigurationError};
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};
use tracing::{error, info, warn};

use super::{counts, keys::KeySet, token::Verifier};

/// Keys are fetched anew this often.
const REFRESH: Duration = Duration::from_mins(5);
/// The same after a fetch that failed.
const RETRY: Duration = Duration::from_secs(30);
/// Minimum interval between fetches for unknown keys.
const UNKNOWN_KEY: Duration = Duration::from_secs(30);
/// Maximum number of requests that wait for an unknown key.
const WAITING: usize = 256;
/// Timeout of a fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// A larger JWKS is not read.
const MAX_BYTES: usize = 1024 * 1024;

/// The source of keys.
pub(super) struct Jwks {
    url: Uri,
    allowed: Vec<Algorithm>,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    clock: Clock,
    /// How long keys are used after they were fetched.
    max_age: Duration,
    fetch_state: Mutex<FetchState>,
    /// Permits for requests that wait for keys.
    waiting: Semaphore,
}

/// Serializes fetches.
#[derive(Default)]
struct FetchState {
    /// The time of the last fetch for an unknown key.
    last_asked: Option<Instant>,
}

impl Jwks {
    pub(super) fn new(url: Uri, allowed: Vec<Algorithm>, max_age: Duration, clock: Clock) -> anyhow::Result<Self> {
        if url.scheme() != Some(&Scheme::HTTPS) && !is_this_machine(url.host().unwrap_or_default()) {
            let message =
                format!("JWT_JWKS_URL {url} must be https: an attacker on the network path could replace its keys");
            return Err(ConfigurationError::new(message).into());
        }
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .context("cannot read the trusted certificates of this machine")?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self {
            url,
            allowed,
            client,
            clock,
            max_age,
            fetch_state: Mutex::default(),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// Fetches the first keys. An empty set is rejected here, where it is more likely a wrong URL than a withdrawal of every key.
    pub(super) async fn fetch_first(&self) -> anyhow::Result<KeySet> {
        let keys = self.fetch().await?;
        if keys.len() == 0 {
            return Err(anyhow!("{} holds no key that the configured algorithms can use", self.url));
        }
        counts::keys_in_use(keys.len());
        Ok(keys)
    }

    /// The Unix second at which keys that were fetched now expire.
    pub(super) fn expiry(&self) -> i64 {
        self.clock.now().utc().timestamp().saturating_add_unsigned(self.max_age.as_secs().max(1))
    }

    async fn fetch(&self) -> anyhow::Result<KeySet> {
        let fetch = async {
            let answer = self.client.get(self.url.clone()).await?;
            if answer.status() != StatusCode::OK {
                return Err(anyhow!("{} answered {}", self.url, answer.status()));
            }
            let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
            let body = body.map_err(|error| anyhow!("{}: {error}", self.url))?;
            KeySet::from_jwks(&body.to_bytes(), &self.allowed).with_context(|| self.url.to_string())
        };
        let fetched =
            tokio::time::timeout(FETCH_TIMEOUT, fetch).await.with_context(|| format!("{} does not answer", self.url));
        let fetched = fetched.flatten();
        counts::keys_fetched(fetched.is_ok(), self.clock.now());
        fetched
    }

    /// Fetches the keys for a token with an unknown key; rate-limited for all requests together.
    pub(super) async fn fetch_for_unknown_key(&self, verifier: &Verifier) {
        // Further requests with such a key are rejected at once: a flood of them must not wait here.
        let Ok(_place) = self.waiting.try_acquire() else { return };
        let mut fetch_state = self.fetch_state.lock().await;
        if fetch_state.last_asked.is_some_and(|asked| asked.elapsed() < UNKNOWN_KEY) {
            return;
        }
        fetch_state.last_asked = Some(Instant::now());
        self.replace_keys_of(verifier).await;
    }

    /// Returns when to refresh again.
    async fn refresh(&self, verifier: &Verifier) -> Duration {
        let _turn = self.fetch_state.lock().await;
        let next = if self.replace_keys_of(verifier).await { REFRESH } else { RETRY };
        self.at_most_half_of_max_age(next)
    }

    /// Keys that expire before they are refreshed would be missing meanwhile.
    fn at_most_half_of_max_age(&self, interval: Duration) -> Duration {
        interval.min(self.max_age / 2)
    }

    /// Serialized: an older response must not replace a newer one. Returns whether the fetch succeeded.
    async fn replace_keys_of(&self, verifier: &Verifier) -> bool {
        let fetched = self.fetch().await;
        let succeeded = fetched.is_ok();
        match fetched {
            Ok(keys) if keys.len() == 0 => {
                verifier.replace_keys(keys, None);
                error!(url = %self.url, "the JWKS has no key that the configured algorithms can use; every token is rejected");
            }
            Ok(keys) => {
                info!(url = %self.url, keys = keys.len(), "fetched the keys that verify tokens");
                verifier.replace_keys(keys, Some(self.expiry()));
            }
            Err(error) => {
                let error = format!("{error:#}");
                if verifier.key_count() > 0 {
                    warn!(error, "cannot fetch the keys that verify tokens; keeping the last ones until they expire");
                } else {
                    error!(
                        error,
                        "cannot fetch the keys that verify tokens and there are none to keep; every token is rejected"
                    );
                }
            }
        }
        counts::keys_in_use(verifier.key_count());
        succeeded
    }
}

/// Refreshes the keys as long as the verifier is in use.
pub(super) async fn keep_fresh(jwks: Arc<Jwks>, verifier: Weak<Verifier>) {
    let mut interval = jwks.at_most_half_of_max_age(REFRESH);
    loop {
        tokio::time::sleep(interval).await;
        let Some(verifier) = verifier.upgrade() else { return };
        interval = jwks.refresh(&verifier).await;
    }
}
