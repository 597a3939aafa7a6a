//! Known tags.

use anyhow::Context;

use crate::{
    domain::{KnownTag, TagId, TagRef},
    error::Error,
    storage::entity::tag::Model,
};

impl TryFrom<Model> for KnownTag {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let Model { tag_id, name, .. } = row;
        let id = TagId::parse(tag_id).context("a tag's row cannot be read").map_err(Error::Internal)?;
        let name =
            name.map(TagRef::parse).transpose().context("a tag's row cannot be read").map_err(Error::Internal)?;
        Ok(Self { id, name })
    }
}
