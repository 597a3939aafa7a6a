//! `SharingAdminService`: recorded changes, erasure, export and import, for operators.

use futures_core::stream::BoxStream;
use grpc_server::{Role, peer_origin};
use ofself_proto::sharing::{
    self as wire, EraseUserRequest, EraseUserResponse, ExportUserRequest, ExportUserResponse, ImportSharesRequest,
    ImportSharesResponse, ListShareEventsRequest, ListShareEventsResponse,
    sharing_admin_service_server::SharingAdminService,
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};
use types::{FieldErrors, MAX_LIST};

use super::{
    change::change,
    convert::{erasure, event, share as convert},
    status::{status, validated},
};
use crate::operations::{Imported, RefusedShare, Sharing};

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
        let state = erasure::state(state);
        Ok(Response::new(EraseUserResponse { erased_shares, state: state.into() }))
    }

    type ExportUserStream = BoxStream<'static, Result<ExportUserResponse, Status>>;

    async fn export_user(
        &self,
        request: Request<ExportUserRequest>,
    ) -> Result<Response<Self::ExportUserStream>, Status> {
        let pieces = self.sharing.export_user(request.into_inner().user_id).map_err(status)?;
        let pieces = ReceiverStream::new(pieces);
        Ok(Response::new(Box::pin(pieces.map(|piece| match piece {
            Ok(chunk) => Ok(ExportUserResponse { chunk }),
            Err(error) => Err(status(error)),
        }))))
    }

    async fn import_shares(
        &self,
        request: Request<Streaming<ImportSharesRequest>>,
    ) -> Result<Response<ImportSharesResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Operator);
        let mut messages = request.into_inner();
        let mut result = Imported::default();
        while let Some(ImportSharesRequest { shares }) = messages.message().await? {
            let mut errors = FieldErrors::new();
            if shares.len() > MAX_LIST {
                errors.add("shares", format!("must hold at most {MAX_LIST} entries"));
            }
            validated(Some(()), errors)?;
            let shares = shares.into_iter().map(convert::imported).collect();
            let (sharing, origin) = (self.sharing.clone(), origin.clone());
            result = change(async move {
                sharing.import_shares(shares, &mut result, &origin).await?;
                Ok(result)
            })
            .await?;
        }
        let Imported { imported, refused, refused_total, .. } = result;
        let refused =
            refused.into_iter().map(|RefusedShare { position, reason }| wire::RefusedShare { position, reason });
        Ok(Response::new(ImportSharesResponse { imported, refused: refused.collect(), refused_total }))
    }
}
