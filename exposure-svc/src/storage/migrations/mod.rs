//! The schema of profiles, grants and tags, step by step. A step that was released is never changed: another is added.

mod m20261126_000001_create_exposure;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait::async_trait};

/// Every step, in order.
pub struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261126_000001_create_exposure::Migration)]
    }
}
