//! The requested update of a share.

use types::{FieldErrors, FieldUpdate, Timestamp};

use super::{
    Rights, Scope, ScopeKind, Share, Terms,
    draft::{validate_expiry, validate_some_right},
};

/// The requested update of a share, not validated yet.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ShareChanges {
    pub scope: FieldUpdate<ScopeKind>,
    pub tag_ids: FieldUpdate<Vec<String>>,
    pub node_ids: FieldUpdate<Vec<String>>,
    pub can_read: FieldUpdate<bool>,
    pub can_write: FieldUpdate<bool>,
    pub can_delete: FieldUpdate<bool>,
    pub can_share: FieldUpdate<bool>,
    pub expires_at: FieldUpdate<Timestamp>,
    /// Errors of the conversion from protobuf.
    pub unreadable: FieldErrors,
}

impl ShareChanges {
    /// The terms of `share` after these changes, validated against its parent.
    pub fn apply(self, share: &Share, parent: Option<&Terms>, now: Timestamp) -> Result<Terms, FieldErrors> {
        let mut errors = self.unreadable;
        let current = &share.terms;
        let kind = required(self.scope, current.scope.kind(), "scope", "must name a scope", &mut errors);
        let stays = kind == current.scope.kind();
        let tag_ids = ids(self.tag_ids, stays, || current.scope.tag_ids());
        let node_ids = ids(self.node_ids, stays, || current.scope.node_ids());
        let scope = Scope::parse(kind, tag_ids, node_ids, &mut errors);

        let mut flag = |edit, current, field| required(edit, current, field, "must be true or false", &mut errors);
        let rights = Rights {
            read: flag(self.can_read, current.rights.read, "can_read"),
            write: flag(self.can_write, current.rights.write, "can_write"),
            delete: flag(self.can_delete, current.rights.delete, "can_delete"),
            share: flag(self.can_share, current.rights.share, "can_share"),
        };
        validate_some_right(rights, &mut errors);

        // A response can be sent back, also after the share has expired.
        if let FieldUpdate::Set(end) = &self.expires_at
            && current.expires_at != Some(*end)
        {
            validate_expiry(Some(*end), now, &mut errors);
        }
        let expires_at = self.expires_at.over(current.expires_at);
        let Some(scope) = scope else { return Err(errors) };
        let terms = Terms { scope, rights, expires_at };
        if let Some(parent) = parent {
            terms.validate_within_parent(parent, Some(current), &mut errors);
        }
        errors.into_result(terms)
    }
}

fn required<T>(edit: FieldUpdate<T>, current: T, field: &str, must: &str, errors: &mut FieldErrors) -> T {
    match edit {
        FieldUpdate::Keep => current,
        FieldUpdate::Set(value) => value,
        FieldUpdate::Clear => {
            errors.add_unless_known(field, must);
            current
        }
    }
}

/// The ids of the update; otherwise the current ones, if the kind of scope stays.
fn ids(edit: FieldUpdate<Vec<String>>, scope_stays: bool, current: impl FnOnce() -> Vec<String>) -> Vec<String> {
    match edit {
        FieldUpdate::Set(ids) => ids,
        FieldUpdate::Keep if scope_stays => current(),
        FieldUpdate::Keep | FieldUpdate::Clear => Vec::new(),
    }
}
