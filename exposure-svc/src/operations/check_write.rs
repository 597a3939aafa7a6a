//! `CheckWrite`: the decision on a write of an app.

use std::collections::HashSet;

use service::consistency::{Freshness, Stamp};

use super::{DecidedBy, Exposure, NO_GRANT, Subject};
use crate::{
    domain::{
        AppId, TagDirectory, TagId, TagRef, TagText, UserId,
        exposure::{NodeFacts, TagFacts, WriteDecision, WriteVerb, check_write},
    },
    error::Error,
};

/// The decision on a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckWrite {
    /// Whether it may, and why not.
    pub decision: WriteDecision,
    /// The basis of the decision.
    pub decided_by: DecidedBy,
    /// The user's version that it was computed from.
    pub stamp: Stamp,
}

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
        freshness: &Freshness,
    ) -> Result<CheckWrite, Error> {
        let applied = self.applied_profile(user, &Subject::App(app.clone()), freshness).await?;
        self.count_use(user, &app, &applied, 0, 0);
        let decided_by = applied.decided_by();
        let no_grant = || CheckWrite {
            decision: WriteDecision::Refused { reason: NO_GRANT.to_owned(), tag: None, schema: None },
            decided_by: DecidedBy::NoGrant,
            stamp: applied.stamp.clone(),
        };
        let Some(profile) = &applied.profile else { return Ok(no_grant()) };
        let references: HashSet<_> = before.into_iter().chain(after).flat_map(references).collect();
        let tags = self.store.of(user).tags(&references).await?;
        // It may have expired during the lookup of the tags.
        if !self.still_applies(&applied) {
            return Ok(no_grant());
        }
        let (before_tags, after_tags) = (before.map(|node| known(node, &tags)), after.map(|node| known(node, &tags)));
        let before_tags = before_tags.as_deref().map(borrowed);
        let after_tags = after_tags.as_deref().map(borrowed);
        let described = before;
        let before = before.zip(before_tags.as_deref()).map(|(node, tags)| NodeFacts { tags, ..*node });
        let after = after.zip(after_tags.as_deref()).map(|(node, tags)| NodeFacts { tags, ..*node });
        let decision = check_write(&profile.rules, profile.is_active, verb, described, before.as_ref(), after.as_ref());
        // The directory was read later: it is at least as new.
        Ok(CheckWrite { decision, decided_by, stamp: applied.stamp })
    }
}

/// The lookup keys of a node's tags: the id, or the name of a tag without an id.
fn references(node: &NodeFacts<'_>) -> Vec<TagRef> {
    let reference = |tag: &TagFacts<'_>| {
        if tag.id.is_empty() { TagRef::parse(&tag.name).ok() } else { TagId::parse(tag.id).ok().map(TagRef::id) }
    };
    node.tags.iter().filter_map(reference).collect()
}

/// The tags of a node as the directory knows them: what a tag is called is not for the app to say, which would call a tag by
/// the name of one that it may use. A name that several tags carry means all of them: it is no new tag. A tag that the directory
/// does not know is taken as it comes.
fn known(node: &NodeFacts<'_>, directory: &TagDirectory) -> Vec<(String, String)> {
    let each = node.tags.iter().flat_map(|tag| {
        let name = tag.name.as_ref();
        if let Ok(id) = TagId::parse(tag.id) {
            let name = directory.name_of(&id).map_or(name, TagText::as_str);
            return vec![(tag.id.to_owned(), name.to_owned())];
        }
        let ids = TagText::parse(name).ok().map_or_else(Vec::new, |text| directory.ids_named(&text).to_vec());
        if ids.is_empty() {
            return vec![(String::new(), name.to_owned())];
        }
        ids.iter().map(|id| (id.to_string(), name.to_owned())).collect()
    });
    each.collect()
}

fn borrowed(tags: &[(String, String)]) -> Vec<TagFacts<'_>> {
    tags.iter().map(|(id, name)| TagFacts::new(id, name)).collect()
}
