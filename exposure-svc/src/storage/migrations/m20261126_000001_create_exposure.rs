//! Users, profiles, access grants, tags, events, responses under idempotency keys, the newest time and the secrets.
//!
//! Every key begins with the user whose data it is, so that a change stays on one shard of a distributed PostgreSQL. Secrets are
//! about no user.

use persistence::{
    Dialect, create_newest_time, erasure::create_erasures, feed::create_feed, idempotency,
    usage_days::create_usage_days,
};
use sea_orm_migration::{
    prelude::*,
    schema::{
        boolean, json, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
    },
    sea_query::{Check, Condition},
};

use crate::storage::change::USERS;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Profiles {
    Table,
    UserId,
    Id,
    Name,
    Description,
    Rules,
    Warnings,
    IsActive,
    IsDefault,
    CreatedAt,
    UpdatedAt,
    Version,
}

#[derive(DeriveIden)]
enum AppAccess {
    Table,
    UserId,
    Id,
    AppId,
    Tier,
    ProfileId,
    GrantedAt,
    ExpiresAt,
    RevokedAt,
    ExpiryAnnounced,
    Version,
}

#[derive(DeriveIden)]
enum Tags {
    Table,
    UserId,
    TagId,
    Name,
}

#[derive(DeriveIden)]
enum Secrets {
    Table,
    Name,
    Value,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager);
        for table in [USERS.create_table(dialect), profiles(dialect), app_access(dialect), tags(dialect), secrets()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        create_feed(manager, USERS).await?;
        create_erasures(manager).await?;
        create_usage_days(manager).await?;
        idempotency::create_tables(manager).await?;
        create_newest_time(manager).await
    }
}

fn profiles(dialect: Dialect) -> TableCreateStatement {
    Table::create()
        .table(Profiles::Table)
        .col(dialect.person(Profiles::UserId))
        .col(uuid(Profiles::Id))
        .col(text(Profiles::Name))
        .col(text_null(Profiles::Description))
        .col(json(Profiles::Rules))
        .col(json(Profiles::Warnings))
        .col(boolean(Profiles::IsActive))
        .col(boolean(Profiles::IsDefault))
        .col(timestamp_with_time_zone(Profiles::CreatedAt))
        .col(timestamp_with_time_zone(Profiles::UpdatedAt))
        .col(ColumnDef::new(Profiles::Version).big_integer().not_null())
        .primary_key(Index::create().name("profiles_pk").col(Profiles::UserId).col(Profiles::Id))
        .to_owned()
}

fn app_access(dialect: Dialect) -> TableCreateStatement {
    let has_profile = Expr::col(AppAccess::ProfileId).is_not_null();
    Table::create()
        .table(AppAccess::Table)
        .col(dialect.person(AppAccess::UserId))
        .col(uuid(AppAccess::Id))
        .col(text(AppAccess::AppId))
        .col(text(AppAccess::Tier))
        .col(uuid_null(AppAccess::ProfileId))
        .col(timestamp_with_time_zone(AppAccess::GrantedAt))
        .col(timestamp_with_time_zone_null(AppAccess::ExpiresAt))
        .col(timestamp_with_time_zone_null(AppAccess::RevokedAt))
        .col(boolean(AppAccess::ExpiryAnnounced))
        .col(ColumnDef::new(AppAccess::Version).big_integer().not_null())
        .primary_key(Index::create().name("app_access_pk").col(AppAccess::UserId).col(AppAccess::Id))
        .foreign_key(
            ForeignKey::create()
                .name("app_access_profile_fk")
                .from(AppAccess::Table, (AppAccess::UserId, AppAccess::ProfileId))
                .to(Profiles::Table, (Profiles::UserId, Profiles::Id)),
        )
        .check(Check::named(
            "app_access_names_a_profile_until_it_ends",
            has_profile.or(Expr::col(AppAccess::RevokedAt).is_not_null()),
        ))
        .check(Check::named("app_access_tier_is_known", Expr::col(AppAccess::Tier).is_in(["L1", "L2"])))
        .to_owned()
}

fn tags(dialect: Dialect) -> TableCreateStatement {
    Table::create()
        .table(Tags::Table)
        .col(dialect.person(Tags::UserId))
        .col(text(Tags::TagId))
        .col(text_null(Tags::Name))
        .primary_key(Index::create().name("tags_pk").col(Tags::UserId).col(Tags::TagId))
        .to_owned()
}

fn secrets() -> TableCreateStatement {
    Table::create()
        .table(Secrets::Table)
        .col(text(Secrets::Name))
        .col(text(Secrets::Value))
        .primary_key(Index::create().name("secrets_pk").col(Secrets::Name))
        .to_owned()
}

fn indexes() -> [IndexCreateStatement; 10] {
    let of_profiles = |name: &str| Index::create().name(name).table(Profiles::Table).to_owned();
    let of_grants = |name: &str| Index::create().name(name).table(AppAccess::Table).to_owned();
    [
        of_profiles("profiles_by_user").col(Profiles::UserId).col(Profiles::CreatedAt).col(Profiles::Id).to_owned(),
        of_profiles("profiles_one_default")
            .unique()
            .col(Profiles::UserId)
            .cond_where(Condition::all().add(Expr::col(Profiles::IsDefault).eq(true)))
            .to_owned(),
        of_grants("app_access_by_user").col(AppAccess::UserId).col(AppAccess::GrantedAt).col(AppAccess::Id).to_owned(),
        Index::create().name("tags_by_name").table(Tags::Table).col(Tags::UserId).col(Tags::Name).to_owned(),
        // Purges.
        of_grants("app_access_revoked")
            .col(AppAccess::RevokedAt)
            .cond_where(Condition::all().add(Expr::col(AppAccess::RevokedAt).is_not_null()))
            .to_owned(),
        of_grants("app_access_expiring")
            .col(AppAccess::ExpiresAt)
            .cond_where(Condition::all().add(Expr::col(AppAccess::ExpiresAt).is_not_null()))
            .to_owned(),
        // Expiries that are not announced yet.
        of_grants("app_access_to_announce")
            .col(AppAccess::ExpiresAt)
            .cond_where(
                Condition::all()
                    .add(Expr::col(AppAccess::ExpiresAt).is_not_null())
                    .add(Expr::col(AppAccess::RevokedAt).is_null())
                    .add(Expr::col(AppAccess::ExpiryAnnounced).eq(false)),
            )
            .to_owned(),
        of_grants("app_access_revoked_by_user")
            .col(AppAccess::UserId)
            .col(AppAccess::RevokedAt)
            .cond_where(Condition::all().add(Expr::col(AppAccess::RevokedAt).is_not_null()))
            .to_owned(),
        of_grants("app_access_by_profile").col(AppAccess::UserId).col(AppAccess::ProfileId).to_owned(),
        of_grants("app_access_one_live")
            .unique()
            .col(AppAccess::UserId)
            .col(AppAccess::AppId)
            .cond_where(Condition::all().add(Expr::col(AppAccess::RevokedAt).is_null()))
            .to_owned(),
    ]
}
