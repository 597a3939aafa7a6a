//! The response to a creation, as it is stored under an idempotency key.

use serde::{Deserialize, Serialize};

use super::entity::Model;
use crate::{
    domain::{Share, ShareView, Status},
    error::Error,
};

/// A share in its first response under an idempotency key.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredResponse {
    share: Model,
    effective: StoredEffective,
}

/// The effective terms of a share at its creation.
#[derive(Serialize, Deserialize)]
enum StoredEffective {
    Own,
    Narrowed(Box<Model>),
    Nothing,
}

impl From<&ShareView> for StoredResponse {
    fn from(view: &ShareView) -> Self {
        let effective = match &view.effective {
            Some(terms) if *terms == view.share.terms => StoredEffective::Own,
            Some(terms) => {
                let narrowed = Share { terms: terms.clone(), ..view.share.clone() };
                StoredEffective::Narrowed(Box::new(Model::from(&narrowed)))
            }
            None => StoredEffective::Nothing,
        };
        Self { share: Model::from(&view.share), effective }
    }
}

impl StoredResponse {
    /// The share as it stood when it was created.
    pub(super) fn into_view(self) -> Result<ShareView, Error> {
        let share = Share::try_from(self.share)?;
        let (effective, narrowed) = match self.effective {
            StoredEffective::Own => (Some(share.terms.clone()), false),
            StoredEffective::Narrowed(terms) => (Some(Share::try_from(*terms)?.terms), true),
            StoredEffective::Nothing => (None, true),
        };
        Ok(ShareView { share, status: Status::Active, revoked_at: None, effective, narrowed, inactive_reason: None })
    }
}
