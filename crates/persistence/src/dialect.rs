//! SQL dialects: where the schemas of the two databases differ.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{
    prelude::{ColumnDef, IntoIden, SchemaManager, TableCreateStatement},
    schema,
};

/// The database that a migration writes a schema for.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    is_postgres: bool,
}

impl Dialect {
    /// The dialect of the database that is migrated.
    pub fn of(manager: &SchemaManager<'_>) -> Self {
        Self { is_postgres: manager.get_connection().get_database_backend() == DbBackend::Postgres }
    }

    /// A table of small rows, stored in its primary key where the database can do that.
    pub fn compact(self, table: &mut TableCreateStatement) -> TableCreateStatement {
        if !self.is_postgres {
            table.extra("WITHOUT ROWID");
        }
        table.to_owned()
    }

    /// A column of a person's id: compared and ordered by bytes, whatever the locale of the database.
    pub fn person(self, name: impl IntoIden) -> ColumnDef {
        let mut column = schema::text(name);
        if self.is_postgres {
            column.extra("COLLATE \"C\"");
        }
        column
    }
}
