//! The terms of a share, and the order in which a re-share may only narrow them.

use types::{FieldErrors, Timestamp};

use super::{Rights, Scope};

/// The terms of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// On which nodes.
    pub scope: Scope,
    /// The flags; at least one is set.
    pub rights: Rights,
    /// The expiry; `None`: never.
    pub expires_at: Option<Timestamp>,
}

impl Terms {
    /// Whether these terms grant more than `other` in any field.
    pub fn is_wider_than(&self, other: &Self) -> bool {
        let mut wider = FieldErrors::new();
        self.validate_within_parent(other, None, &mut wider);
        !wider.is_empty()
    }

    /// Names each field by which these terms grant more than `parent` does. The one place where narrowing is decided, for
    /// a share that is made and for one that is changed.
    ///
    /// Of a share that is changed, what stays as it was `before` is not held against the change: its parent may have been
    /// narrowed since, which bounds it at every decision, and taking a right away must never be refused for another.
    pub fn validate_within_parent(&self, parent: &Self, before: Option<&Self>, errors: &mut FieldErrors) {
        let had = before.map(|before| before.rights.flags());
        for (index, ((field, granted), (_, held))) in
            self.rights.flags().into_iter().zip(parent.rights.flags()).enumerate()
        {
            let had_it = had.and_then(|had| had.get(index).copied()).is_some_and(|(_, had)| had);
            if granted && !held && !had_it {
                errors.add_unless_known(field, "must be false: the parent share does not grant it");
            }
        }
        let outlives = match (self.expires_at, parent.expires_at) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(end), Some(parent_end)) => end > parent_end,
        };
        if outlives && before.is_none_or(|before| before.expires_at != self.expires_at) {
            errors.add_unless_known("expires_at", "must not be later than that of the parent share");
        }
        if before.is_none_or(|before| before.scope != self.scope)
            && let Some((field, must)) = self.scope.wider_than(&parent.scope)
        {
            errors.add_unless_known(field, must);
        }
    }
}

impl Scope {
    /// Whether this scope reaches beyond `other`.
    pub fn is_wider_than(&self, other: &Self) -> bool {
        self.wider_than(other).is_some()
    }

    /// The field by which this scope exceeds `parent`, and the error.
    pub(super) fn wider_than(&self, parent: &Self) -> Option<(&'static str, &'static str)> {
        const TAGS: (&str, &str) = ("tag_ids", "must be among those of the parent share");
        const NODES: (&str, &str) = ("node_ids", "must be among those of the parent share");
        const SCOPE: (&str, &str) = ("scope", "must be within that of the parent share");
        match (self, parent) {
            (_, Self::All) => None,
            (Self::Tags(tags), Self::Tags(held)) => (!tags.is_subset(held)).then_some(TAGS),
            (Self::Nodes(nodes), Self::Nodes(held) | Self::Graph(held)) | (Self::Graph(nodes), Self::Graph(held)) => {
                (!nodes.is_subset(held)).then_some(NODES)
            }
            (Self::All | Self::Graph(_), Self::Tags(_) | Self::Nodes(_))
            | (Self::All | Self::Tags(_), Self::Graph(_))
            | (Self::Tags(_), Self::Nodes(_))
            | (Self::Nodes(_), Self::Tags(_)) => Some(SCOPE),
        }
    }
}

#[cfg(test)]
mod tests {
    use types::{Id, UniqueVec};

    use super::*;

    fn ids<Kind>(names: &[&str]) -> UniqueVec<Id<Kind>> {
        UniqueVec::new(names.iter().map(|name| Id::parse(*name).unwrap()).collect())
    }

    fn wrong(child: &Terms, parent: &Terms) -> String {
        let mut errors = FieldErrors::new();
        child.validate_within_parent(parent, None, &mut errors);
        errors.iter().map(|(path, _)| path).collect::<Vec<_>>().join(" ")
    }

    fn terms(scope: Scope) -> Terms {
        Terms { scope, rights: Rights::READ_ONLY, expires_at: None }
    }

    #[test]
    fn every_pair_of_scopes_is_within_or_rejected() {
        let scopes = [
            Scope::All,
            Scope::Tags(ids(&["a", "b"])),
            Scope::Tags(ids(&["a"])),
            Scope::Nodes(ids(&["a", "b"])),
            Scope::Nodes(ids(&["a"])),
            Scope::Graph(ids(&["a", "b"])),
            Scope::Graph(ids(&["a"])),
        ];
        // Rows: the parent; columns: the child; both in the order above.
        let expected = [
            ["", "", "", "", "", "", ""],
            ["scope", "", "", "scope", "scope", "scope", "scope"],
            ["scope", "tag_ids", "", "scope", "scope", "scope", "scope"],
            ["scope", "scope", "scope", "", "", "scope", "scope"],
            ["scope", "scope", "scope", "node_ids", "", "scope", "scope"],
            ["scope", "scope", "scope", "", "", "", ""],
            ["scope", "scope", "scope", "node_ids", "", "node_ids", ""],
        ];
        for (parent, row) in scopes.iter().zip(expected) {
            for (child, expected) in scopes.iter().zip(row) {
                assert_eq!(wrong(&terms(child.clone()), &terms(parent.clone())), expected, "{child:?} of {parent:?}");
            }
        }
    }

    #[test]
    fn unchanged_fields_are_not_compared_with_the_parent() {
        let at = |seconds| Some(Timestamp::from_parts(seconds, 0).unwrap());
        let parent = Terms { expires_at: at(10), ..terms(Scope::Tags(ids(&["a"]))) };
        let both = Rights { write: true, ..Rights::READ_ONLY };
        let before = Terms { rights: both, ..terms(Scope::Tags(ids(&["a", "b"]))) };
        let wrong = |after: &Terms| {
            let mut errors = FieldErrors::new();
            after.validate_within_parent(&parent, Some(&before), &mut errors);
            errors.iter().map(|(path, _)| path).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(wrong(&Terms { rights: Rights::READ_ONLY, ..before.clone() }), "");
        assert_eq!(wrong(&Terms { expires_at: at(11), ..before.clone() }), "expires_at");
        assert_eq!(wrong(&Terms { scope: Scope::All, ..before.clone() }), "scope");
        let deletes = Rights { delete: true, ..both };
        assert_eq!(wrong(&Terms { rights: deletes, ..before.clone() }), "can_delete");
    }

    #[test]
    fn flags_and_expiry_are_limited_by_the_parent() {
        let at = |seconds| Some(Timestamp::from_parts(seconds, 0).unwrap());
        let everything = Rights { read: true, write: true, delete: true, share: true };
        let parent = Terms { expires_at: at(10), ..terms(Scope::All) };
        let child = Terms { rights: everything, expires_at: at(11), ..terms(Scope::All) };
        assert_eq!(wrong(&child, &parent), "can_delete can_share can_write expires_at");
        assert_eq!(wrong(&Terms { expires_at: None, ..terms(Scope::All) }, &parent), "expires_at");
        assert_eq!(wrong(&parent, &parent), "");
    }
}
