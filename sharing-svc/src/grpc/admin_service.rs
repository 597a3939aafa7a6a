//! `SharingAdminService`: recorded changes, for operators.

use ofself_proto::sharing::{
    EraseUserRequest, EraseUserResponse, ListShareEventsRequest, ListShareEventsResponse,
    sharing_admin_service_server::SharingAdminService,
};
use tonic::{Request, Response, Status};

use super::{convert::event, status::status};
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

    async fn erase_user(&self, _: Request<EraseUserRequest>) -> Result<Response<EraseUserResponse>, Status> {
        Err(Status::unimplemented("users cannot be erased yet"))
    }
}
