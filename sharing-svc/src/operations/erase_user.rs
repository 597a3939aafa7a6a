//! `EraseUser`: removes everything about a person. The request is recorded; upkeep carries it out.

use persistence::{Priority, VersionTable, usage_days::OtherParty};
use service::erasure::{ErasureState, ErasureSteps, Throttle};
use types::{FieldErrors, Origin, Timestamp};

use super::{Sharing, Upkeep};
use crate::{
    domain::{Share, ShareId, UserId},
    error::Error,
    storage::OWNERS,
};

/// Shares that one change revokes, so that it holds the owner's row for a short time.
const REVOKED_AT_ONCE: usize = 100;

impl Sharing {
    /// Requests the erasure of a person, and returns the number of shares about them and how far it is.
    pub async fn erase_user(&self, user: String) -> Result<(i64, ErasureState), Error> {
        let user = UserId::parse(user).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("user_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let shares = self.store.shares_about(&user).await?;
        // Whether it was requested is read first: with the last row about the person the request goes too.
        let erasure = match self.store.erasure_of(&user).await? {
            Some(erasure) => erasure,
            None if self.store.mentions(&user).await? => self.store.request_erasure(&user, self.clock.now()).await?,
            // Deleted, and perhaps still in the files.
            None if self.erased.contains(user.as_str()) => return Ok((0, ErasureState::Revoked)),
            None => return Ok((0, ErasureState::Erased)),
        };
        // It looks at every count: once is enough.
        if self.erased.add(user.as_str()) {
            self.usage.forget(user.as_str());
        }
        self.hints.erasure_requested();
        let state = if erasure.revoked_at.is_some() { ErasureState::Revoked } else { ErasureState::Pending };
        Ok((shares, state))
    }

    /// Refuses a change that names a person who is being erased.
    pub(super) fn refuse_erased<'a>(&self, users: impl IntoIterator<Item = &'a UserId>) -> Result<(), Error> {
        let is_named = users.into_iter().any(|user| self.erased.contains(user.as_str()));
        if is_named { Err(Error::UserBeingErased) } else { Ok(()) }
    }

    /// The same for everyone whom a share names.
    pub(super) fn refuse_erased_in(&self, share: &Share) -> Result<(), Error> {
        self.refuse_erased([&share.owner, &share.recipient, &share.creator])
    }
}

/// What one pass over the shares of a person has found and revoked.
#[derive(Default)]
struct Pass {
    found: usize,
    revoked: usize,
}

impl ErasureSteps for Upkeep {
    const VERSIONS: VersionTable = OWNERS;
    const OTHER_PARTY: OtherParty = OtherParty::Person;

    async fn time(&self) -> anyhow::Result<Timestamp> {
        Ok(self.marking_time().await?)
    }

    async fn revoke(&self, user: &str) -> anyhow::Result<usize> {
        let user = UserId::parse(user)?;
        let (mut revoked, mut was_without_effect) = (0, false);
        loop {
            let pass = self.revoke_all(&user).await?;
            if pass.found == 0 {
                return Ok(revoked);
            }
            anyhow::ensure!(pass.revoked > 0 || !was_without_effect, "shares below revoked ones are not marked");
            was_without_effect = pass.revoked == 0;
            revoked += pass.revoked;
            // What hangs below a revoked share has ended too.
            self.sweep(self.marking_time().await?).await?;
        }
    }

    async fn remove(&self, user: &str) -> anyhow::Result<()> {
        let user = UserId::parse(user)?;
        // Shares of others to the person, with everything below.
        loop {
            let shares = self.sharing.store.shares_to(&user).await?;
            if shares.is_empty() {
                break;
            }
            for (owner, share) in shares {
                self.erase_subtree(&owner, share).await?;
            }
        }
        self.sharing.store.erase_blocks_by(&user).await?;
        let mut throttle = Throttle::start();
        loop {
            throttle.wait().await;
            let change = self.hold(&user).await?;
            let erased = change.erase_leaves(&user).await?;
            let blocks = if erased == 0 { change.erase_blocks_of(&user).await? } else { 0 };
            if erased == 0 {
                change.erase_usage(&user).await?;
            }
            change.commit(None).await?;
            if erased + blocks == 0 {
                return Ok(());
            }
        }
    }
}

impl Upkeep {
    /// Revokes the shares of and to `user`: of their own data those that others hang below.
    async fn revoke_all(&self, user: &UserId) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        let mut after = None;
        loop {
            let shares = self.sharing.store.own_shares_to_revoke(user, after).await?;
            let Some((_, last)) = shares.last() else { break };
            after = Some(*last);
            self.revoke_slice(shares, &mut pass).await?;
        }
        let mut after = None;
        loop {
            let (shares, last) = self.sharing.store.received_shares_to_revoke(user, after).await?;
            if last.is_none() {
                return Ok(pass);
            }
            after = last;
            self.revoke_slice(shares, &mut pass).await?;
        }
    }

    async fn revoke_slice(&self, shares: Vec<(UserId, ShareId)>, pass: &mut Pass) -> Result<(), Error> {
        pass.found += shares.len();
        for (owner, shares) in super::upkeep::by_owner(shares) {
            for shares in shares.chunks(REVOKED_AT_ONCE) {
                let mut throttle = Throttle::start();
                pass.revoked += self.revoke_shares(&owner, shares).await?;
                throttle.wait().await;
            }
        }
        Ok(())
    }

    async fn revoke_shares(&self, owner: &UserId, shares: &[ShareId]) -> Result<usize, Error> {
        // A share that a stop has ended is revoked with it.
        self.carry_out_stops_of(owner).await?;
        let now = self.sharing.clock.now();
        let queued = Some((owner, Priority::First));
        let change = self.sharing.store.begin(queued, None, Origin::system()).await?;
        change.raise_owner(owner, now).await?;
        let mut revoked = 0;
        for share in shares {
            let Some(chain) = change.chain(owner, *share).await? else { continue };
            if !chain.is_revoked() {
                change.revoke(chain.share(), now).await?;
                revoked += 1;
            }
        }
        // Without an event the version is not raised.
        if revoked > 0 {
            change.commit(None).await?;
        }
        Ok(revoked)
    }

    /// Deletes a share of `owner` and every share below it, leaves first.
    async fn erase_subtree(&self, owner: &UserId, share: ShareId) -> Result<(), Error> {
        let mut throttle = Throttle::start();
        loop {
            let mut above = share;
            loop {
                let below = self.sharing.store.shares_below(owner, above).await?;
                let leaves = if below.is_empty() { vec![above] } else { below.clone() };
                let change = self.hold(owner).await?;
                let erased = change.erase(owner, &leaves).await?;
                change.commit(None).await?;
                throttle.wait().await;
                match (erased, below.first()) {
                    (_, None) if above == share => return Ok(()),
                    // All of these have shares below them.
                    (0, Some(first)) => above = *first,
                    (_, _) => break,
                }
            }
        }
    }
}
