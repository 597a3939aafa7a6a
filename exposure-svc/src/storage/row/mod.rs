//! Conversion between rows and domain values. An invalid row is an internal error.

mod app_access;
mod profile;
mod tag;

pub(super) use tag::known_tag;

use sea_orm::prelude::ChronoDateTimeUtc;
use types::Timestamp;

fn instant(timestamp: Option<ChronoDateTimeUtc>) -> anyhow::Result<Option<Timestamp>> {
    timestamp.map(Timestamp::new).transpose().map_err(Into::into)
}
