//! The user on whose behalf the gateway calls.

use service::consistency::Freshness;
use tonic::{Status, metadata::MetadataMap};

use super::status::status;
use crate::{domain::UserId, error::Error, operations::Sharing};

/// The acting user of a call, once the database has every version that the request names.
pub(super) async fn acting_user(sharing: &Sharing, metadata: &MetadataMap) -> Result<UserId, Status> {
    let user = grpc_server::acting_user(metadata)?;
    let freshness = Freshness::of_request(metadata).map_err(|errors| status(Error::Invalid(errors)))?;
    sharing.require(&freshness).await.map_err(status)?;
    Ok(user)
}
