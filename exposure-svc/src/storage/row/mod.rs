//! Rows to domain values and back. A row that is no such value is a fault of ours, never a guess.

mod app_access;
mod profile;
mod tag;

pub(super) use tag::known_tag;

use sea_orm::prelude::ChronoDateTimeUtc;
use types::Timestamp;

fn instant(timestamp: Option<ChronoDateTimeUtc>) -> anyhow::Result<Option<Timestamp>> {
    timestamp.map(Timestamp::new).transpose().map_err(Into::into)
}
