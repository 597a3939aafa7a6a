//! A plane on a stage: the three crates in this process, over a database of the test's own.

use std::time::Duration;

use admission::AdmissionSettings;
use gateway::{auth::AuthSettings, config::Limits, upstream_url::UpstreamUrl};
use grpc_server::GrpcSettings;
use http::Method;
use http_server::{
    ConnectionSettings, ListenAddress,
    tls::{ClientTls, ServerTls},
};
use ofself::{config::TokenSettings, signing_key::SigningKey, token};
use persistence::DatabaseSettings;
use runtime::{
    clock::{Clock, ManualClock},
    settings::FileSettings,
    shutdown::{Shutdown, ShutdownSettings},
};
use serde_json::Value;
use service::ServiceSettings;
use telemetry::TelemetrySettings;
use test_kit::{Answer, Backend, HttpClient};
use types::Id;

/// A running plane.
pub struct TestServer {
    pub http: HttpClient,
    pub sharing: Shutdown,
    pub exposure: Shutdown,
    pub sharing_url: String,
    pub exposure_url: String,
    gateway: Shutdown,
    folder: std::path::PathBuf,
}

impl TestServer {
    pub async fn start(backend: &Backend) -> Self {
        Self::start_with(backend, 0, Duration::from_secs(20)).await
    }

    /// With a limit of requests a minute, and a deadline for the services.
    pub async fn start_with(backend: &Backend, rate_limit: u32, deadline: Duration) -> Self {
        Self::assemble(backend, rate_limit, deadline, Clock::system()).await
    }

    /// With services for which it is always this moment; tokens go by the machine's clock all the same.
    pub async fn start_at(backend: &Backend, timestamp: &str) -> Self {
        let timestamp = types::Timestamp::new(timestamp.parse().unwrap()).unwrap();
        Self::start_by(backend, Clock::manual(timestamp).0).await
    }

    /// With services that go by this clock; tokens go by the machine's all the same.
    pub async fn start_by(backend: &Backend, clock: Clock) -> Self {
        Self::assemble(backend, 0, Duration::from_secs(20), clock).await
    }

    async fn assemble(backend: &Backend, rate_limit: u32, deadline: Duration, clock: Clock) -> Self {
        let local = || "127.0.0.1:0".parse().unwrap();
        let shared = |url: String| service_settings(url, deadline);
        let sharing = sharing_svc::config::Settings {
            listen: local(),
            admin_listen: local(),
            own: sharing_svc::config::QuotaSettings::default(),
            service: shared(backend.url()),
        };
        let exposure = exposure_svc::config::Settings {
            listen: local(),
            admin_listen: local(),
            own: service::NoSettings {},
            service: shared(backend.other_url()),
        };
        let sharing = sharing_svc::open(sharing, clock.clone()).await.unwrap();
        let exposure = exposure_svc::open(exposure, clock).await.unwrap();
        let url = |address: ListenAddress| address.url().parse().unwrap();
        let (sharing_url, exposure_url) = (sharing.address().unwrap().url(), exposure.address().unwrap().url());
        let mut settings =
            gateway_settings(url(sharing.address().unwrap()), url(exposure.address().unwrap()), backend.folder());
        (settings.limits.rate_limit, settings.limits.deadline) = (rate_limit, deadline);
        let gateway = gateway::open(settings, Clock::system()).await.unwrap();
        let http = HttpClient::new(format!("http://{}", gateway.address().unwrap()));
        let readiness = [sharing.readiness(), exposure.readiness()];
        let ends = [Shutdown::new(), Shutdown::new(), Shutdown::new()];
        tokio::spawn(sharing.serve(ends[0].clone()));
        tokio::spawn(exposure.serve(ends[1].clone()));
        tokio::spawn(gateway.serve(ends[2].clone()));
        while !readiness.iter().all(http_server::admin::Readiness::is_ready) {
            tokio::task::yield_now().await;
        }
        let [sharing, exposure, gateway] = ends;
        Self { http, sharing, exposure, sharing_url, exposure_url, gateway, folder: backend.folder().to_owned() }
    }

    /// A token of a first-party app.
    pub fn token(&self, user: &str) -> String {
        self.token_of(user, "L0", Duration::from_hours(1), &Clock::system())
    }

    pub fn token_of(&self, user: &str, tier: &str, ttl: Duration, clock: &Clock) -> String {
        let settings =
            TokenSettings { user: Id::parse(user).unwrap(), tier: tier.to_owned(), ttl, data_dir: self.folder.clone() };
        token::mint(&settings, clock).unwrap()
    }

