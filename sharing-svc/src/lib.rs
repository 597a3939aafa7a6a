//! Sharing: which other people may read, change, delete or re-share which of a person's nodes, until when.
//!
//! ```text
//! grpc ───────▶ operations ───────▶ storage
//!   └─────────────▶ domain ◀──────────┘
//! ```
//!
//! [`domain`] holds the rules and names nothing else; [`operations`] are the RPCs, by name; [`storage`] alone names
//! SeaORM, and [`grpc`] alone tonic and the contract. To embed the service, [`open`] it.

pub mod config;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod operations;
pub mod storage;

use std::process::ExitCode;

use futures_core::future::BoxFuture;
use grpc_server::Contract;
use persistence::{Database, feed::FeedHub, retention::RetentionSettings, usage_days::OtherParty};
use runtime::{clock::Clock, doctor::Doctor};
use service::{Definition, Parts, Service, erasure::ErasedUsers, usage_counter::UsageCounter};
use types::Timestamp;

use crate::{
    config::{QuotaSettings, Settings},
    operations::{Retention, Sharing, Upkeep},
    storage::{SCHEMA, Store, migrations::Migrator},
};

/// Runs the program: serve, doctor, ready or migrate.
pub fn main() -> ExitCode {
    service::main::<SharingSvc>()
}

/// Opens the service. Boxed, so it is compiled once, in this crate, for every program that embeds it.
pub fn open(settings: Settings, clock: Clock) -> BoxFuture<'static, anyhow::Result<Service>> {
    Box::pin(Service::open::<SharingSvc>(settings, clock))
}

/// Checks everything the service depends on, before it serves.
pub fn check<'a>(doctor: &'a mut Doctor, settings: &'a Settings, now: Timestamp) -> BoxFuture<'a, ()> {
    Box::pin(service::check::<SharingSvc>(doctor, settings, now))
}

/// The sharing service.
pub struct SharingSvc;

impl Definition for SharingSvc {
    const PROGRAM: &'static str = "sharing-svc";
    const ABOUT: &'static str = "Which other people may read, change, delete or re-share which of a person's nodes";
    const CRATES: &'static [&'static str] = &["sharing_svc"];
    const SCHEMA: &'static str = SCHEMA;
    const LISTEN: &'static str = "127.0.0.1:50051";
    const ADMIN_LISTEN: &'static str = "127.0.0.1:9091";

    type Migrator = Migrator;
    type Settings = QuotaSettings;

    fn services() -> Vec<&'static str> {
        grpc::services()
    }

    fn contract() -> Contract {
        Contract {
            descriptors: ofself_proto::DESCRIPTORS,
            listed: grpc::contract(),
            methods: grpc::METHODS,
            domain: grpc::DOMAIN,
        }
    }

    async fn build(database: Database, clock: Clock, feed: FeedHub, settings: &Settings) -> anyhow::Result<Parts> {
        let RetentionSettings {
            retention, event_retention, erasure_delay, ended_bytes_per_user, usage_retention, ..
        } = settings.service.retention;
        let erased = ErasedUsers::load(&database).await?;
        let store = Store::new(database, feed, settings.service.retention.stored_bytes());
        let usage = UsageCounter::new(usage_retention, OtherParty::Person);
        let sharing = Sharing::new(store, clock, settings.own.quotas(), erased, usage);
        let retention = Retention {
            period: retention,
            bytes_per_creator: i64::try_from(ended_bytes_per_user).unwrap_or(i64::MAX),
            events: event_retention,
            erasure_delay,
        };
        let upkeep = Upkeep::new(sharing.clone(), retention);
        Ok(Parts::new(grpc::routes(&sharing)).with_background(|shutdown| upkeep.run(shutdown)))
    }
}
