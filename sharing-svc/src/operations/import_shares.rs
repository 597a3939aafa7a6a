//! `ImportShares`: shares as another system had them. Resumable: what is there and equal counts as imported.

use types::{Origin, Timestamp};

use super::Sharing;
use crate::{
    domain::{ImportedShare, ShareId, UserId},
    error::Error,
    storage::ShareChange,
};

/// Shares of one owner that one change writes.
const SLICE: usize = 200;
/// Refused shares that are named.
const MAX_NAMED: usize = 1_000;

/// A share that was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedShare {
    /// Its position in the stream, from 0.
    pub position: i64,
    /// Why.
    pub reason: String,
}

/// The result of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Shares that are there now.
    pub imported: i64,
    /// The first refused ones.
    pub refused: Vec<RefusedShare>,
    /// How many were refused.
    pub refused_total: i64,
    /// The position of the next share.
    position: i64,
}

impl Imported {
    fn refuse(&mut self, reason: String) {
        self.refused_total += 1;
        if self.refused.len() < MAX_NAMED {
            self.refused.push(RefusedShare { position: self.position, reason });
        }
    }
}

impl Sharing {
    /// Imports shares, in their order, and adds to `result`. Slices of one owner are committed together.
    pub async fn import_shares(
        &self,
        shares: Vec<ImportedShare>,
        result: &mut Imported,
        origin: &Origin,
    ) -> Result<(), Error> {
        let mut rest = shares.into_iter().peekable();
        while let Some(first) = rest.peek() {
            let owner_id = first.owner_id.clone();
            let mut slice = Vec::new();
            while slice.len() < SLICE
                && let Some(share) = rest.next_if(|share| share.owner_id == owner_id)
            {
                slice.push(share);
            }
            match UserId::parse(owner_id) {
                Ok(owner) => self.import_slice(&owner, slice, result, origin).await?,
                Err(error) => {
                    for _ in slice {
                        result.refuse(format!("owner_id {error}"));
                        result.position += 1;
                    }
                }
            }
        }
        Ok(())
    }

    async fn import_slice(
        &self,
        owner: &UserId,
        shares: Vec<ImportedShare>,
        result: &mut Imported,
        origin: &Origin,
    ) -> Result<(), Error> {
        let change = self.store.begin_import(owner, origin.clone()).await?;
        let now = self.clock.now();
        change.raise_owner(owner, now).await?;
        let mut created = 0;
        for share in shares {
            match self.import_share(&change, owner, share, now).await? {
                Ok(is_new) => {
                    result.imported += 1;
                    created += usize::from(is_new);
                }
                Err(reason) => result.refuse(reason),
            }
            result.position += 1;
        }
        // Without an event the version is not raised.
        if created > 0 { change.commit(None).await } else { Ok(()) }
    }

    /// `true`: it was created; `false`: it was there.
    async fn import_share(
        &self,
        change: &ShareChange,
        owner: &UserId,
        share: ImportedShare,
        now: Timestamp,
    ) -> Result<Result<bool, String>, Error> {
        let parent = match share.parent_share_id.as_deref().and_then(ShareId::parse) {
            Some(parent) => change.chain(owner, parent).await?,
            None => None,
        };
        let share = match share.parse(parent.as_ref(), now) {
            Ok(share) => share,
            Err(reason) => return Ok(Err(reason)),
        };
        if self.refuse_erased_in(&share).is_err() {
            return Ok(Err("it names a person who is being erased".to_owned()));
        }
        if let Some(stored) = change.chain(owner, share.id).await? {
            let is_equal = share.equals_imported(stored.share());
            return Ok(if is_equal { Ok(false) } else { Err("another share has this id".to_owned()) });
        }
        if change.is_share_of_another(owner, share.id).await? {
            return Ok(Err("a share of another owner has this id".to_owned()));
        }
        change.insert_imported(&share, now).await?;
        if let Some(parent) = share.parent() {
            change.sweep_below(owner, parent).await?;
        }
        Ok(Ok(true))
    }
}
