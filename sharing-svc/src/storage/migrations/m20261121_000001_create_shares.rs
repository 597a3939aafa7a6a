//! Shares, and the answers kept for repeats.

use sea_orm_migration::{
    prelude::*,
    schema::{
        boolean, json, small_integer, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid,
        uuid_null,
    },
    sea_query::{Check, Condition},
};
use service_kit::idempotency;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Shares {
    Table,
    Id,
    OwnerId,
    RecipientId,
    MakerId,
    Scope,
    TagIds,
    NodeIds,
    ScopeDigest,
    CanRead,
    CanWrite,
    CanDelete,
    CanShare,
    ExpiresAt,
    EffectiveUntil,
    Source,
    FollowId,
    ParentShareId,
    Depth,
    RevokedAt,
    CreatedAt,
    UpdatedAt,
    Version,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(shares()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        idempotency::create_table(manager).await
    }
}

fn shares() -> TableCreateStatement {
    let flag = |column: Shares| Expr::col(column).eq(true);
    let grants_something =
        flag(Shares::CanRead).or(flag(Shares::CanWrite)).or(flag(Shares::CanDelete)).or(flag(Shares::CanShare));
    Table::create()
        .table(Shares::Table)
        .col(uuid(Shares::Id))
        .col(text(Shares::OwnerId))
        .col(text(Shares::RecipientId))
        .col(text(Shares::MakerId))
        .col(text(Shares::Scope))
        .col(json(Shares::TagIds))
        .col(json(Shares::NodeIds))
        .col(text(Shares::ScopeDigest))
        .col(boolean(Shares::CanRead))
        .col(boolean(Shares::CanWrite))
        .col(boolean(Shares::CanDelete))
        .col(boolean(Shares::CanShare))
        .col(timestamp_with_time_zone_null(Shares::ExpiresAt))
        .col(timestamp_with_time_zone_null(Shares::EffectiveUntil))
        .col(text(Shares::Source))
        .col(text_null(Shares::FollowId))
        .col(uuid_null(Shares::ParentShareId))
        .col(small_integer(Shares::Depth))
        .col(timestamp_with_time_zone_null(Shares::RevokedAt))
        .col(timestamp_with_time_zone(Shares::CreatedAt))
        .col(timestamp_with_time_zone(Shares::UpdatedAt))
        .col(ColumnDef::new(Shares::Version).big_integer().not_null())
        .primary_key(Index::create().name("shares_pk").col(Shares::Id))
        .foreign_key(
            ForeignKey::create()
                .name("shares_parent_fk")
                .from(Shares::Table, Shares::ParentShareId)
                .to(Shares::Table, Shares::Id),
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
        .check(Check::named("shares_depth_is_bounded", Expr::col(Shares::Depth).between(1, 8)))
        .to_owned()
}

fn indexes() -> [IndexCreateStatement; 5] {
    let index = |name: &str| Index::create().name(name).table(Shares::Table).to_owned();
    [
        index("shares_outgoing").col(Shares::OwnerId).col(Shares::CreatedAt).col(Shares::Id).to_owned(),
        index("shares_incoming").col(Shares::RecipientId).col(Shares::CreatedAt).col(Shares::Id).to_owned(),
        // Serves both the search for an exact copy and, later, every decision about the pair.
        index("shares_between").col(Shares::OwnerId).col(Shares::RecipientId).col(Shares::ScopeDigest).to_owned(),
        index("shares_children").col(Shares::ParentShareId).to_owned(),
        index("shares_one_per_follow")
            .unique()
            .col(Shares::FollowId)
            .cond_where(
                Condition::all()
                    .add(Expr::col(Shares::FollowId).is_not_null())
                    .add(Expr::col(Shares::RevokedAt).is_null()),
            )
            .to_owned(),
    ]
}
