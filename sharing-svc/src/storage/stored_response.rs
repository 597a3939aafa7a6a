//! The response to a creation, as it is stored under an idempotency key.

use serde::{Deserialize, Serialize};

use super::entity::Model;
use crate::{
    domain::{Share, ShareView, Status},
    error::Error,
};

/// A share in its first response under an idempotency key.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptAnswer {
    share: Model,
    effective: KeptEffective,
}

/// The effective terms of a share at its creation.
#[derive(Serialize, Deserialize)]
enum KeptEffective {
    Own,
    Narrowed(Box<Model>),
    Nothing,
}

impl From<&ShareView> for KeptAnswer {
    fn from(view: &ShareView) -> Self {
        let effective = match &view.effective {
            Some(terms) if *terms == view.share.terms => KeptEffective::Own,
            Some(terms) => {
                let narrowed = Share { terms: terms.clone(), ..view.share.clone() };
                KeptEffective::Narrowed(Box::new(Model::from(&narrowed)))
            }
            None => KeptEffective::Nothing,
        };
        Self { share: Model::from(&view.share), effective }
    }
}

impl KeptAnswer {
    /// The share as it stood when it was created.
    pub(super) fn into_view(self) -> Result<ShareView, Error> {
        let share = Share::try_from(self.share)?;
        let (effective, narrowed) = match self.effective {
            KeptEffective::Own => (Some(share.terms.clone()), false),
            KeptEffective::Narrowed(terms) => (Some(Share::try_from(*terms)?.terms), true),
            KeptEffective::Nothing => (None, true),
        };
        Ok(ShareView { share, status: Status::Active, revoked_at: None, effective, narrowed, inactive_reason: None })
    }
}
