//! The tag directory in the database.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set, sea_query::OnConflict};

use super::{
    ProfileChange, Store,
    entity::tag::{ActiveModel, Column, Entity},
    failed,
};
use crate::{
    domain::{KnownTag, TagDirectory, TagId, UserId},
    error::Error,
};

/// Rows a statement names at most, well below what either database takes.
const CHUNK: usize = 500;

impl Store {
    /// What is known of `user`'s tags.
    pub async fn tags_of(&self, user: &UserId) -> Result<TagDirectory, Error> {
        tags_of(self.database.reader(), user).await
    }
}

impl ProfileChange {
    /// What is known of `user`'s tags.
    pub async fn tags_of(&self, user: &UserId) -> Result<TagDirectory, Error> {
        tags_of(self.connection(), user).await
    }

    /// Learns tags, or new names of known ones; of a tag that is named twice, the last counts.
    pub async fn upsert_tags(&self, user: &UserId, tags: Vec<KnownTag>) -> Result<(), Error> {
        for tag in tags {
            let row = ActiveModel {
                user_id: Set(user.to_string()),
                tag_id: Set(tag.id.to_string()),
                name: Set(tag.name.as_str().to_owned()),
            };
            let renamed = OnConflict::columns([Column::UserId, Column::TagId]).update_column(Column::Name).to_owned();
            Entity::insert(row).on_conflict(renamed).exec_without_returning(self.connection()).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Forgets tags.
    pub async fn delete_tags(&self, user: &UserId, tags: &[TagId]) -> Result<(), Error> {
        for tags in tags.chunks(CHUNK) {
            Entity::delete_many()
                .filter(Column::UserId.eq(user.as_str()))
                .filter(Column::TagId.is_in(tags.iter().map(TagId::as_str)))
                .exec(self.connection())
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

async fn tags_of(connection: &impl ConnectionTrait, user: &UserId) -> Result<TagDirectory, Error> {
    let rows = Entity::find().filter(Column::UserId.eq(user.as_str())).all(connection).await.map_err(failed)?;
    let tags = rows.into_iter().map(KnownTag::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(TagDirectory::new(tags))
}
