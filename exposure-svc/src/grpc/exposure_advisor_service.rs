//! `ExposureAdvisorService`: the apps that a person connected, for that person.

use futures_core::stream::BoxStream;
use grpc_server::{timestamp, user_origin};
use ofself_proto::exposure::{
    DisconnectAppRequest, DisconnectAppResponse, EraseMyDataRequest, EraseMyDataResponse, ExportMyDataRequest,
    ExportMyDataResponse, ListConnectedAppsRequest, ListConnectedAppsResponse, ListHistoryRequest, ListHistoryResponse,
    ListNodeAppsRequest, ListNodeAppsResponse, ListSuggestionsRequest, ListSuggestionsResponse, ListTagsRequest,
    ListTagsResponse, NodeContent, PreviewChangeRequest, PreviewChangeResponse, RebindAppRequest, RebindAppResponse,
    RequestErasureRequest, RequestErasureResponse, StopAppsRequest, StopAppsResponse, ViewNodesRequest,
    ViewNodesResponse, exposure_advisor_service_server::ExposureAdvisorService,
};
use prost_types::FieldMask;
use service::{HistoryPage, consistency::Stamped};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use types::{FieldErrors, FieldUpdate, IdPage, Selection};

use super::{
    acting_user::acting_user,
    change::change,
    convert::{access, advisor, content, edits, erasure, question},
    status::{status, validated},
};
use crate::{
    domain::ProfileEdits,
    operations::{APP_PAGES, Exposure, PreviewedChange, TAG_PAGES},
};

pub(super) struct ExposureAdvisorRpc {
    exposure: Exposure,
}

impl ExposureAdvisorRpc {
    pub(super) fn new(exposure: Exposure) -> Self {
        Self { exposure }
    }
}