    /// A token that expired a minute ago.
    pub fn expired_token(&self, user: &str) -> String {
        let (clock, manual_clock): (Clock, ManualClock) = Clock::manual(Clock::system().now());
        let hour_ago = clock.now().utc() - Duration::from_hours(1);
        manual_clock.set(types::Timestamp::new(hour_ago).unwrap());
        self.token_of(user, "L0", Duration::from_mins(59), &clock)
    }

    /// A request of a user, by a first-party app.
    pub async fn ask(&self, user: &str, method: Method, path: &str, body: &str) -> Answer {
        self.ask_with(user, method, path, &[], body).await
    }

    pub async fn ask_with(
        &self,
        user: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let authorization = format!("Bearer {}", self.token(user));
        let mut all = vec![("authorization", authorization.as_str())];
        if matches!(method, Method::POST | Method::PUT) && !headers.iter().any(|(name, _)| *name == "content-type") {
            all.push(("content-type", "application/json"));
        }
        all.extend(headers);
        self.http.send(method, &format!("/api/v1{path}"), &all, body).await.unwrap()
    }

    pub async fn get(&self, user: &str, path: &str) -> Answer {
        self.ask(user, Method::GET, path, "").await
    }

    pub async fn post(&self, user: &str, path: &str, body: &Value) -> Answer {
        self.ask(user, Method::POST, path, &body.to_string()).await
    }

    pub async fn put(&self, user: &str, path: &str, body: &Value) -> Answer {
        self.ask(user, Method::PUT, path, &body.to_string()).await
    }

    pub async fn delete(&self, user: &str, path: &str) -> Answer {
        self.ask(user, Method::DELETE, path, "").await
    }

    /// The id of what a POST made.
    pub async fn made(&self, user: &str, path: &str, body: &Value) -> String {
        let answer = self.post(user, path, body).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.gateway.begin();
        self.sharing.begin();
        self.exposure.begin();
    }
}

/// A gateway in front of these services, for tokens of the signing key of this folder.
pub fn gateway_settings(
    sharing_url: UpstreamUrl,
    exposure_url: UpstreamUrl,
    folder: &std::path::Path,
) -> gateway::config::Settings {
    let local = || "127.0.0.1:0".parse().unwrap();
    gateway::config::Settings {
        file: FileSettings { config: None },
        listen: local(),
        admin_listen: local(),
        end: ShutdownSettings { drain: Duration::from_secs(1), lame_duck: Duration::ZERO },
        tls: ServerTls::default(),
        insecure_plaintext: false,
        sharing_url,
        exposure_url,
        upstream_tls: ClientTls::default(),
        connections: ConnectionSettings::default(),
        limits: Limits {
            rate_limit: 0,
            deadline: Duration::from_secs(20),
            cors_origins: vec!["https://app.ofself.ai".parse().unwrap()],
            load: roomy(),
        },
        auth: auth_settings(folder),
        telemetry: TelemetrySettings::default(),
    }
}

/// A token of a first-party app, by the signing key of this folder.
pub fn token_in(folder: &std::path::Path, user: &str) -> String {
    let ttl = Duration::from_hours(1);
    let (user, tier, data_dir) = (Id::parse(user).unwrap(), "L0".to_owned(), folder.to_owned());
    token::mint(&TokenSettings { user, tier, ttl, data_dir }, &Clock::system()).unwrap()
}

/// Room for whatever the tests send at once.
fn roomy() -> AdmissionSettings {
    AdmissionSettings { max_in_flight: Some(4096), ..AdmissionSettings::default() }
}

fn service_settings(url: String, deadline: Duration) -> ServiceSettings {
    ServiceSettings {
        file: FileSettings { config: None },
        database: DatabaseSettings {
            database_url: url.into(),
            database_connections: 8,
            database_wait: Duration::from_secs(20),
        },
        grpc: GrpcSettings { deadline, load: roomy(), ..GrpcSettings::default() },
        end: ShutdownSettings { drain: Duration::from_millis(100), lame_duck: Duration::ZERO },
        telemetry: TelemetrySettings::default(),
        retention: persistence::retention::RetentionSettings::default(),
        no_migrate: false,
    }
}

fn auth_settings(folder: &std::path::Path) -> AuthSettings {
    AuthSettings {
        jwt_issuer: token::ISSUER.to_owned(),
        jwt_audience: token::AUDIENCE.to_owned(),
        jwt_algorithms: Vec::new(),
        jwt_public_key: None,
        jwt_jwks_file: Some(SigningKey::load_or_create(folder).unwrap().jwks),
        jwt_jwks_url: None,
        jwt_jwks_max_age: Duration::from_hours(24),
        jwt_secret: None,
        first_party_claim: "tier".to_owned(),
        first_party_values: vec!["L0".to_owned()],
        first_party_clients: Vec::new(),
    }
}
