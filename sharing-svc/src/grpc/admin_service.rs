//! `SharingAdminService`: recorded changes and erasure, for operators.

use ofself_proto::sharing::{
    self as wire, EraseUserRequest, EraseUserResponse, ListShareEventsRequest, ListShareEventsResponse,
    sharing_admin_service_server::SharingAdminService,
};
use service::erasure::ErasureState;
use tonic::{Request, Response, Status};

use super::{change::change, convert::event, status::status};
use crate::operations::Sharing;

pub(super) struct SharingAdminRpc {
    sharing: Sharing,
}

impl SharingAdminRpc {
    pub(super) fn new(sharing: Sharing) -> Self {
        Self { sharing }
    }
}

#[tonic::async_trait]
impl SharingAdminService for SharingAdminRpc {
    async fn list_share_events(
        &self,
        request: Request<ListShareEventsRequest>,
    ) -> Result<Response<ListShareEventsResponse>, Status> {
        let list = event::list(request.into_inner());
        let (events, next) = self.sharing.list_share_events(list).await.map_err(status)?;
        let events = events.into_iter().map(event::event).collect();
        Ok(Response::new(ListShareEventsResponse { events, next_page_token: next.unwrap_or_default() }))
    }

    async fn erase_user(&self, request: Request<EraseUserRequest>) -> Result<Response<EraseUserResponse>, Status> {
        let EraseUserRequest { user_id } = request.into_inner();
        let sharing = self.sharing.clone();
        let (erased_shares, state) = change(async move { sharing.erase_user(user_id).await }).await?;
        let state = match state {
            ErasureState::Pending => wire::ErasureState::Pending,
            ErasureState::Revoked => wire::ErasureState::Revoked,
            ErasureState::Erased => wire::ErasureState::Erased,
        };
        Ok(Response::new(EraseUserResponse { erased_shares, state: state.into() }))
    }
}
