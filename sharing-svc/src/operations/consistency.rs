//! Consistency tokens of sharing.

use service::consistency::{ConsistencyToken, Demand, Freshness, Stamp, TokenOf};
use types::Timestamp;

use super::Sharing;
use crate::{domain::UserId, error::Error};

impl Sharing {
    /// What tokens demand of an answer about `owner`.
    pub(super) fn demand(&self, freshness: &Freshness, owner: &UserId) -> Demand {
        freshness.demand(TokenOf::Sharing, self.store.feed().epoch(), owner.as_str())
    }

    /// The token of a stamp; empty without one.
    pub fn token(&self, stamp: Option<Stamp>) -> String {
        let token = |stamp| ConsistencyToken { of: TokenOf::Sharing, epoch: self.store.feed().epoch(), stamp };
        stamp.map(|stamp| token(stamp).to_string()).unwrap_or_default()
    }

    /// Checks that the database has every version that these tokens name. What is read afterwards is as fresh.
    pub async fn require(&self, freshness: &Freshness) -> Result<(), Error> {
        let epoch = self.store.feed().epoch();
        for owner in freshness.owners(TokenOf::Sharing, epoch) {
            let version = self.store.owner_version(owner).await?;
            freshness.demand(TokenOf::Sharing, epoch, owner).check(version)?;
        }
        Ok(())
    }
}

/// The stamp of `owner`'s data at `version`.
pub(super) fn stamp(owner: &UserId, version: i64, time: Timestamp) -> Stamp {
    Stamp { owner: owner.to_string(), version, time }
}
