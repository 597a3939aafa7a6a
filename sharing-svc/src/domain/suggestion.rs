//! Suggestions: what an owner should look at in the shares with one person.

use std::time::Duration;

use types::Timestamp;

use super::{Scope, ShareId, UserId, access::PersonAccess};

/// Days without use after which a share is suggested to be ended.
pub const UNUSED_DAYS: i64 = 90;

/// Days after which an end is proposed.
const PROPOSED_DAYS: u64 = 365;

/// Why a suggestion is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionKind {
    /// What is shared with the person was not used for [`UNUSED_DAYS`].
    Unused,
    /// The owner's own share never ends.
    NeverExpires,
    /// The owner's own share covers every node.
    ExposesEverything,
}

/// Whether uses of the last [`UNUSED_DAYS`] are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsesAreCounted {
    /// They are.
    Yes,
    /// They are not kept, or were not counted, for so long.
    No,
}

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

impl SuggestionKind {
    /// The end that is proposed at `now` for what never ends.
    pub fn proposed_end(self, now: Timestamp) -> Option<Timestamp> {
        let end = now.utc() + Duration::from_hours(24 * PROPOSED_DAYS);
        match self {
            Self::NeverExpires => Timestamp::new(end).ok(),
            Self::Unused | Self::ExposesEverything => None,
        }
    }

    /// The suggestion, for a person to read.
    pub fn text(self, person: &UserId) -> String {
        match self {
            Self::Unused => {
                format!(
                    "`{person}` has not used what you share with them for {UNUSED_DAYS} days; you can stop sharing it"
                )
            }
            Self::NeverExpires => format!("your share with `{person}` never ends; you can give it an end"),
            Self::ExposesEverything => {
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
    let is_old = |time: Timestamp| (now.utc() - time.utc()).num_days() >= UNUSED_DAYS;
    let is_unused = access.since().is_some_and(is_old) && last_used_at.is_none_or(is_old);
    if counted == UsesAreCounted::Yes && is_unused {
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
