//! Quotas of a change: checked against usage that includes it; ended rows are marked before it is rejected.

use metrics::{counter, describe_counter};
use types::Timestamp;

use super::Sharing;
use crate::{
    domain::{MAX_PARENTS_PER_PAIR, QuotaExceeded, Share, UsageKind},
    error::Error,
    storage::{EndedRows, FIRST, PlannedUsage, ShareChange, Siblings},
};

const REJECTIONS: &str = "share_quota_rejections_total";

/// Describes the metrics. To be called once, before the first is counted.
pub(super) fn describe() {
    describe_counter!(REJECTIONS, "Changes of shares that a quota rejected, by quota");
}

impl Sharing {
    /// Rejects `share`, which `usage` counts, if a quota is exceeded. Ended shares that are not marked yet are marked first: they
    /// must not count.
    pub(super) async fn check_quotas(
        &self,
        change: &ShareChange,
        share: &Share,
        usage: impl IntoIterator<Item = impl Into<PlannedUsage>>,
        now: Timestamp,
    ) -> Result<(), Error> {
        for PlannedUsage { kind, total, unwritten } in usage.into_iter().map(Into::into) {
            if self.quotas.check(kind, total).is_ok() {
                continue;
            }
            let marked = self.mark_dead(change, share, kind, now).await?;
            let counted = if marked == 0 { total } else { change.usage(share, kind).await?.plus(unwritten) };
            self.quotas.check(kind, counted).map_err(|exceeded| self.rejection(exceeded, share))?;
        }
        Ok(())
    }

    /// Rejects a re-share whose recipient's re-shares have too many different parents.
    pub(super) async fn check_parents(
        &self,
        change: &ShareChange,
        share: &Share,
        siblings: Siblings,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut parents = siblings.parents;
        if parents >= MAX_PARENTS_PER_PAIR && self.mark_dead(change, share, UsageKind::Reshared, now).await? > 0 {
            parents = change.siblings(share, now).await?.parents;
        }
        if parents < MAX_PARENTS_PER_PAIR { Ok(()) } else { Err(self.rejection(QuotaExceeded::Parents, share)) }
    }

    /// Marks dead rows among those that `kind` counts together with `share`.
    async fn mark_dead(
        &self,
        change: &ShareChange,
        share: &Share,
        kind: UsageKind,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let at = now.min(self.store.server_time(&self.clock).await?);
        let owner = &share.owner;
        // A dry run does not hold the owner's row yet, and marks are written under it.
        change.lock_owner(owner).await?;
        match kind {
            UsageKind::Own | UsageKind::Reshared => {
                change.mark(owner, EndedRows::Recipient(&share.recipient), at).await
            }
            UsageKind::Created => change.mark(owner, EndedRows::Creator(&share.creator), at).await,
            UsageKind::OwnTotal | UsageKind::ResharedTotal => {
                let mut marked = change.mark(owner, EndedRows::Expired, at).await?;
                for swept in change.shares_to_sweep(owner).await? {
                    if marked > 0 {
                        break;
                    }
                    marked = change.mark(owner, EndedRows::Below(swept, FIRST), at).await?;
                }
                Ok(marked)
            }
            UsageKind::Ended => Ok(0),
        }
    }

    fn rejection(&self, exceeded: QuotaExceeded, share: &Share) -> Error {
        counter!(REJECTIONS, "quota" => exceeded.name()).increment(1);
        Error::Invalid(self.quotas.explain(exceeded, share))
    }
}
