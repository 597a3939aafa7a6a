//! `SharingService`: shares as their owners, creators and recipients handle them.

use grpc_server::user_origin;
use ofself_proto::sharing::{
    CreateShareRequest, CreateShareResponse, GetShareRequest, GetShareResponse, ListIncomingSharesRequest,
    ListIncomingSharesResponse, ListOutgoingSharesRequest, ListOutgoingSharesResponse, RevokeShareRequest,
    RevokeShareResponse, UpdateShareRequest, UpdateShareResponse, sharing_service_server::SharingService,
};
use service::{consistency::Stamped, idempotent_request};
use tonic::{Request, Response, Status};
use types::{ExpectedVersions, WriteMode};

use super::{acting_user::acting_user, change::change, convert::share as convert, status::status};
use crate::{
    error::Error,
    operations::{CreateShare, ListShares, Sharing, UpdateShare},
};

pub(super) struct SharingRpc {
    sharing: Sharing,
}

impl SharingRpc {
    pub(super) fn new(sharing: Sharing) -> Self {
        Self { sharing }
    }
}

#[tonic::async_trait]
impl SharingService for SharingRpc {
    async fn create_share(
        &self,
        request: Request<CreateShareRequest>,
    ) -> Result<Response<CreateShareResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let user = acting_user(&self.sharing, &metadata).await?;
        let repeatable = idempotent_request(&metadata, &user, "CreateShare", &message)
            .map_err(|errors| status(Error::Invalid(errors)))?;
        let (draft, mode) = convert::draft(message);
        let origin = user_origin(&metadata, &user);
        let sharing = self.sharing.clone();
        let done = change(async move { sharing.create_share(user, draft, mode, repeatable, origin).await }).await?;
        let Stamped { value, stamp } = done;
        let written_at = self.sharing.token(stamp);
        let (share, replayed) = match value {
            CreateShare::Created(answer) => (Some(convert::share(answer)), false),
            CreateShare::Replayed(answer) => (Some(convert::share(answer)), true),
            CreateShare::Validated => (None, false),
            CreateShare::WouldCreate(share) => (Some(convert::unsaved(share)), false),
        };
        Ok(Response::new(CreateShareResponse { share, replayed, written_at }))
    }

    async fn get_share(&self, request: Request<GetShareRequest>) -> Result<Response<GetShareResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let answer = self.sharing.get_share(&user, &request.get_ref().share_id).await.map_err(status)?;
        Ok(Response::new(GetShareResponse { share: Some(convert::share(answer)) }))
    }

    async fn list_outgoing_shares(
        &self,
        request: Request<ListOutgoingSharesRequest>,
    ) -> Result<Response<ListOutgoingSharesResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListOutgoingSharesRequest { limit, offset, is_active } = request.into_inner();
        let list = ListShares { limit, offset, is_active };
        let page = self.sharing.list_outgoing_shares(&user, list).await.map_err(status)?;
        Ok(Response::new(convert::outgoing(page)))
    }

    async fn list_incoming_shares(
        &self,
        request: Request<ListIncomingSharesRequest>,
    ) -> Result<Response<ListIncomingSharesResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListIncomingSharesRequest { limit, offset, is_active } = request.into_inner();
        let list = ListShares { limit, offset, is_active };
        let page = self.sharing.list_incoming_shares(&user, list).await.map_err(status)?;
        Ok(Response::new(convert::incoming(page)))
    }

    async fn update_share(
        &self,
        request: Request<UpdateShareRequest>,
    ) -> Result<Response<UpdateShareResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let UpdateShareRequest { share_id, share, update_mask, expected_versions, validate_only, dry_run } =
            request.into_inner();
        let update = UpdateShare {
            changes: convert::changes(share, update_mask),
            expected: ExpectedVersions::new(expected_versions),
            mode: WriteMode::new(validate_only, dry_run),
        };
        let is_dry_run = update.mode == WriteMode::DryRun;
        let sharing = self.sharing.clone();
        let Stamped { value, stamp } =
            change(async move { sharing.update_share(user, share_id, update, origin).await }).await?;
        let share = if is_dry_run { convert::unsaved(value) } else { convert::share(value) };
        Ok(Response::new(UpdateShareResponse { share: Some(share), written_at: self.sharing.token(stamp) }))
    }

    async fn revoke_share(
        &self,
        request: Request<RevokeShareRequest>,
    ) -> Result<Response<RevokeShareResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let RevokeShareRequest { share_id, expected_versions } = request.into_inner();
        let expected = ExpectedVersions::new(expected_versions);
        let sharing = self.sharing.clone();
        let Stamped { value, stamp } =
            change(async move { sharing.revoke_share(user, share_id, expected, origin).await }).await?;
        let (share, written_at) = (Some(convert::share(value)), self.sharing.token(stamp));
        Ok(Response::new(RevokeShareResponse { share, written_at }))
    }
}
