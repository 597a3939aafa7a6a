//! The three crates in one process.

use std::{path::Path, time::Duration};

use gateway::{Gateway, auth::AuthSettings, console::ExampleNodes, upstream::Upstreams, upstream_url::UpstreamUrl};
use grpc_server::GrpcSettings;
use http_server::doctor::check_address;
use http_server::{
    ConnectionSettings, ListenAddress, PlainText,
    admin::{Admin, Readiness},
    tls::{ClientTls, ServerTls, refuse_readable_by_others},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use persistence::{DatabaseSettings, retention::RetentionSettings};
use runtime::{
    clock::Clock,
    doctor::Doctor,
    settings::FileSettings,
    shutdown::{Shutdown, ShutdownSettings},
};
use secrecy::SecretString;
use service::NoSettings;
use service::{Service, ServiceSettings};
use sharing_svc::config::QuotaSettings;
use telemetry::TelemetrySettings;
use types::Timestamp;

use crate::{
    banner::{Addresses, Audience, banner},
    config::ServeSettings,
    demo,
    signing_key::{self, SigningKey},
    token,
};

/// The files of the databases.
pub(crate) const DATABASES: [&str; 2] = [SHARING_DATABASE, EXPOSURE_DATABASE];
const SHARING_DATABASE: &str = "sharing.db";
const EXPOSURE_DATABASE: &str = "exposure.db";

/// The whole plane, listening and about to serve.
pub struct Plane {
    gateway: Gateway,
    sharing: Service,
    exposure: Service,
    admin: Admin,
    settings: ServeSettings,
    clock: Clock,
}

impl Plane {
    /// Opens the databases and binds the addresses.
    pub async fn open(settings: ServeSettings, clock: Clock) -> anyhow::Result<Self> {
        let key = SigningKey::load_or_create(&settings.data_dir)?;
        let nodes = if settings.demo {
            demo::fill(&settings).await?;
            ExampleNodes(demo::NODES)
        } else {
            ExampleNodes::default()
        };
        let (sharing, exposure) = tokio::try_join!(
            sharing_svc::open(sharing_settings(&settings), clock.clone()),
            exposure_svc::open(exposure_settings(&settings), clock.clone())
        )?;
        let gateway = gateway::config::Settings {
            file: FileSettings { config: None },
            listen: settings.listen.clone(),
            admin_listen: settings.admin_listen.clone(),
            end: end_settings(&settings),
            tls: ServerTls::default(),
            insecure_plaintext: settings.insecure_plaintext,
            sharing_url: url(&sharing.address()?)?,
            exposure_url: url(&exposure.address()?)?,
            upstream_tls: ClientTls::default(),
            connections: ConnectionSettings::default(),
            limits: settings.limits.clone(),
            auth: auth_settings(&key),
            // One process follows itself once.
            telemetry: TelemetrySettings::default(),
        };
        let upstreams = Upstreams::local(sharing.local(), exposure.local(), gateway.limits.deadline);
        let gateway = gateway::open_with(gateway, upstreams, nodes, clock.clone()).await?;
        let admin = Admin::listen(&settings.admin_listen).await?;
        Ok(Self { gateway, sharing, exposure, admin, settings, clock })
    }

    /// Serves until the shutdown begins and the requests in flight have finished. `announce` gets the banner once all serve.
    pub async fn serve(
        self,
        shutdown: Shutdown,
        audience: Audience,
        announce: impl FnOnce(String),
    ) -> anyhow::Result<()> {
        let banner = banner(&self.addresses()?, &self.settings.data_dir, &self.clock, audience)?;
        let Self { gateway, sharing, exposure, admin, .. } = self;
        let parts = vec![sharing.readiness(), exposure.readiness()];
        // The services outlive the gateway: its requests in flight still need them.
        let services = Shutdown::new();
        let admin = tokio::spawn(admin.serve(parts.clone(), None, shutdown.clone()));
        let sharing = tokio::spawn(sharing.serve(services.clone()));
        let exposure = tokio::spawn(exposure.serve(services.clone()));
        let serving = tokio::spawn(gateway.serve(shutdown.clone()));
        let ended = || sharing.is_finished() || exposure.is_finished();
        tokio::select! {
            () = ready(&parts, ended) => {}
            () = shutdown.begun() => {}
        }
        if ended() {
            // The reason is reported below.
            shutdown.begin();
        } else if !shutdown.has_begun() {
            announce(banner);
        }
        serving.await?;
        shutdown.begin();
        services.begin();
        sharing.await??;
        exposure.await??;
        // Only health checks could still be in flight.
        admin.abort();
        Ok(())
    }

    fn addresses(&self) -> anyhow::Result<Addresses> {
        Ok(Addresses {
            rest: self.gateway.address()?,
            sharing: self.sharing.address()?,
            exposure: self.exposure.address()?,
            admin: self.admin.address()?,
        })
    }
}

/// Checks everything the program depends on. Changes nothing.
pub async fn check(doctor: &mut Doctor, settings: &ServeSettings, now: Timestamp) {
    doctor.set_part("ofself");
    let key = signing_key::path(&settings.data_dir);
    if key.exists() {
        let seen = refuse_readable_by_others(&key);
        doctor.report("signing key", seen, |()| format!("{} is readable by its owner only", key.display()));
    } else {
        doctor.warning("signing key", format!("{} does not exist yet; `serve` and `init` create it", key.display()));
    }
    let plain_text = if settings.insecure_plaintext { PlainText::Anywhere } else { PlainText::OnThisMachine };
    check_address(doctor, "listen", &settings.listen, Some(plain_text)).await;
    check_address(doctor, "admin-listen", &settings.admin_listen, Some(PlainText::NothingToHide)).await;
    sharing_svc::check(doctor, &sharing_settings(settings), now).await;
    exposure_svc::check(doctor, &exposure_settings(settings), now).await;
}

pub(crate) fn sharing_settings(settings: &ServeSettings) -> sharing_svc::config::Settings {
    sharing_svc::config::Settings {
        listen: settings.sharing_listen.clone(),
        admin_listen: settings.admin_listen.clone(),
        own: QuotaSettings::default(),
        service: service_settings(settings, SHARING_DATABASE),
    }
}

pub(crate) fn exposure_settings(settings: &ServeSettings) -> exposure_svc::config::Settings {
    exposure_svc::config::Settings {
        listen: settings.exposure_listen.clone(),
        admin_listen: settings.admin_listen.clone(),
        own: NoSettings {},
        service: service_settings(settings, EXPOSURE_DATABASE),
    }
}

/// Waits until all parts are ready, or one has ended instead.
async fn ready(parts: &[Readiness], ended: impl Fn() -> bool) {
    while !parts.iter().all(Readiness::is_ready) && !ended() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn url(address: &ListenAddress) -> anyhow::Result<UpstreamUrl> {
    Ok(address.url().parse()?)
}

fn end_settings(settings: &ServeSettings) -> ShutdownSettings {
    // A single process has no load balancer that must learn of the shutdown.
    ShutdownSettings { drain: settings.drain, lame_duck: Duration::ZERO }
}

fn service_settings(settings: &ServeSettings, database: &str) -> ServiceSettings {
    ServiceSettings {
        file: FileSettings { config: None },
        database: DatabaseSettings {
            database_url: SecretString::from(sqlite_url(&settings.data_dir.join(database))),
            // With fewer, concurrent reads wait for each other: 2 took 29 % of the throughput of `CheckAccess` on two cores.
            database_connections: 8,
            database_wait: Duration::from_secs(3),
        },
        grpc: GrpcSettings {
            insecure_plaintext: settings.insecure_plaintext,
            deadline: settings.limits.deadline,
            load: settings.limits.load.clone(),
            ..GrpcSettings::default()
        },
        end: end_settings(settings),
        telemetry: TelemetrySettings::default(),
        retention: RetentionSettings { erasure_delay: settings.erasure_delay, ..RetentionSettings::default() },
        no_migrate: false,
    }
}

/// Characters of a URL path that need no encoding.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-').remove(b'~');

/// The URL of a database file.
fn sqlite_url(path: &Path) -> String {
    format!("sqlite://{}?mode=rwc", utf8_percent_encode(&path.to_string_lossy(), PATH))
}

fn auth_settings(key: &SigningKey) -> AuthSettings {
    AuthSettings {
        jwt_issuer: token::ISSUER.to_owned(),
        jwt_audience: token::AUDIENCE.to_owned(),
        jwt_algorithms: Vec::new(),
        jwt_public_key: None,
        jwt_jwks_file: Some(key.jwks.clone()),
        jwt_jwks_url: None,
        jwt_jwks_max_age: Duration::from_hours(24),
        jwt_secret: None,
        first_party_claim: "tier".to_owned(),
        first_party_values: vec!["L0".to_owned()],
        first_party_clients: Vec::new(),
    }
}
