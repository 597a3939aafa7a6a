//! The tag directory in the database.

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Select,
    Set, Statement, sea_query::OnConflict,
};
use types::Timestamp;

use super::{
    ProfileChange, UserReads,
    entity::tag::{ActiveModel, Column, Entity},
    events::tag_event,
    failed,
    row::known_tag,
};
use crate::{
    domain::{KnownTag, TagDirectory, TagRef},
    error::Error,
};

/// Maximum rows of a statement, well below the limit of both databases.
const CHUNK: usize = 500;

/// The tags of user $1 that have one of the texts $2 for their id or name, and those that have the name of one of these for their own
/// id or name, which decide whether it is shown by its name. {texts} is replaced by a condition on them.
const NAMED: &str = "
    WITH known AS (SELECT tag_id, name FROM tags WHERE user_id = $1 AND tag_id {texts})
    SELECT tag_id, name FROM known
    UNION SELECT tag_id, name FROM tags WHERE user_id = $1 AND name {texts}
    UNION SELECT tag_id, name FROM tags WHERE user_id = $1 AND name IN (SELECT name FROM known WHERE name IS NOT NULL)
    UNION SELECT tag_id, name FROM tags WHERE user_id = $1 AND tag_id IN (SELECT name FROM known WHERE name IS NOT NULL)";
/// The texts are one parameter, a list in JSON, however many there are: there is one statement to plan.
const AMONG_POSTGRES: &str = "= ANY(ARRAY(SELECT jsonb_array_elements_text(CAST($2 AS jsonb))))";
const AMONG_SQLITE: &str = "IN (SELECT value FROM json_each($2))";

impl<C: ConnectionTrait> UserReads<'_, C> {
    /// The tags that `references` could resolve to, or that decide how they are shown.
    pub async fn tags(&self, references: &HashSet<TagRef>) -> Result<TagDirectory, Error> {
        if references.is_empty() {
            return Ok(TagDirectory::default());
        }
        let directory = TagDirectory::new(self.tags_named(references).await?);
        let has_others = !directory.has_tags() && self.has_tags().await?;
        Ok(if has_others { directory.with_others() } else { directory })
    }

    async fn tags_named(&self, references: &HashSet<TagRef>) -> Result<Vec<KnownTag>, Error> {
        let backend = self.connection.get_database_backend();
        let among = if backend == DbBackend::Postgres { AMONG_POSTGRES } else { AMONG_SQLITE };
        let texts: serde_json::Value = references.iter().map(TagRef::as_str).collect();
        let values = [self.user.as_str().into(), texts.to_string().into()];
        let statement = Statement::from_sql_and_values(backend, NAMED.replace("{texts}", among), values);
        let rows = self.connection.query_all_raw(statement).await.map_err(failed)?;
        let tag = |row: QueryResult| {
            let name: Option<String> = row.try_get("", "name").map_err(failed)?;
            known_tag(row.try_get("", "tag_id").map_err(failed)?, name.as_deref())
        };
        rows.into_iter().map(tag).collect()
    }

    /// The named tags after `after`, ordered by id.
    pub async fn tags_after(&self, after: &str, limit: usize) -> Result<Vec<KnownTag>, Error> {
        let rows = self
            .tag_rows()
            .filter(Column::Name.is_not_null())
            .filter(Column::TagId.gt(after))
            .order_by_asc(Column::TagId)
            .limit(u64::try_from(limit).unwrap_or(u64::MAX))
            .all(self.connection)
            .await
            .map_err(failed)?;
        rows.into_iter().map(|row| known_tag(row.tag_id, row.name.as_deref())).collect()
    }

    async fn has_tags(&self) -> Result<bool, Error> {
        let any = self.tag_rows().filter(Column::Name.is_not_null()).one(self.connection).await.map_err(failed)?;
        Ok(any.is_some())
    }

    fn tag_rows(&self) -> Select<Entity> {
        Entity::find().filter(Column::UserId.eq(self.user.as_str()))
    }
}

impl ProfileChange {
    /// Writes inserted, renamed or deleted tags, each once. Deleted tags stay known.
    pub async fn write_tags(&self, tags: &[KnownTag], now: Timestamp) -> Result<(), Error> {
        for tag in tags {
            self.record(tag_event(self.user(), tag, self.raised_at(now))?);
        }
        for tags in tags.chunks(CHUNK) {
            let rows = tags.iter().map(|KnownTag { id, name }| ActiveModel {
                user_id: Set(self.user().to_string()),
                tag_id: Set(id.to_string()),
                name: Set(name.as_ref().map(|name| name.as_str().to_owned())),
            });
            let renamed = OnConflict::columns([Column::UserId, Column::TagId]).update_column(Column::Name).to_owned();
            Entity::insert_many(rows)
                .on_conflict(renamed)
                .exec_without_returning(self.connection())
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}