#[tonic::async_trait]
impl ExposureAdvisorService for ExposureAdvisorRpc {
    async fn list_connected_apps(
        &self,
        request: Request<ListConnectedAppsRequest>,
    ) -> Result<Response<ListConnectedAppsResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let ListConnectedAppsRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, APP_PAGES, &mut errors);
        let page = validated(Some(page), errors)?;
        let apps = self.exposure.list_connected_apps(&user, &page).await.map_err(status)?;
        Ok(Response::new(advisor::connected(apps)))
    }

    async fn list_tags(&self, request: Request<ListTagsRequest>) -> Result<Response<ListTagsResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let ListTagsRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, TAG_PAGES, &mut errors);
        let page = validated(Some(page), errors)?;
        let tags = self.exposure.list_tags(&user, &page).await.map_err(status)?;
        Ok(Response::new(advisor::tags(tags)))
    }

    async fn list_node_apps(
        &self,
        request: Request<ListNodeAppsRequest>,
    ) -> Result<Response<ListNodeAppsResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let ListNodeAppsRequest { node, page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, APP_PAGES, &mut errors);
        let mut tags = Vec::new();
        let path = || "node".to_owned();
        let facts = match &node {
            Some(node) => question::node(node, &mut tags, path, &mut errors),
            None => {
                errors.add("node", "is required");
                None
            }
        };
        if let Some(node) = &facts {
            question::demand_ids(node, path, &mut errors);
        }
        let node = validated(facts, errors)?;
        let apps = self.exposure.list_node_apps(&user, &node, &page).await.map_err(status)?;
        Ok(Response::new(advisor::node_apps(apps.value, self.exposure.token(apps.stamp))))
    }

    async fn view_nodes(&self, request: Request<ViewNodesRequest>) -> Result<Response<ViewNodesResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let ViewNodesRequest { app_id, nodes } = request.into_inner();
        let mut errors = FieldErrors::new();
        let app = question::app(app_id, &mut errors);
        let (descriptions, contents): (Vec<_>, Vec<_>) =
            nodes.into_iter().map(|NodeContent { description, fields }| (description, fields)).unzip();
        let mut tags = Vec::new();
        let facts = question::nodes(&descriptions, &mut tags, &mut errors);
        let app = validated(app, errors)?;
        let nodes = facts.into_iter().zip(contents).collect();
        let viewed = self.exposure.view_nodes(&user, &app, nodes, content::fields, advisor::viewed).await;
        let Stamped { value: nodes, stamp } = viewed.map_err(status)?;
        Ok(Response::new(ViewNodesResponse { nodes, checked_at: self.exposure.token(stamp) }))
    }

    async fn list_history(
        &self,
        request: Request<ListHistoryRequest>,
    ) -> Result<Response<ListHistoryResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let ListHistoryRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = HistoryPage::parse(page_size, &page_token, &mut errors);
        let page = validated(Some(page), errors)?;
        let history = self.exposure.list_history(&user, page).await.map_err(status)?;
        Ok(Response::new(advisor::history(history)))
    }

    async fn rebind_app(&self, request: Request<RebindAppRequest>) -> Result<Response<RebindAppResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let RebindAppRequest { app_id, profile_id, expires_at, update_mask } = request.into_inner();
        let mask = update_mask.unwrap_or_else(|| FieldMask { paths: vec!["profile_id".to_owned()] });
        let edits = access::edits(&profile_id, expires_at, Some(mask));
        let exposure = self.exposure.clone();
        let (app, as_of, stamp) =
            change(async move { exposure.rebind_app(&user, app_id, edits, origin).await }).await?;
        let (app, written_at) = (Some(advisor::app(app, as_of)), self.exposure.token(stamp));
        Ok(Response::new(RebindAppResponse { app, written_at }))
    }

    async fn disconnect_app(
        &self,
        request: Request<DisconnectAppRequest>,
    ) -> Result<Response<DisconnectAppResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let DisconnectAppRequest { app_id } = request.into_inner();
        let exposure = self.exposure.clone();
        let stamp = change(async move { exposure.disconnect_app(&user, app_id, origin).await }).await?;
        Ok(Response::new(DisconnectAppResponse { written_at: self.exposure.token(stamp) }))
    }

    async fn list_suggestions(
        &self,
        request: Request<ListSuggestionsRequest>,
    ) -> Result<Response<ListSuggestionsResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let ListSuggestionsRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, APP_PAGES, &mut errors);
        let page = validated(Some(page), errors)?;
        let found = self.exposure.list_suggestions(&user, &page).await.map_err(status)?;
        Ok(Response::new(advisor::suggestions(found)))
    }

    type ExportMyDataStream = BoxStream<'static, Result<ExportMyDataResponse, Status>>;

    async fn export_my_data(
        &self,
        request: Request<ExportMyDataRequest>,
    ) -> Result<Response<Self::ExportMyDataStream>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let pieces = ReceiverStream::new(self.exposure.export_user(user.to_string()).map_err(status)?);
        let message = |piece: Result<_, _>| piece.map(|chunk| ExportMyDataResponse { chunk }).map_err(status);
        Ok(Response::new(Box::pin(pieces.map(message))))
    }

    async fn request_erasure(
        &self,
        request: Request<RequestErasureRequest>,
    ) -> Result<Response<RequestErasureResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let (confirmation, expires_at) = self.exposure.request_erasure(&user).map_err(status)?;
        Ok(Response::new(RequestErasureResponse { confirmation, expires_at: Some(timestamp(expires_at)) }))
    }

    async fn erase_my_data(
        &self,
        request: Request<EraseMyDataRequest>,
    ) -> Result<Response<EraseMyDataResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let EraseMyDataRequest { confirmation } = request.into_inner();
        let exposure = self.exposure.clone();
        let state = change(async move { exposure.erase_with_confirmation(&user, &confirmation).await }).await?;
        Ok(Response::new(EraseMyDataResponse { state: erasure::state(state).into() }))
    }

    async fn stop_apps(&self, request: Request<StopAppsRequest>) -> Result<Response<StopAppsResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let StopAppsRequest { all_apps, apps, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let apps = Selection::parse(all_apps, apps, "apps", &mut errors);
        let apps = validated(apps, errors)?;
        if !page_token.is_empty() {
            let page = self.exposure.list_stopped(&user, &apps, &page_token).await.map_err(status)?;
            return Ok(Response::new(advisor::stopped_page(page)));
        }
        let exposure = self.exposure.clone();
        let done = change(async move { exposure.stop_apps(&user, apps, origin).await }).await?;
        Ok(Response::new(advisor::stopped(done.value, self.exposure.token(done.stamp))))
    }

    async fn preview_change(
        &self,
        request: Request<PreviewChangeRequest>,
    ) -> Result<Response<PreviewChangeResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let PreviewChangeRequest { profile_id, profile, update_mask, is_active, nodes } = request.into_inner();
        let is_update = update_mask.is_some();
        let mut edits = if is_update {
            edits::update(profile, is_active, None, update_mask)
        } else {
            let is_active = is_active.map_or(FieldUpdate::Keep, FieldUpdate::Set);
            ProfileEdits { is_active, ..edits::creation(profile) }
        };
        if is_update && profile_id.is_empty() {
            edits.unreadable.add("profile_id", "is required with an update_mask");
        }
        let mut tags = Vec::new();
        let nodes = question::descriptions(&nodes, &mut tags, &mut edits.unreadable);
        let change = match (profile_id.is_empty(), is_update) {
            (true, _) => PreviewedChange::New(edits),
            (false, true) => PreviewedChange::Update(profile_id, edits),
            (false, false) => PreviewedChange::Replacement(profile_id, edits),
        };
        let preview = self.exposure.preview_change(&user, change, &nodes).await.map_err(status)?;
        Ok(Response::new(advisor::preview(preview)))
    }
}
