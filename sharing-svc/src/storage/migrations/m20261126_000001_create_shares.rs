//! Owners, shares, usage, events, the responses under idempotency keys and the newest time.
//!
//! Every key begins with the person whose data it is, so that a change stays on one shard of a distributed PostgreSQL.

use persistence::{
    Dialect, create_newest_time, erasure::create_erasures, feed::create_feed, idempotency,
    usage_days::create_usage_days,
};
use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, boolean, json, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
        uuid_null,
    },
    sea_query::{Check, Condition},
};

use crate::storage::{blocks, change::OWNERS};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Shares {
    Table,
    Id,
    OwnerId,
    RecipientId,
    CreatorId,
    Scope,
    TagIds,
    NodeIds,
    ScopeDigest,
    IdCount,
    IdBytes,
    CanRead,
    CanWrite,
    CanDelete,
    CanShare,
    ExpiresAt,
    Source,
    FollowId,
    FollowEndedAt,
    ParentShareId,
    Ancestors,
    RevokedAt,
    EndedAt,
    EndedPermanently,
    SweepBelow,
    CreatedAt,
    UpdatedAt,
    Version,
    CreatedVersion,
}

#[derive(DeriveIden)]
enum Owners {
    Table,
    OwnerId,
    Stops,
}

#[derive(DeriveIden)]
enum ShareUsage {
    Table,
    OwnerId,
    UserId,
    Kind,
    Shares,
    Ids,
    IdBytes,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager);
        for table in [owners(dialect), shares(dialect), share_usage(dialect), blocks::table(dialect)] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        create_feed(manager, OWNERS).await?;
        create_erasures(manager).await?;
        create_usage_days(manager).await?;
        idempotency::create_tables(manager).await?;
        create_newest_time(manager).await
    }
}

fn owners(dialect: Dialect) -> TableCreateStatement {
    let mut owners = OWNERS.create_table(dialect);
    // Stops that are not carried out yet, in JSON; usually NULL.
    owners.col(text_null(Owners::Stops)).to_owned()
}

fn shares(dialect: Dialect) -> TableCreateStatement {
    let flag = |column: Shares| Expr::col(column).eq(true);
    let grants_something =
        flag(Shares::CanRead).or(flag(Shares::CanWrite)).or(flag(Shares::CanDelete)).or(flag(Shares::CanShare));
    Table::create()
        .table(Shares::Table)
        .col(dialect.person(Shares::OwnerId))
        .col(uuid(Shares::Id))
        .col(dialect.person(Shares::RecipientId))
        .col(dialect.person(Shares::CreatorId))
        .col(text(Shares::Scope))
        .col(json(Shares::TagIds))
        .col(json(Shares::NodeIds))
        .col(text(Shares::ScopeDigest))
        .col(big_integer(Shares::IdCount))
        .col(big_integer(Shares::IdBytes))
        .col(boolean(Shares::CanRead))
        .col(boolean(Shares::CanWrite))
        .col(boolean(Shares::CanDelete))
        .col(boolean(Shares::CanShare))
        .col(timestamp_with_time_zone_null(Shares::ExpiresAt))
        .col(text(Shares::Source))
        .col(text_null(Shares::FollowId))
        .col(timestamp_with_time_zone_null(Shares::FollowEndedAt))
        .col(uuid_null(Shares::ParentShareId))
        .col(json(Shares::Ancestors))
        .col(timestamp_with_time_zone_null(Shares::RevokedAt))
        .col(timestamp_with_time_zone_null(Shares::EndedAt))
        .col(boolean(Shares::EndedPermanently))
        .col(boolean(Shares::SweepBelow))
        .col(timestamp_with_time_zone(Shares::CreatedAt))
        .col(timestamp_with_time_zone(Shares::UpdatedAt))
        .col(big_integer(Shares::Version))
        .col(big_integer(Shares::CreatedVersion))
        .primary_key(Index::create().name("shares_pk").col(Shares::OwnerId).col(Shares::Id))
        .foreign_key(
            ForeignKey::create()
                .name("shares_parent_fk")
                .from(Shares::Table, (Shares::OwnerId, Shares::ParentShareId))
                .to(Shares::Table, (Shares::OwnerId, Shares::Id)),
        )
        .check(Check::named("shares_grant_something", grants_something))
        .check(Check::named("shares_are_to_others", Expr::col(Shares::OwnerId).ne(Expr::col(Shares::RecipientId))))
        .check(Check::named(
            "shares_scope_is_known",
            Expr::col(Shares::Scope).is_in(["all", "specific_tags", "specific_nodes", "graph"]),
        ))
        .check(Check::named(
            "shares_reshare_has_parent",
            Expr::col(Shares::Source).eq("reshare").eq(Expr::col(Shares::ParentShareId).is_not_null()),
        ))
        .check(Check::named(
            "shares_follow_has_id",
            Expr::col(Shares::Source).eq("follow").eq(Expr::col(Shares::FollowId).is_not_null()),
        ))
        .check(Check::named(
            "shares_revoked_have_ended",
            Expr::col(Shares::RevokedAt).is_null().or(Expr::col(Shares::EndedPermanently).eq(true)),
        ))
        .check(Check::named(
            "shares_ended_permanently_have_ended",
            Expr::col(Shares::EndedPermanently).eq(false).or(Expr::col(Shares::EndedAt).is_not_null()),
        ))
        .to_owned()
}

