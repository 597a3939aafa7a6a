//! A share that is imported: as another system, or a backup, had it.

use types::{FieldErrors, Timestamp};

use super::{MAX_CHAIN, Rights, Scope, ScopeKind, Share, ShareId, Source, Terms, UserId, access::Chain};

/// A share to be imported, not validated yet.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the contract's share")]
#[expect(clippy::struct_excessive_bools, reason = "four independent flags are what a share is")]
pub struct ImportedShare {
    pub id: String,
    pub owner_id: String,
    pub shared_with_user_id: String,
    pub shared_by_user_id: String,
    pub scope: Option<ScopeKind>,
    pub tag_ids: Vec<String>,
    pub node_ids: Vec<String>,
    pub can_read: bool,
    pub can_write: bool,
    pub can_delete: bool,
    pub can_share: bool,
    pub expires_at: Option<Timestamp>,
    pub is_of_follow: bool,
    pub parent_share_id: Option<String>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub version: i64,
    /// Errors of the conversion from protobuf.
    pub unreadable: FieldErrors,
}

/// The highest version of an imported share: it rises with each change.
const MAX_VERSION: i64 = 1 << 53;

impl ImportedShare {
    /// The share, below the parent that it names. The error is a sentence.
    pub fn parse(self, parent: Option<&Chain>, now: Timestamp) -> Result<Share, String> {
        if !self.unreadable.is_empty() {
            return Err(self.unreadable.first());
        }
        let id =
            ShareId::parse(&self.id).filter(|id| !id.0.is_nil()).ok_or("id must be a UUID, and not the nil UUID")?;
        if self.version > MAX_VERSION {
            return Err(format!("version must be at most {MAX_VERSION}"));
        }
        let user = |text: String, field: &str| UserId::parse(text).map_err(|error| format!("{field} {error}"));
        let owner = user(self.owner_id, "owner_id")?;
        let recipient = user(self.shared_with_user_id, "shared_with_user_id")?;
        let creator = user(self.shared_by_user_id, "shared_by_user_id")?;
        if recipient == owner {
            return Err("shared_with_user_id must be another user than the owner".to_owned());
        }
        if self.is_of_follow {
            return Err("source must not be follow: the service that owns follows creates these".to_owned());
        }
        let kind = self.scope.ok_or("scope is required")?;
        let mut errors = FieldErrors::new();
        let scope = Scope::parse(kind, self.tag_ids, self.node_ids, &mut errors);
        let scope = scope.filter(|_| errors.is_empty()).ok_or_else(|| errors.first())?;
        let rights =
            Rights { read: self.can_read, write: self.can_write, delete: self.can_delete, share: self.can_share };
        if rights.is_nothing() {
            return Err("can_read, can_write, can_delete or can_share must be true".to_owned());
        }
        let created_at = self.created_at.ok_or("created_at is required")?;
        let updated_at = self.updated_at.unwrap_or(created_at);
        for (field, time) in
            [("created_at", Some(created_at)), ("updated_at", Some(updated_at)), ("revoked_at", self.revoked_at)]
        {
            if time.is_some_and(|time| time > now) {
                return Err(format!("{field} must not be in the future"));
            }
        }
        let terms = Terms { scope, rights, expires_at: self.expires_at };
        let source = match (parent, self.parent_share_id) {
            (None, None) if creator == owner => Source::Direct,
            (None, None) => {
                return Err("shared_by_user_id must be the owner, or parent_share_id is required".to_owned());
            }
            (None, Some(_)) => {
                return Err("parent_share_id names no share of this owner; send parents first".to_owned());
            }
            (Some(parent), _) => {
                check_below(parent, &owner, &creator, &recipient, &terms)?;
                let share = parent.share();
                Source::Reshare { ancestors: share.ancestors().iter().copied().chain([share.id]).collect() }
            }
        };
        Ok(Share {
            id,
            owner,
            recipient,
            creator,
            terms,
            source,
            revoked_at: self.revoked_at,
            ended_at: self.revoked_at,
            created_at,
            updated_at,
            version: self.version.max(1),
            created_version: 0,
        })
    }
}

fn check_below(
    parent: &Chain,
    owner: &UserId,
    creator: &UserId,
    recipient: &UserId,
    terms: &Terms,
) -> Result<(), String> {
    let share = parent.share();
    if share.owner != *owner {
        return Err("parent_share_id names a share of another owner".to_owned());
    }
    if share.recipient != *creator {
        return Err("shared_by_user_id must be the recipient of the parent share".to_owned());
    }
    if share.depth() >= MAX_CHAIN {
        return Err(format!("parent_share_id names a share that was re-shared {} times already", MAX_CHAIN - 1));
    }
    if parent.links().any(|link| link.recipient == *recipient) {
        return Err("shared_with_user_id is on the chain of the parent share already".to_owned());
    }
    let mut errors = FieldErrors::new();
    terms.validate_within_parent(&share.terms, None, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors.first()) }
}

impl Share {
    /// Whether an import of `self` changes nothing where `stored` is: they differ in what the store alone keeps at most.
    pub fn equals_imported(&self, stored: &Self) -> bool {
        let Self { ended_at, created_version, .. } = stored;
        *stored == Self { ended_at: *ended_at, created_version: *created_version, ..self.clone() }
    }
}
