//! Exposure: what of a person's data the apps they connected may see and do.
//!
//! ```text
//! grpc ───────▶ operations ───────▶ storage
//!   └─────────────▶ domain ◀──────────┘
//! ```
//!
//! [`domain`] holds the rules and names nothing else; [`operations`] are the RPCs, by name; [`storage`] alone names
//! SeaORM, and [`grpc`] alone tonic and the contract. To embed the service, [`open`] it and serve what comes back.

pub mod config;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod operations;
pub mod storage;

use service_kit::{
    clock::Clock,
    database::{Database, DatabaseSettings},
    doctor::Doctor,
    grpc::Contract,
    retention::RetentionSettings,
    service::{self, Identity, Service, open_database},
};
use vocabulary::Instant;

use crate::{
    config::Settings,
    operations::{Exposure, Retention, Upkeep},
    storage::{SCHEMA, Store, migrations::Migrator},
};

/// What tells this service from others.
pub fn identity() -> Identity {
    Identity {
        program: "exposure-svc",
        schema: SCHEMA,
        services: grpc::services(),
        contract: Contract {
            descriptors: ofself_proto::DESCRIPTORS,
            listed: grpc::contract(),
            methods: grpc::METHODS,
            domain: grpc::DOMAIN,
        },
    }
}

/// Opens the database and takes the address; what comes back serves until it is told to stop.
pub async fn open(settings: Settings, clock: Clock) -> anyhow::Result<Service> {
    let identity = identity();
    let database = open_database::<Migrator>(&settings.service, &identity).await?;
    let RetentionSettings { retention, ended_bytes_per_user, kept_answer_bytes_per_user } =
        settings.service.retention.clone();
    let store = Store::new(database.clone(), kept_answer_bytes_per_user);
    let pseudonym_key = store.pseudonym_key().await?;
    let exposure = Exposure::new(store, clock.clone(), pseudonym_key);
    let retention =
        Retention { period: retention, bytes_per_user: i64::try_from(ended_bytes_per_user).unwrap_or(i64::MAX) };
    let upkeep = Upkeep::new(exposure.clone(), retention);
    let routes = grpc::routes(&exposure);
    let service = Service::listen(&settings.listen, routes, identity, database, clock, settings.service).await?;
    Ok(service.with_background(|shutdown| upkeep.run(shutdown)))
}

/// Looks at all that the service would stand on, and changes nothing.
pub async fn examine(doctor: &mut Doctor, settings: &Settings, now: Instant) {
    service::examine::<Migrator>(doctor, &settings.service, &identity(), &settings.listen, now).await;
}

/// Brings the schema up to date.
pub async fn migrate(settings: &DatabaseSettings) -> anyhow::Result<()> {
    let database = Database::connect(settings, SCHEMA).await?;
    database.migrate::<Migrator>(SCHEMA).await?;
    database.close().await;
    Ok(())
}
