//! `ListOutgoingShares` and `ListIncomingShares`.

use types::{FieldErrors, Page, PageRequest};

use super::Sharing;
use crate::{
    domain::{ShareView, UserId},
    error::Error,
    storage::{ShareFilter, ShareList},
};

/// Which page of which shares.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ListShares {
    pub limit: Option<i32>,
    pub offset: Option<i64>,
    pub is_active: Option<bool>,
}

impl Sharing {
    /// What `user` granted: the shares of their data, re-shares by others included, and the re-shares that they created of other
    /// people's data.
    pub async fn list_outgoing_shares(&self, user: &UserId, list: ListShares) -> Result<Page<ShareView>, Error> {
        self.list_shares(ShareList::Outgoing(user), list).await
    }

    /// The shares that `recipient` received.
    pub async fn list_incoming_shares(&self, recipient: &UserId, list: ListShares) -> Result<Page<ShareView>, Error> {
        self.list_shares(ShareList::Incoming(recipient), list).await
    }

    async fn list_shares(&self, of: ShareList<'_>, list: ListShares) -> Result<Page<ShareView>, Error> {
        let (filter, page) = list.parse()?;
        let now = self.clock.now();
        Ok(self.store.shares(of, filter, now, page).await?.map(|chain| chain.view(now)))
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
