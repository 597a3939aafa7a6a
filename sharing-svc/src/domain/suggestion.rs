//! Suggestions: what an owner should look at in the shares with one person.

use types::{SuggestionKind, Timestamp, UNUSED_DAYS, UsesAreCounted};

use super::{Scope, ShareId, UserId, access::PersonAccess};

/// Something that an owner should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Why.
    pub kind: SuggestionKind,
    /// The person with whom something is shared.
    pub person: UserId,
    /// The share; `None`: all shares with the person.
    pub share: Option<ShareId>,
}

impl Suggestion {
    /// The suggestion, for a person to read.
    pub fn text(&self) -> String {
        let person = &self.person;
        match self.kind {
            SuggestionKind::Unused => {
                format!(
                    "`{person}` has not used what you share with them for {UNUSED_DAYS} days; you can stop sharing it"
                )
            }
            SuggestionKind::NeverExpires => format!("your share with `{person}` never ends; you can give it an end"),
            SuggestionKind::ExposesEverything => {
                format!(
                    "your share with `{person}` covers everything; you can end it, or narrow it to some tags or nodes"
                )
            }
        }
    }
}

/// What the owner should look at in the shares with one person. `last_used_at`: when the person last used them, if that is known; `counted`:
/// whether uses are known.
pub fn suggestions(
    access: &PersonAccess,
    last_used_at: Option<Timestamp>,
    counted: UsesAreCounted,
    now: Timestamp,
) -> Vec<Suggestion> {
    let suggestion = |kind, share| Suggestion { kind, person: access.user.clone(), share };
    let mut found = Vec::new();
    if access.since().is_some_and(|since| counted.is_unused(since, last_used_at, now)) {
        found.push(suggestion(SuggestionKind::Unused, None));
    }
    for share in access.chains.iter().map(super::access::Chain::share).filter(|share| share.creator == share.owner) {
        if share.terms.expires_at.is_none() {
            found.push(suggestion(SuggestionKind::NeverExpires, Some(share.id)));
        }
        if share.terms.scope == Scope::All {
            found.push(suggestion(SuggestionKind::ExposesEverything, Some(share.id)));
        }
    }
    found
}
