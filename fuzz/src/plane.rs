//! What the targets talk to: the gateway's routes in front of services that are away, and the services' own routes.

use std::time::Duration;

use admission::AdmissionSettings;
use admission::rate_limit::RateLimit;
use axum::Router;
use gateway::{
    auth::{AuthSettings, Authentication},
    console::ExampleNodes,
    http::admission::Admission,
    upstream::Upstreams,
};
use http_server::{PlainText, admin::Readiness};
use persistence::{Database, DatabaseSettings, StoredBytes, feed::FeedHub};
use runtime::clock::Clock;
use service::{erasure::ErasedUsers, usage_counter::UsageCounter};
use tokio::runtime::{Builder, Runtime};

pub(crate) const ISSUER: &str = "https://id.ofself.ai";
pub(crate) const AUDIENCE: &str = "ofself-api";
pub(crate) const OUR_CLIENT: &str = "our-client";
pub(crate) const SECRET: &str = "a secret of thirty-two bytes or more";

/// One thread: what a run does is a matter of its bytes alone.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The gateway's routes. No service listens upstream: a valid request gets 503.
pub(crate) fn gateway(runtime: &Runtime) -> Router {
    let auth = AuthSettings {
        jwt_issuer: ISSUER.to_owned(),
        jwt_audience: AUDIENCE.to_owned(),
        jwt_algorithms: Vec::new(),
        jwt_public_key: None,
        jwt_jwks_file: None,
        jwt_jwks_url: None,
        jwt_jwks_max_age: Duration::from_hours(24),
        jwt_secret: Some(SECRET.into()),
        first_party_claim: "tier".to_owned(),
        first_party_values: vec!["L0".to_owned()],
        first_party_clients: vec![OUR_CLIENT.to_owned()],
    };
    runtime.block_on(async {
        let unlimited = RateLimit::new(0, Clock::system());
        let authentication = Authentication::new(&auth, unlimited, Clock::system()).await.expect("settings");
        let nowhere = "http://127.0.0.1:1".parse().expect("an address");
        let plain_text = PlainText::OnThisMachine;
        let upstreams = Upstreams::new(&nowhere, &nowhere, None, plain_text, Duration::from_secs(1)).expect("settings");
        let admission = Admission::new(&AdmissionSettings::default(), std::time::Duration::from_secs(5));
        gateway::router::router(upstreams, Readiness::default(), authentication, &admission, Vec::new(), ExampleNodes::default())
            .expect("a description")
    })
}

pub(crate) fn sharing(runtime: &Runtime) -> Router {
    use sharing_svc::{
        config::QuotaSettings,
        grpc::routes,
        operations::Sharing,
        storage::{SCHEMA, Store, migrations::Migrator},
    };
    runtime.block_on(async {
        let database = database(SCHEMA).await;
        database.migrate::<Migrator>(SCHEMA).await.expect("a schema");
        let store = Store::new(database.clone(), feed(database).await, StoredBytes::UNLIMITED);
        let quotas = QuotaSettings::default().quotas();
        routes(&Sharing::new(store, Clock::system(), quotas, ErasedUsers::default(), UsageCounter::default())).into_axum_router()
    })
}

pub(crate) fn exposure(runtime: &Runtime) -> Router {
    use exposure_svc::{
        grpc::routes,
        operations::{Exposure, Keys},
        storage::{SCHEMA, Store, migrations::Migrator},
    };
    runtime.block_on(async {
        let database = database(SCHEMA).await;
        database.migrate::<Migrator>(SCHEMA).await.expect("a schema");
        let store = Store::new(database.clone(), feed(database).await, StoredBytes::UNLIMITED);
        let (pseudonyms, confirmations) = (store.pseudonym_key().await, store.confirmation_key().await);
        let keys = Keys { pseudonyms: pseudonyms.expect("a key"), confirmations: confirmations.expect("a key") };
        routes(&Exposure::new(store, Clock::system(), keys, ErasedUsers::default(), UsageCounter::default())).into_axum_router()
    })
}

/// The change feed of a database with a schema.
async fn feed(database: Database) -> FeedHub {
    database.open_feed().await.expect("a feed");
    FeedHub::start(database).await.expect("a feed")
}

/// A database of this run's own. `fuzz/run` puts it into memory, and takes it away.
async fn database(name: &str) -> Database {
    let folder = tempfile::tempdir().expect("a folder").keep();
    let settings = DatabaseSettings {
        database_url: format!("sqlite://{}/{name}.db?mode=rwc", folder.display()).into(),
        database_connections: 1,
        database_wait: Duration::from_secs(5),
    };
    Database::connect(&settings, name).await.expect("a database")
}