fn share_usage(dialect: Dialect) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(ShareUsage::Table)
        .col(dialect.person(ShareUsage::OwnerId))
        .col(dialect.person(ShareUsage::UserId))
        .col(text(ShareUsage::Kind))
        .col(big_integer(ShareUsage::Shares))
        .col(big_integer(ShareUsage::Ids))
        .col(big_integer(ShareUsage::IdBytes))
        .primary_key(
            Index::create()
                .name("share_usage_pk")
                .col(ShareUsage::OwnerId)
                .col(ShareUsage::UserId)
                .col(ShareUsage::Kind),
        );
    dialect.compact(&mut table)
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &str| Index::create().name(name).table(Shares::Table).to_owned();
    let is_open = || Condition::all().add(Expr::col(Shares::EndedAt).is_null());
    let is_reshare = || Expr::col(Shares::ParentShareId).is_not_null();
    vec![
        index("shares_by_id").col(Shares::Id).to_owned(),
        // Lists.
        index("shares_outgoing").col(Shares::OwnerId).col(Shares::CreatedAt).col(Shares::Id).to_owned(),
        index("shares_incoming")
            .col(Shares::RecipientId)
            .col(Shares::CreatedAt)
            .col(Shares::Id)
            .col(Shares::OwnerId)
            .to_owned(),
        index("shares_created")
            .col(Shares::CreatorId)
            .col(Shares::CreatedAt)
            .col(Shares::Id)
            .col(Shares::OwnerId)
            .cond_where(is_reshare())
            .to_owned(),
        // Decisions, and the search for an exact copy.
        index("shares_open_between")
            .col(Shares::OwnerId)
            .col(Shares::RecipientId)
            .col(Shares::ScopeDigest)
            // For the total of a filtered list, which then needs no row.
            .col(Shares::ExpiresAt)
            .cond_where(is_open())
            .to_owned(),
        // Owners who share with a person.
        index("shares_open_to")
            .col(Shares::RecipientId)
            .col(Shares::OwnerId)
            .col(Shares::ExpiresAt)
            .col(Shares::IdBytes)
            .cond_where(is_open())
            .to_owned(),
        index("shares_ended_between")
            .col(Shares::OwnerId)
            .col(Shares::RecipientId)
            .col(Shares::EndedAt)
            .col(Shares::Id)
            .cond_where(is_open().not())
            .to_owned(),
        // Quotas: dead rows of a creator, and of an owner.
        index("shares_open_by_creator")
            .col(Shares::OwnerId)
            .col(Shares::CreatorId)
            .cond_where(is_open().add(is_reshare()))
            .to_owned(),
        index("shares_open_by_owner").col(Shares::OwnerId).col(Shares::ExpiresAt).cond_where(is_open()).to_owned(),
        // For the children of a deleted parent, and for upkeep of shares that have not ended permanently.
        index("shares_children")
            .col(Shares::OwnerId)
            .col(Shares::ParentShareId)
            .col(Shares::EndedPermanently)
            .col(Shares::Id)
            .cond_where(is_reshare())
            .to_owned(),
        // Follows.
        index("shares_by_follow")
            .col(Shares::FollowId)
            .cond_where(Expr::col(Shares::FollowId).is_not_null())
            .to_owned(),
        index("shares_one_per_follow")
            .unique()
            .col(Shares::OwnerId)
            .col(Shares::FollowId)
            .cond_where(
                Condition::all()
                    .add(Expr::col(Shares::FollowId).is_not_null())
                    .add(Expr::col(Shares::FollowEndedAt).is_null()),
            )
            .to_owned(),
        // Upkeep.
        index("shares_expiring")
            .col(Shares::ExpiresAt)
            .cond_where(is_open().add(Expr::col(Shares::ExpiresAt).is_not_null()))
            .to_owned(),
        index("shares_to_sweep")
            .col(Shares::OwnerId)
            .col(Shares::Id)
            .cond_where(Expr::col(Shares::SweepBelow).eq(true))
            .to_owned(),
        index("shares_ended").col(Shares::EndedAt).cond_where(is_open().not()).to_owned(),
        index("shares_ended_by_creator")
            .col(Shares::CreatorId)
            .col(Shares::EndedAt)
            .cond_where(is_open().not())
            .to_owned(),
        blocks::index(),
        Index::create()
            .name("owners_with_stops")
            .table(Owners::Table)
            .col(Owners::OwnerId)
            .cond_where(Expr::col(Owners::Stops).is_not_null())
            .to_owned(),
        Index::create()
            .name("share_usage_ended")
            .table(ShareUsage::Table)
            .col(ShareUsage::UserId)
            .col(ShareUsage::IdBytes)
            .cond_where(Expr::col(ShareUsage::Kind).eq("ended"))
            .to_owned(),
    ]
}
