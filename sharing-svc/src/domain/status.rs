//! Status of a share at a given time, with the shares above it taken into account.

use std::collections::HashSet;

use types::{Timestamp, UniqueVec};

use super::{Scope, Share, Terms, access::Chain};

/// Status of a share at a given time. Computed from its chain and the clock; no task has to run for a share to expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Neither it nor a share above it was revoked or has expired.
    Active,
    /// Its expiry, or that of a share above it, has passed.
    Expired,
    /// It, or a share above it, was revoked.
    Revoked,
}

/// Why a share grants nothing. The first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InactiveReason {
    /// It was revoked.
    Revoked,
    /// A share above it was revoked.
    ParentRevoked,
    /// It has expired.
    Expired,
    /// A share above it has expired.
    ParentExpired,
    /// A share above it may not be re-shared any more.
    ParentCannotReshare,
}

/// A share with its status at a given time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareView {
    /// The share.
    pub share: Share,
    /// Its status.
    pub status: Status,
    /// When it, or the share above it that makes it revoked, was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Its effective terms; `None`: nothing.
    pub effective: Option<Terms>,
    /// A share above it narrows it.
    pub narrowed: bool,
    /// Why it grants nothing, unless the terms have nothing in common.
    pub inactive_reason: Option<InactiveReason>,
}

impl Chain {
    /// The share with its status at `now`.
    pub fn view(&self, now: Timestamp) -> ShareView {
        let inactive_reason = self.inactive_reason(now);
        let (terms, is_narrower) = self.effective_terms();
        let ended_above = match inactive_reason {
            Some(
                InactiveReason::ParentRevoked | InactiveReason::ParentExpired | InactiveReason::ParentCannotReshare,
            ) => true,
            Some(InactiveReason::Revoked | InactiveReason::Expired) | None => false,
        };
        ShareView {
            share: self.share().clone(),
            status: self.status(now),
            revoked_at: self.links().find_map(|link| link.revoked_at),
            effective: terms.filter(|_| inactive_reason.is_none()),
            narrowed: is_narrower || ended_above,
            inactive_reason,
        }
    }

    /// The status of the share at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        if self.is_revoked() {
            Status::Revoked
        } else if self.until().is_some_and(|end| end <= now) {
            Status::Expired
        } else {
            Status::Active
        }
    }

    /// Whether the share or one above it was revoked, which is final.
    pub fn is_revoked(&self) -> bool {
        self.links().any(|link| link.revoked_at.is_some())
    }

    /// Why the share grants nothing at `now`.
    pub fn inactive_reason(&self, now: Timestamp) -> Option<InactiveReason> {
        let share = self.share();
        if share.revoked_at.is_some() {
            Some(InactiveReason::Revoked)
        } else if self.is_revoked() {
            Some(InactiveReason::ParentRevoked)
        } else if share.has_expired(now) {
            Some(InactiveReason::Expired)
        } else if self.above().any(|link| link.has_expired(now)) {
            Some(InactiveReason::ParentExpired)
        } else if self.above().any(|link| !link.terms.rights.share) {
            Some(InactiveReason::ParentCannotReshare)
        } else {
            None
        }
    }

    /// The effective terms of a share, and whether they are narrower than its own. `None`: nothing is left.
    fn effective_terms(&self) -> (Option<Terms>, bool) {
        let own = &self.share().terms;
        let rights = self.above().fold(own.rights, |rights, link| {
            // `can_share` is the share's own; that of the links above is what permits it to exist.
            rights.intersection(link.terms.rights)
        });
        let expires_at = self.until();
        let mut scope = Some(own.scope.clone());
        let mut is_exact = true;
        for link in self.above() {
            match scope.as_ref().map(|scope| scope.intersection(&link.terms.scope)) {
                Some(Intersection::Scope(narrower)) => scope = Some(narrower),
                Some(Intersection::Nothing) => scope = None,
                Some(Intersection::Inexpressible) => is_exact = false,
                None => {}
            }
        }
        if !is_exact && scope.is_some() {
            // The intersection is not a scope: the share's own scope, narrowed.
            scope = Some(own.scope.clone());
        }
        let narrowed = rights != own.rights
            || expires_at != own.expires_at
            || !is_exact
            || scope.as_ref().is_none_or(|scope| scope.canonical() != own.scope.canonical());
        let terms = scope.filter(|_| !rights.is_nothing()).map(|scope| Terms { scope, rights, expires_at });
        (terms, narrowed)
    }
}

/// The intersection of two scopes.
enum Intersection {
    /// This scope.
    Scope(Scope),
    /// No node.
    Nothing,
    /// No single scope: nodes with a tag of each of two lists, for example.
    Inexpressible,
}

impl Scope {
    fn intersection(&self, other: &Self) -> Intersection {
        if self.wider_than(other).is_none() {
            return Intersection::Scope(self.clone());
        }
        if other.wider_than(self).is_none() {
            return Intersection::Scope(other.clone());
        }
        match (self, other) {
            (Self::Nodes(nodes), Self::Nodes(others)) => {
                let others: HashSet<_> = others.iter().collect();
                let common: Vec<_> = nodes.iter().filter(|node| others.contains(node)).cloned().collect();
                if common.is_empty() {
                    Intersection::Nothing
                } else {
                    Intersection::Scope(Self::Nodes(UniqueVec::new(common)))
                }
            }
            (Self::All | Self::Tags(_) | Self::Nodes(_) | Self::Graph(_), _) => Intersection::Inexpressible,
        }
    }
}
