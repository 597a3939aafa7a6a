//! Tags.

use anyhow::Context;

use crate::{
    domain::{KnownTag, TagId, TagText},
    error::Error,
    storage::entity::tag::Model,
};

impl TryFrom<Model> for KnownTag {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let Model { user_id: _, tag_id, name } = row;
        known_tag(tag_id, name.as_deref())
    }
}

/// A tag by the columns of its row.
pub(in crate::storage) fn known_tag(id: String, name: Option<&str>) -> Result<KnownTag, Error> {
    let read = || anyhow::Ok(KnownTag { id: TagId::parse(id)?, name: name.map(TagText::parse).transpose()? });
    read().context("the row of a tag cannot be read").map_err(Error::Internal)
}
