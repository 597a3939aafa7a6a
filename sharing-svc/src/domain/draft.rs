//! A requested share, and a validated one.

use types::{FieldErrors, Id, Timestamp};

use super::{FollowId, Rights, Scope, ScopeKind, Share, Terms, UserId};

/// A requested share, not validated yet.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ShareDraft {
    pub shared_with_user_id: String,
    pub scope: Option<ScopeKind>,
    pub tag_ids: Vec<String>,
    pub node_ids: Vec<String>,
    pub can_read: Option<bool>,
    pub can_write: Option<bool>,
    pub can_delete: Option<bool>,
    pub can_share: Option<bool>,
    pub expires_at: Option<Timestamp>,
    pub parent_share_id: Option<String>,
    /// Errors of the conversion from protobuf.
    pub unreadable: FieldErrors,
}

/// A share whose own fields are valid.
#[derive(Clone, Debug)]
pub struct NewShare {
    /// The recipient.
    pub recipient: UserId,
    /// Its terms.
    pub terms: Terms,
    /// The requested parent id.
    pub parent: Option<String>,
}

/// The share of a follow, as requested by the service that owns follows.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct FollowDraft {
    pub follow_id: String,
    pub owner_id: String,
    pub follower_id: String,
    pub scope: Option<ScopeKind>,
    pub tag_ids: Vec<String>,
    pub node_ids: Vec<String>,
    /// Errors of the conversion from protobuf.
    pub unreadable: FieldErrors,
}

impl ShareDraft {
    /// Checks every field on its own, for a share that `creator` creates at `now`.
    pub fn parse(self, creator: &UserId, now: Timestamp) -> Result<NewShare, FieldErrors> {
        let mut errors = self.unreadable;
        let recipient = parse_user(self.shared_with_user_id, "shared_with_user_id", &mut errors);
        if recipient.as_ref() == Some(creator) {
            errors.add("shared_with_user_id", "must be another user");
        }
        let scope = self.scope.map(|kind| Scope::parse(kind, self.tag_ids, self.node_ids, &mut errors));
        if scope.is_none() {
            errors.add_unless_known("scope", "is required");
        }
        let rights = Rights {
            read: self.can_read.unwrap_or(true),
            write: self.can_write.unwrap_or(false),
            delete: self.can_delete.unwrap_or(false),
            share: self.can_share.unwrap_or(false),
        };
        validate_some_right(rights, &mut errors);
        validate_expiry(self.expires_at, now, &mut errors);
        if let Some(Err(error)) = self.parent_share_id.as_deref().map(Id::<Share>::parse) {
            errors.add("parent_share_id", error.to_string());
        }
        match (recipient, scope.flatten()) {
            (Some(recipient), Some(scope)) => errors.into_result(NewShare {
                recipient,
                terms: Terms { scope, rights, expires_at: self.expires_at },
                parent: self.parent_share_id,
            }),
            _ => Err(errors),
        }
    }
}

impl FollowDraft {
    /// Checks every field. A follow lets its follower read and nothing else.
    pub fn parse(self) -> Result<(FollowId, UserId, NewShare), FieldErrors> {
        let mut errors = self.unreadable;
        let follow = FollowId::parse(self.follow_id).map_err(|error| errors.add("follow_id", error.to_string())).ok();
        let owner = parse_user(self.owner_id, "owner_id", &mut errors);
        let recipient = parse_user(self.follower_id, "follower_id", &mut errors);
        if owner.is_some() && owner == recipient {
            errors.add("follower_id", "must be another user than the owner");
        }
        let kind = self.scope.unwrap_or(ScopeKind::All);
        let scope = Scope::parse(kind, self.tag_ids, self.node_ids, &mut errors);
        match (follow, owner, recipient, scope) {
            (Some(follow), Some(owner), Some(recipient), Some(scope)) => {
                let terms = Terms { scope, rights: Rights::READ_ONLY, expires_at: None };
                errors.into_result((follow, owner, NewShare { recipient, terms, parent: None }))
            }
            _ => Err(errors),
        }
    }
}

fn parse_user(text: String, field: &'static str, errors: &mut FieldErrors) -> Option<UserId> {
    if text.is_empty() {
        errors.add_unless_known(field, "is required");
        return None;
    }
    UserId::parse(text).map_err(|error| errors.add(field, error.to_string())).ok()
}

pub(super) fn validate_some_right(rights: Rights, errors: &mut FieldErrors) {
    let known = rights.flags().iter().any(|(field, _)| errors.names(field));
    if rights.is_nothing() && !known {
        errors.add("can_read", "or one of can_write, can_delete and can_share must be true");
    }
}

pub(super) fn validate_expiry(expires_at: Option<Timestamp>, now: Timestamp, errors: &mut FieldErrors) {
    if expires_at.is_some_and(|end| end <= now) {
        errors.add_unless_known("expires_at", "must be in the future");
    }
}
