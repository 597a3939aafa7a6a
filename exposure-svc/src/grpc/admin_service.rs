//! `ExposureAdminService`: recorded changes, erasure and export, for operators.

use futures_core::stream::BoxStream;
use ofself_proto::exposure::{
    EraseUserRequest, EraseUserResponse, ExportUserRequest, ExportUserResponse, ListProfileEventsRequest,
    ListProfileEventsResponse, exposure_admin_service_server::ExposureAdminService,
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::{
    change::change,
    convert::{erasure, event},
    status::status,
};
use crate::{operations::Exposure, storage::StoredRows};

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

    async fn erase_user(&self, request: Request<EraseUserRequest>) -> Result<Response<EraseUserResponse>, Status> {
        let EraseUserRequest { user_id } = request.into_inner();
        let exposure = self.exposure.clone();
        let (StoredRows { profiles, grants, tags }, state) =
            change(async move { exposure.erase_user(user_id).await }).await?;
        let state = erasure::state(state);
        Ok(Response::new(EraseUserResponse {
            erased_profiles: profiles,
            erased_grants: grants,
            erased_tags: tags,
            state: state.into(),
        }))
    }

    type ExportUserStream = BoxStream<'static, Result<ExportUserResponse, Status>>;

    async fn export_user(
        &self,
        request: Request<ExportUserRequest>,
    ) -> Result<Response<Self::ExportUserStream>, Status> {
        let pieces = self.exposure.export_user(request.into_inner().user_id).map_err(status)?;
        let pieces = ReceiverStream::new(pieces);
        Ok(Response::new(Box::pin(pieces.map(|piece| match piece {
            Ok(chunk) => Ok(ExportUserResponse { chunk }),
            Err(error) => Err(status(error)),
        }))))
    }
}
