//! The tag directory in the database.

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Set,
    sea_query::{Expr, OnConflict},
};

use super::{
    ProfileChange, Store,
    entity::tag::{ActiveModel, Column, Entity},
    failed,
};
use crate::{
    domain::{KnownTag, TagDirectory, TagId, TagRef, UserId},
    error::Error,
};

/// Rows a statement names at most, well below what either database takes.
const CHUNK: usize = 500;

impl Store {
    /// What is known of those of `user`'s tags that `references` could stand for, or be shown as.
    pub async fn tags_of(&self, user: &UserId, references: &HashSet<TagRef>) -> Result<TagDirectory, Error> {
        tags_of(self.database.reader(), user, references).await
    }
}

impl ProfileChange {
    /// What is known of those of `user`'s tags that `references` could stand for, or be shown as.
    pub async fn tags_of(&self, user: &UserId, references: &HashSet<TagRef>) -> Result<TagDirectory, Error> {
        tags_of(self.connection(), user, references).await
    }

    /// Learns tags, or new names of known ones; of a tag that is named twice, the last counts.
    pub async fn upsert_tags(&self, user: &UserId, tags: Vec<KnownTag>) -> Result<(), Error> {
        for tag in tags {
            let row = ActiveModel {
                user_id: Set(user.to_string()),
                tag_id: Set(tag.id.to_string()),
                name: Set(tag.name.map(|name| name.as_str().to_owned())),
            };
            let renamed = OnConflict::columns([Column::UserId, Column::TagId]).update_column(Column::Name).to_owned();
            Entity::insert(row).on_conflict(renamed).exec_without_returning(self.connection()).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Forgets the names of tags; that they were tags stays known.
    pub async fn delete_tags(&self, user: &UserId, tags: &[TagId]) -> Result<(), Error> {
        for tags in tags.chunks(CHUNK) {
            Entity::update_many()
                .col_expr(Column::Name, Expr::value(Option::<String>::None))
                .filter(Column::UserId.eq(user.as_str()))
                .filter(Column::TagId.is_in(tags.iter().map(TagId::as_str)))
                .exec(self.connection())
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

/// The tags that have one of `references` for id or name; and, since it decides what these may be shown as, the tags that
/// have one of their names for id or name.
async fn tags_of(
    connection: &impl ConnectionTrait,
    user: &UserId,
    references: &HashSet<TagRef>,
) -> Result<TagDirectory, Error> {
    let found = tags_named(connection, user, references).await?;
    let names: HashSet<_> = found.iter().filter_map(|tag| tag.name.clone()).collect();
    let rivals = tags_named(connection, user, &names).await?;
    Ok(TagDirectory::new(found.into_iter().chain(rivals)))
}

async fn tags_named(
    connection: &impl ConnectionTrait,
    user: &UserId,
    references: &HashSet<TagRef>,
) -> Result<Vec<KnownTag>, Error> {
    let references: Vec<_> = references.iter().flat_map(TagRef::writings).collect();
    if references.len() > CHUNK {
        // Who names very many tags seldom has as many: then one read of all that they have is quicker than many of some.
        let all = Entity::find().filter(Column::UserId.eq(user.as_str())).limit(references.len() as u64);
        let rows = all.all(connection).await.map_err(failed)?;
        if rows.len() < references.len() {
            return rows.into_iter().map(KnownTag::try_from).collect();
        }
    }
    let mut tags = Vec::new();
    for references in references.chunks(CHUNK) {
        let named = Condition::any()
            .add(Column::TagId.is_in(references.iter().map(AsRef::<str>::as_ref)))
            .add(Column::Name.is_in(references.iter().map(AsRef::<str>::as_ref)));
        let rows = Entity::find()
            .filter(Column::UserId.eq(user.as_str()))
            .filter(named)
            .all(connection)
            .await
            .map_err(failed)?;
        for row in rows {
            tags.push(KnownTag::try_from(row)?);
        }
    }
    Ok(tags)
}
