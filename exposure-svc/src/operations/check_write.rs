//! `CheckWrite`: may an app make this change?

use std::collections::HashSet;

use super::{Exposure, Subject};
use crate::{
    domain::{
        AppId, TagDirectory, TagRef, UserId,
        exposure::{NodeFacts, TagFacts, WriteDecision, WriteVerb, check_write},
    },
    error::Error,
};

impl Exposure {
    /// Whether `app` may do `verb` to a node of `user`'s that is `before` and would be `after`. A tag without an id is one by
    /// its name: the tag that the directory knows by it, else a new one.
    pub async fn check_write(
        &self,
        user: &UserId,
        app: AppId,
        verb: WriteVerb,
        before: Option<&NodeFacts<'_>>,
        after: Option<&NodeFacts<'_>>,
    ) -> Result<WriteDecision, Error> {
        let Some(profile) = self.applied_profile(user, &Subject::App(app)).await?.profile else {
            return Ok(WriteDecision::Refused {
                reason: "the app has no access grant that counts".to_owned(),
                tag: None,
                schema: None,
            });
        };
        let names: HashSet<_> = before.into_iter().chain(after).flat_map(nameless).collect();
        let tags = if names.is_empty() { TagDirectory::default() } else { self.store.tags_of(user, &names).await? };
        let (before_tags, after_tags) = (before.map(|node| known(node, &tags)), after.map(|node| known(node, &tags)));
        let before_tags = before_tags.as_deref().map(borrowed);
        let after_tags = after_tags.as_deref().map(borrowed);
        let before = before.zip(before_tags.as_deref()).map(|(node, tags)| NodeFacts { tags, ..*node });
        let after = after.zip(after_tags.as_deref()).map(|(node, tags)| NodeFacts { tags, ..*node });
        let is_new = |tag: &TagFacts<'_>| tag.id.is_empty();
        Ok(check_write(&profile.rules, profile.is_active, verb, before.as_ref(), after.as_ref(), is_new))
    }
}

/// The names of tags that come without an id.
fn nameless(node: &NodeFacts<'_>) -> Vec<TagRef> {
    let without_id = node.tags.iter().filter(|tag| tag.id.is_empty());
    without_id.filter_map(|tag| TagRef::parse(tag.name.to_owned()).ok()).collect()
}

/// The tags of a node, with the ids that the directory knows for names that come without one.
fn known(node: &NodeFacts<'_>, tags: &TagDirectory) -> Vec<(String, String)> {
    let each = node.tags.iter().map(|tag| {
        let resolved = || TagRef::parse(tag.name.to_owned()).ok().and_then(|name| tags.resolve(&name));
        match (tag.id.is_empty()).then(resolved).flatten() {
            Some((id, name)) => (id.to_string(), name.as_str().to_owned()),
            None => (tag.id.to_owned(), tag.name.to_owned()),
        }
    });
    each.collect()
}

fn borrowed(tags: &[(String, String)]) -> Vec<TagFacts<'_>> {
    tags.iter().map(|(id, name)| TagFacts { id, name }).collect()
}
