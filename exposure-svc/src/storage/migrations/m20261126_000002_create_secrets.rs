//! Secrets that every replica needs and nobody sets.

use sea_orm_migration::{prelude::*, schema::text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum Secrets {
    Table,
    Name,
    Value,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Secrets::Table)
            .col(text(Secrets::Name))
            .col(text(Secrets::Value))
            .primary_key(Index::create().name("secrets_pk").col(Secrets::Name))
            .to_owned();
        manager.create_table(table).await
    }
}
