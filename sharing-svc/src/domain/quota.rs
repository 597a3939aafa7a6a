//! Quotas: how many shares, and how many ids in them, may count at once.
//!
//! Every decision about two people reads all shares between them, so each (owner, recipient) has two budgets: one for the
//! owner's own shares and follows, and one for all re-shares together. Re-shares never use the first, so what others create
//! cannot keep an owner from sharing.

use types::FieldErrors;

use super::{Scope, Share, Source, UserId};

/// Shares above which the re-shares to one recipient hang at most, so that a decision reads a bounded number of chains.
pub const MAX_PARENTS_PER_PAIR: i64 = 64;

/// The quotas in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Each of the two budgets of an (owner, recipient).
    pub pair: Usage,
    /// Re-shares of one owner's nodes by one creator.
    pub reshares_per_creator: i64,
    /// Shares of one owner: own shares, and separately all re-shares.
    pub shares_per_owner: i64,
}

/// A number of shares and ids, used or allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many.
    pub shares: i64,
    /// Ids that they name.
    pub ids: i64,
    /// Bytes that these ids take.
    pub id_bytes: i64,
}

/// The key of a usage counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageKind {
    /// The owner's own shares and follows to one recipient.
    Own,
    /// Re-shares to one recipient.
    Reshared,
    /// Re-shares by one creator.
    Created,
    /// All own shares and follows of an owner.
    OwnTotal,
    /// All re-shares of an owner's nodes.
    ResharedTotal,
    /// Ended shares that one creator left, in bytes of their rows.
    Ended,
}

/// Which quota a share would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaExceeded {
    /// The number of shares counted by this kind.
    Shares(UsageKind),
    /// The ids, or their bytes, counted by this kind.
    Ids(UsageKind),
    /// The re-shares to the recipient hang below too many different shares.
    Parents,
}

impl UsageKind {
    const ALL: [Self; 6] = [Self::Own, Self::Reshared, Self::Created, Self::OwnTotal, Self::ResharedTotal, Self::Ended];

    /// Its name in the store and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Reshared => "reshared",
            Self::Created => "created",
            Self::OwnTotal => "own_total",
            Self::ResharedTotal => "reshared_total",
            Self::Ended => "ended",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl QuotaExceeded {
    /// Its name in metrics.
    pub fn name(self) -> String {
        match self {
            Self::Shares(kind) => format!("{}_shares", kind.name()),
            Self::Ids(kind) => format!("{}_ids", kind.name()),
            Self::Parents => "reshared_parents".to_owned(),
        }
    }
}

impl Usage {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { shares: self.shares + other.shares, ids: self.ids + other.ids, id_bytes: self.id_bytes + other.id_bytes }
    }

    /// The usage of one share: its own ids, without those of the shares above it.
    pub fn of(share: &Share) -> Self {
        let ids = share.terms.scope.ids();
        let id_bytes: usize = ids.clone().map(|id| id.len() + 3).sum();
        Self {
            shares: 1,
            ids: i64::try_from(ids.count()).unwrap_or(i64::MAX),
            id_bytes: i64::try_from(id_bytes).unwrap_or(i64::MAX),
        }
    }
}

impl Share {
    /// The users whose counters include this share while it has not ended.
    pub fn usage_keys(&self) -> Vec<(UsageKind, UserId)> {
        match self.source {
            Source::Direct | Source::Follow { .. } => {
                vec![(UsageKind::Own, self.recipient.clone()), (UsageKind::OwnTotal, self.owner.clone())]
            }
            Source::Reshare { .. } => vec![
                (UsageKind::Reshared, self.recipient.clone()),
                (UsageKind::Created, self.creator.clone()),
                (UsageKind::ResharedTotal, self.owner.clone()),
            ],
        }
    }
}

impl Quotas {
    /// Checks usage that counts the share already.
    pub fn check(&self, kind: UsageKind, usage: Usage) -> Result<(), QuotaExceeded> {
        let most_shares = match kind {
            UsageKind::Own | UsageKind::Reshared => self.pair.shares,
            UsageKind::Created => self.reshares_per_creator,
            UsageKind::OwnTotal | UsageKind::ResharedTotal => self.shares_per_owner,
            UsageKind::Ended => i64::MAX,
        };
        if usage.shares > most_shares {
            return Err(QuotaExceeded::Shares(kind));
        }
        let is_pair = matches!(kind, UsageKind::Own | UsageKind::Reshared);
        if is_pair && (usage.ids > self.pair.ids || usage.id_bytes > self.pair.id_bytes) {
            return Err(QuotaExceeded::Ids(kind));
        }
        Ok(())
    }

    /// What to tell the caller who wants `share`. What others share must not show: whatever a re-share meets that is not of the
    /// creator's own making is refused in the same words.
    pub fn explain(&self, exceeded: QuotaExceeded, share: &Share) -> FieldErrors {
        let mut errors = FieldErrors::new();
        match exceeded {
            QuotaExceeded::Shares(UsageKind::Own) => errors.add(
                "shared_with_user_id",
                format!("has {} active shares of yours already; change or revoke one of them", self.pair.shares),
            ),
            QuotaExceeded::Shares(UsageKind::OwnTotal) => errors.add(
                "shared_with_user_id",
                format!("cannot be added: you have {} active shares already; revoke some", self.shares_per_owner),
            ),
            QuotaExceeded::Shares(UsageKind::Created) => errors.add(
                "parent_share_id",
                format!(
                    "names data of which you have {} active re-shares already; revoke some",
                    self.reshares_per_creator
                ),
            ),
            QuotaExceeded::Ids(UsageKind::Own) => {
                let field = match share.terms.scope {
                    Scope::Tags(_) => "tag_ids",
                    Scope::All | Scope::Nodes(_) | Scope::Graph(_) => "node_ids",
                };
                let Usage { ids, id_bytes, .. } = self.pair;
                let must = format!(
                    "makes your active shares with this person name more than {ids} ids or {id_bytes} bytes of ids; name fewer, \
                     or revoke one"
                );
                errors.add(field, must);
            }
            QuotaExceeded::Shares(UsageKind::Reshared | UsageKind::ResharedTotal | UsageKind::Ended)
            | QuotaExceeded::Ids(
                UsageKind::Reshared
                | UsageKind::Created
                | UsageKind::OwnTotal
                | UsageKind::ResharedTotal
                | UsageKind::Ended,
            )
            | QuotaExceeded::Parents => return cannot_receive(),
        }
        errors
    }
}

/// The error of a re-share that its recipient cannot receive, whatever the reason.
pub(super) fn cannot_receive() -> FieldErrors {
    let mut errors = FieldErrors::new();
    errors.add("shared_with_user_id", "cannot receive this re-share");
    errors
}
