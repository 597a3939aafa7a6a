//! The tables of the change feed.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, boolean, integer, text, text_null, timestamp_with_time_zone},
};

use super::usage;
use crate::{Dialect, VersionTable};

#[derive(DeriveIden)]
enum Events {
    Table,
    OwnerId,
    Version,
    Seq,
    Kind,
    Subject,
    RowId,
    OtherId,
    CreatorId,
    HasReshares,
    ActorId,
    RequestId,
    OccurredAt,
    AfterRow,
    Bytes,
}

#[derive(DeriveIden)]
enum Feed {
    Table,
    Position,
    OwnerId,
    Version,
}

#[derive(DeriveIden)]
enum FeedState {
    Table,
    Id,
    Epoch,
    PrunedTo,
    ResumableFrom,
    ResumableSeq,
    Identity,
}

#[derive(DeriveIden)]
enum FeedEpochs {
    Table,
    Epoch,
    EndedAt,
}

/// Queue of committed changes without a position, on PostgreSQL.
const PENDING: &str = "
    CREATE TABLE pending (
        n bigserial CONSTRAINT pending_pk PRIMARY KEY, owner_id text COLLATE \"C\" NOT NULL, version bigint NOT NULL
    )";

/// Every row of these tables is updated or deleted soon after it is written: vacuum must not wait for a fifth of the table.
fn autovacuum(table: &str) -> String {
    format!(
        "ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
             autovacuum_vacuum_cost_delay = 0)"
    )
}

/// Creates the tables; a step of each service's first migration. `versions`: the table of the versions of persons.
pub async fn create_feed(manager: &SchemaManager<'_>, versions: VersionTable) -> Result<(), DbErr> {
    let dialect = Dialect::of(manager);
    for table in [events(dialect), feed(dialect), feed_state(), feed_epochs(), usage::table(dialect)] {
        manager.create_table(table).await?;
    }
    for index in indexes() {
        manager.create_index(index).await?;
    }
    let connection = manager.get_connection();
    if connection.get_database_backend() == DbBackend::Postgres {
        connection.execute_unprepared(PENDING).await?;
        for table in ["pending", "feed_state", "event_usage", versions.name()] {
            connection.execute_unprepared(&autovacuum(table)).await?;
        }
    }
    Ok(())
}

fn events(dialect: Dialect) -> TableCreateStatement {
    Table::create()
        .table(Events::Table)
        .col(dialect.person(Events::OwnerId))
        .col(big_integer(Events::Version))
        .col(integer(Events::Seq))
        .col(text(Events::Kind))
        .col(text(Events::Subject))
        .col(text(Events::RowId))
        .col(text_null(Events::OtherId))
        .col(text_null(Events::CreatorId))
        .col(boolean(Events::HasReshares))
        // NULL: the owner.
        .col(text_null(Events::ActorId))
        .col(text(Events::RequestId))
        .col(timestamp_with_time_zone(Events::OccurredAt))
        .col(text_null(Events::AfterRow))
        .col(big_integer(Events::Bytes))
        .primary_key(Index::create().name("events_pk").col(Events::OwnerId).col(Events::Version).col(Events::Seq))
        .to_owned()
}

fn feed(dialect: Dialect) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(Feed::Table)
        .col(big_integer(Feed::Position))
        .col(dialect.person(Feed::OwnerId))
        .col(big_integer(Feed::Version))
        .primary_key(Index::create().name("feed_pk").col(Feed::Position));
    dialect.compact(&mut table)
}

fn feed_state() -> TableCreateStatement {
    Table::create()
        .table(FeedState::Table)
        .col(integer(FeedState::Id))
        .col(text(FeedState::Epoch))
        .col(big_integer(FeedState::PrunedTo))
        .col(big_integer(FeedState::ResumableFrom))
        .col(integer(FeedState::ResumableSeq))
        .col(text(FeedState::Identity))
        .primary_key(Index::create().name("feed_state_pk").col(FeedState::Id))
        .to_owned()
}

fn feed_epochs() -> TableCreateStatement {
    Table::create()
        .table(FeedEpochs::Table)
        .col(text(FeedEpochs::Epoch))
        .col(big_integer(FeedEpochs::EndedAt))
        .primary_key(Index::create().name("feed_epochs_pk").col(FeedEpochs::Epoch))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let of_events = |name: &str| Index::create().name(name).table(Events::Table).to_owned();
    let is_set = |column: Events| Cond::all().add(Expr::col(column).is_not_null());
    vec![
        // The event before one, of the same row.
        of_events("events_by_row")
            .col(Events::OwnerId)
            .col(Events::RowId)
            .col(Events::Version)
            .col(Events::Seq)
            .to_owned(),
        // Lists by actor, and erasure: every mention of a person.
        of_events("events_by_actor").col(Events::ActorId).cond_where(is_set(Events::ActorId)).to_owned(),
        of_events("events_by_other").col(Events::OtherId).cond_where(is_set(Events::OtherId)).to_owned(),
        of_events("events_by_creator").col(Events::CreatorId).cond_where(is_set(Events::CreatorId)).to_owned(),
        usage::index(),
        Index::create().name("feed_by_owner").table(Feed::Table).col(Feed::OwnerId).col(Feed::Version).to_owned(),
    ]
}
