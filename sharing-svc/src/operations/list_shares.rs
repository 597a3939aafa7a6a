//! `ListOutgoingShares` and `ListIncomingShares`.

use vocabulary::{FieldErrors, Page, PageRequest};

use super::{Answer, Sharing};
use crate::{domain::UserId, error::Error, storage::ShareFilter};

/// Which page of which shares.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ListShares {
    pub limit: Option<i32>,
    pub offset: Option<i64>,
    pub is_active: Option<bool>,
}

impl Sharing {
    /// The shares of `owner`'s data, re-shares by others included.
    pub async fn list_outgoing_shares(&self, owner: &UserId, list: ListShares) -> Result<Page<Answer>, Error> {
        let (filter, page) = list.parse()?;
        let as_of = self.clock.now();
        let shares = self.store.shares_of_owner(owner, filter, as_of, page).await?;
        Ok(shares.map(|share| Answer { share, as_of }))
    }

    /// The shares that `recipient` received.
    pub async fn list_incoming_shares(&self, recipient: &UserId, list: ListShares) -> Result<Page<Answer>, Error> {
        let (filter, page) = list.parse()?;
        let as_of = self.clock.now();
        let shares = self.store.shares_to_recipient(recipient, filter, as_of, page).await?;
        Ok(shares.map(|share| Answer { share, as_of }))
    }
}

impl ListShares {
    fn parse(self) -> Result<(ShareFilter, PageRequest), Error> {
        let mut errors = FieldErrors::new();
        let page = PageRequest::parse(self.limit, self.offset, &mut errors);
        let filter = match self.is_active {
            None => ShareFilter::Any,
            Some(true) => ShareFilter::Active,
            Some(false) => ShareFilter::Inactive,
        };
        errors.into_result((filter, page)).map_err(Error::Invalid)
    }
}
