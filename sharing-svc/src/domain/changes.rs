//! What an update asks of a share.

use types::{Edit, FieldErrors, Instant};

use super::{
    Rights, Scope, ScopeKind, Share, Terms,
    draft::{refuse_nothing, refuse_past},
};

/// What an update asks of a share: nothing is checked yet.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ShareChanges {
    pub scope: Edit<ScopeKind>,
    pub tag_ids: Edit<Vec<String>>,
    pub node_ids: Edit<Vec<String>>,
    pub can_read: Edit<bool>,
    pub can_write: Edit<bool>,
    pub can_delete: Edit<bool>,
    pub can_share: Edit<bool>,
    pub expires_at: Edit<Instant>,
    /// What could not even be read.
    pub unreadable: FieldErrors,
}

impl ShareChanges {
    /// The terms of `share` after these changes, held to those of the share it was passed on from.
    pub fn apply(self, share: &Share, parent: Option<&Terms>, now: Instant) -> Result<Terms, FieldErrors> {
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
        refuse_nothing(rights, &mut errors);

        if let Edit::Set(end) = &self.expires_at {
            refuse_past(Some(*end), now, &mut errors);
        }
        let expires_at = self.expires_at.over(current.expires_at);
        let Some(scope) = scope else { return Err(errors) };
        let terms = Terms { scope, rights, expires_at };
        if let Some(parent) = parent {
            terms.refuse_wider_than(parent, Some(current), &mut errors);
        }
        errors.into_result(terms)
    }
}

fn required<T>(edit: Edit<T>, current: T, field: &str, must: &str, errors: &mut FieldErrors) -> T {
    match edit {
        Edit::Keep => current,
        Edit::Set(value) => value,
        Edit::Clear => {
            errors.add_unless_known(field, must);
            current
        }
    }
}

/// Ids that the update brings; else those that stand, if the scope they belong to stays.
fn ids(edit: Edit<Vec<String>>, scope_stays: bool, current: impl FnOnce() -> Vec<String>) -> Vec<String> {
    match edit {
        Edit::Set(ids) => ids,
        Edit::Keep if scope_stays => current(),
        Edit::Keep | Edit::Clear => Vec::new(),
    }
}
