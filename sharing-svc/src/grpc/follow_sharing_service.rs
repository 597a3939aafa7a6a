//! `FollowSharingService`: the share of a follow.

use grpc_server::{Role, peer_origin};
use ofself_proto::sharing::{
    GrantFollowShareRequest, GrantFollowShareResponse, RevokeFollowShareRequest, RevokeFollowShareResponse,
    follow_sharing_service_server::FollowSharingService,
};
use service::consistency::Stamped;
use tonic::{Request, Response, Status};

use super::{change::change, convert::share as convert};
use crate::operations::Sharing;

pub(super) struct FollowSharingRpc {
    sharing: Sharing,
}

impl FollowSharingRpc {
    pub(super) fn new(sharing: Sharing) -> Self {
        Self { sharing }
    }
}

#[tonic::async_trait]
impl FollowSharingService for FollowSharingRpc {
    async fn grant_follow_share(
        &self,
        request: Request<GrantFollowShareRequest>,
    ) -> Result<Response<GrantFollowShareResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Service);
        let draft = convert::follow_draft(request.into_inner());
        let sharing = self.sharing.clone();
        let Stamped { value: (answer, created), stamp } =
            change(async move { sharing.grant_follow_share(draft, origin).await }).await?;
        let (share, written_at) = (Some(convert::share(answer)), self.sharing.token(stamp));
        Ok(Response::new(GrantFollowShareResponse { share, created, written_at }))
    }

    async fn revoke_follow_share(
        &self,
        request: Request<RevokeFollowShareRequest>,
    ) -> Result<Response<RevokeFollowShareResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Service);
        let RevokeFollowShareRequest { follow_id } = request.into_inner();
        let sharing = self.sharing.clone();
        let Stamped { value, stamp } =
            change(async move { sharing.revoke_follow_share(follow_id, origin).await }).await?;
        let (share, written_at) = (value.map(convert::share), self.sharing.token(stamp));
        Ok(Response::new(RevokeFollowShareResponse { share, written_at }))
    }
}
