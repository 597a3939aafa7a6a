//! `ExposureAdminService`: recorded changes, for operators.

use ofself_proto::exposure::{
    EraseUserRequest, EraseUserResponse, ListProfileEventsRequest, ListProfileEventsResponse,
    exposure_admin_service_server::ExposureAdminService,
};
use tonic::{Request, Response, Status};

use super::{convert::event, status::status};
use crate::operations::Exposure;

pub(super) struct ExposureAdminRpc {
    exposure: Exposure,
}

impl ExposureAdminRpc {
    pub(super) fn new(exposure: Exposure) -> Self {
        Self { exposure }
    }
}

#[tonic::async_trait]
impl ExposureAdminService for ExposureAdminRpc {
    async fn list_profile_events(
        &self,
        request: Request<ListProfileEventsRequest>,
    ) -> Result<Response<ListProfileEventsResponse>, Status> {
        let list = event::list(request.into_inner());
        let (events, next) = self.exposure.list_profile_events(list).await.map_err(status)?;
        let events = events.into_iter().map(event::event).collect();
        Ok(Response::new(ListProfileEventsResponse { events, next_page_token: next.unwrap_or_default() }))
    }

    async fn erase_user(&self, _: Request<EraseUserRequest>) -> Result<Response<EraseUserResponse>, Status> {
        Err(Status::unimplemented("users cannot be erased yet"))
    }
}
