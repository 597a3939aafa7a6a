//! `AppAccessService`: which app is bound to which profile.

use grpc_server::{Role, peer_origin};
use ofself_proto::exposure::{
    GetAppAccessRequest, GetAppAccessResponse, GrantAppAccessRequest, GrantAppAccessResponse, ListAppAccessRequest,
    ListAppAccessResponse, RevokeAppAccessRequest, RevokeAppAccessResponse, UpdateAppAccessRequest,
    UpdateAppAccessResponse, app_access_service_server::AppAccessService,
};
use tonic::{Request, Response, Status};

use super::{change::change, convert::access, status::status};
use crate::operations::{Exposure, ListAppAccess};

pub(super) struct AppAccessRpc {
    exposure: Exposure,
}

impl AppAccessRpc {
    pub(super) fn new(exposure: Exposure) -> Self {
        Self { exposure }
    }
}

#[tonic::async_trait]
impl AppAccessService for AppAccessRpc {
    async fn grant_app_access(
        &self,
        request: Request<GrantAppAccessRequest>,
    ) -> Result<Response<GrantAppAccessResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Service);
        let draft = access::draft(request.into_inner());
        let exposure = self.exposure.clone();
        let granted = change(async move { exposure.grant_app_access(draft, origin).await }).await?;
        let (access, written_at) = (Some(access::access(granted.value)), self.exposure.token(granted.stamp));
        Ok(Response::new(GrantAppAccessResponse { access, written_at }))
    }

    async fn update_app_access(
        &self,
        request: Request<UpdateAppAccessRequest>,
    ) -> Result<Response<UpdateAppAccessResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Service);
        let UpdateAppAccessRequest { user_id, app_id, profile_id, expires_at, update_mask } = request.into_inner();
        let edits = access::edits(&profile_id, expires_at, update_mask);
        let exposure = self.exposure.clone();
        let updated = change(async move { exposure.update_app_access(user_id, app_id, edits, origin).await }).await?;
        let (access, written_at) = (Some(access::access(updated.value)), self.exposure.token(updated.stamp));
        Ok(Response::new(UpdateAppAccessResponse { access, written_at }))
    }

    async fn revoke_app_access(
        &self,
        request: Request<RevokeAppAccessRequest>,
    ) -> Result<Response<RevokeAppAccessResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Service);
        let RevokeAppAccessRequest { user_id, app_id } = request.into_inner();
        let exposure = self.exposure.clone();
        let revoked = change(async move { exposure.revoke_app_access(user_id, app_id, origin).await }).await?;
        let (access, written_at) = (revoked.value.map(access::access), self.exposure.token(revoked.stamp));
        Ok(Response::new(RevokeAppAccessResponse { access, written_at }))
    }

    async fn get_app_access(
        &self,
        request: Request<GetAppAccessRequest>,
    ) -> Result<Response<GetAppAccessResponse>, Status> {
        let GetAppAccessRequest { user_id, app_id } = request.into_inner();
        let found = self.exposure.get_app_access(user_id, app_id).await.map_err(status)?;
        Ok(Response::new(GetAppAccessResponse { access: Some(access::access(found)) }))
    }

    async fn list_app_access(
        &self,
        request: Request<ListAppAccessRequest>,
    ) -> Result<Response<ListAppAccessResponse>, Status> {
        let ListAppAccessRequest { user_id, limit, offset, is_active } = request.into_inner();
        let list = ListAppAccess { limit, offset, is_active };
        let page = self.exposure.list_app_access(user_id, list).await.map_err(status)?;
        Ok(Response::new(access::listed(page)))
    }
}
