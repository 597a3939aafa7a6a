//! `AccessAdvisorService`: who can act on a person's data, for that person.

use futures_core::stream::BoxStream;
use grpc_server::user_origin;
use ofself_proto::sharing::{
    BlockPersonRequest, BlockPersonResponse, EraseMyDataRequest, EraseMyDataResponse, ExplainNodesRequest,
    ExplainNodesResponse, ExportMyDataRequest, ExportMyDataResponse, LeaveShareRequest, LeaveShareResponse,
    ListAccessibleOwnersRequest, ListAccessibleOwnersResponse, ListBlockedPeopleRequest, ListBlockedPeopleResponse,
    ListHistoryRequest, ListHistoryResponse, ListNodeViewersRequest, ListNodeViewersResponse, ListPeopleRequest,
    ListPeopleResponse, ListSuggestionsRequest, ListSuggestionsResponse, StopSharingRequest, StopSharingResponse,
    UnblockPersonRequest, UnblockPersonResponse, access_advisor_service_server::AccessAdvisorService,
};
use service::{HistoryPage, consistency::Freshness, cpu_work::CpuBudget};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use types::{FieldErrors, IdPage, Selection};

use super::{
    acting_user::acting_user,
    change::change,
    convert::{access, advisor, erasure},
    status::{status, validated},
};
use crate::{
    domain::access::Action,
    operations::{BLOCKED_PAGES, OWNER_PAGES, PEOPLE_PAGES, Sharing, VIEWER_PAGES},
    storage::Blocked,
};

pub(super) struct AccessAdvisorRpc {
    sharing: Sharing,
}

impl AccessAdvisorRpc {
    pub(super) fn new(sharing: Sharing) -> Self {
        Self { sharing }
    }
}

#[tonic::async_trait]
impl AccessAdvisorService for AccessAdvisorRpc {
    async fn list_people(&self, request: Request<ListPeopleRequest>) -> Result<Response<ListPeopleResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListPeopleRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, PEOPLE_PAGES, &mut errors);
        let page = validated(Some(page), errors)?;
        let people = self.sharing.list_people(&user, &page).await.map_err(status)?;
        Ok(Response::new(advisor::people(people)))
    }

    async fn list_node_viewers(
        &self,
        request: Request<ListNodeViewersRequest>,
    ) -> Result<Response<ListNodeViewersResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListNodeViewersRequest { node, page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let node = access::node(node.as_ref(), || "node".to_owned(), &mut errors);
        let page = IdPage::parse(page_size, &page_token, VIEWER_PAGES, &mut errors);
        let node = validated(node, errors)?;
        let cpu = CpuBudget::of_user(user.as_str());
        let viewers = self
            .sharing
            .list_viewers(&user, node, &page, Blocked::Included, &Freshness::default(), cpu)
            .await
            .map_err(status)?;
        Ok(Response::new(advisor::viewers(viewers.value, self.sharing.token(viewers.stamp))))
    }

    async fn explain_nodes(
        &self,
        request: Request<ExplainNodesRequest>,
    ) -> Result<Response<ExplainNodesResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ExplainNodesRequest { person_id, nodes } = request.into_inner();
        let mut errors = FieldErrors::new();
        let person = access::user(person_id, "person_id", &mut errors);
        let nodes = access::nodes(&nodes, &mut errors);
        let person = validated(person, errors)?;
        let explained = self.sharing.explain_nodes(&user, &person, &nodes).await.map_err(status)?;
        Ok(Response::new(advisor::decisions(explained.value, self.sharing.token(explained.stamp))))
    }

    async fn list_accessible_owners(
        &self,
        request: Request<ListAccessibleOwnersRequest>,
    ) -> Result<Response<ListAccessibleOwnersResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListAccessibleOwnersRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, OWNER_PAGES, &mut errors);
        let page = validated(Some(page), errors)?;
        let cpu = CpuBudget::of_user(user.as_str());
        let owners = self.sharing.list_owners(&user, &Action::ALL, &page, cpu).await.map_err(status)?;
        Ok(Response::new(advisor::owners(owners)))
    }

    async fn list_history(
        &self,
        request: Request<ListHistoryRequest>,
    ) -> Result<Response<ListHistoryResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListHistoryRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = HistoryPage::parse(page_size, &page_token, &mut errors);
        let page = validated(Some(page), errors)?;
        let history = self.sharing.list_history(&user, page).await.map_err(status)?;
        Ok(Response::new(advisor::history(history)))
    }

    async fn leave_share(&self, request: Request<LeaveShareRequest>) -> Result<Response<LeaveShareResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let LeaveShareRequest { share_id } = request.into_inner();
        let sharing = self.sharing.clone();
        let left = change(async move { sharing.leave_share(user, share_id, origin).await }).await?;
        Ok(Response::new(LeaveShareResponse { written_at: self.sharing.token(left.stamp) }))
    }

    async fn stop_sharing(
        &self,
        request: Request<StopSharingRequest>,
    ) -> Result<Response<StopSharingResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let StopSharingRequest { everyone, people, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let people = Selection::parse(everyone, people, "people", &mut errors);
        let people = validated(people, errors)?;
        if !page_token.is_empty() {
            let page = self.sharing.list_stopped(&user, &people, &page_token).await.map_err(status)?;
            return Ok(Response::new(advisor::stopped_page(page)));
        }
        let sharing = self.sharing.clone();
        let done = change(async move { sharing.stop_sharing(user, people, origin).await }).await?;
        Ok(Response::new(advisor::stopped(done.value, self.sharing.token(done.stamp))))
    }

    async fn list_suggestions(
        &self,
        request: Request<ListSuggestionsRequest>,
    ) -> Result<Response<ListSuggestionsResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListSuggestionsRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, PEOPLE_PAGES, &mut errors);
        let page = validated(Some(page), errors)?;
        let found = self.sharing.list_suggestions(&user, &page).await.map_err(status)?;
        Ok(Response::new(advisor::suggestions(found)))
    }

    type ExportMyDataStream = BoxStream<'static, Result<ExportMyDataResponse, Status>>;

    async fn export_my_data(
        &self,
        request: Request<ExportMyDataRequest>,
    ) -> Result<Response<Self::ExportMyDataStream>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let pieces = ReceiverStream::new(self.sharing.export_user(user.to_string()).map_err(status)?);
        let message = |piece: Result<_, _>| piece.map(|chunk| ExportMyDataResponse { chunk }).map_err(status);
        Ok(Response::new(Box::pin(pieces.map(message))))
    }

    async fn erase_my_data(
        &self,
        request: Request<EraseMyDataRequest>,
    ) -> Result<Response<EraseMyDataResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let sharing = self.sharing.clone();
        let (_, state) = change(async move { sharing.erase_user(user.to_string()).await }).await?;
        Ok(Response::new(EraseMyDataResponse { state: erasure::state(state).into() }))
    }

    async fn block_person(
        &self,
        request: Request<BlockPersonRequest>,
    ) -> Result<Response<BlockPersonResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let BlockPersonRequest { person_id } = request.into_inner();
        let sharing = self.sharing.clone();
        change(async move { sharing.block_person(user, person_id, origin).await }).await?;
        Ok(Response::new(BlockPersonResponse {}))
    }

    async fn unblock_person(
        &self,
        request: Request<UnblockPersonRequest>,
    ) -> Result<Response<UnblockPersonResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let UnblockPersonRequest { person_id } = request.into_inner();
        let sharing = self.sharing.clone();
        change(async move { sharing.unblock_person(user, person_id, origin).await }).await?;
        Ok(Response::new(UnblockPersonResponse {}))
    }

    async fn list_blocked_people(
        &self,
        request: Request<ListBlockedPeopleRequest>,
    ) -> Result<Response<ListBlockedPeopleResponse>, Status> {
        let user = acting_user(&self.sharing, request.metadata()).await?;
        let ListBlockedPeopleRequest { page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(page_size, &page_token, BLOCKED_PAGES, &mut errors);
        let page = validated(Some(page), errors)?;
        let blocked = self.sharing.list_blocked_people(&user, &page).await.map_err(status)?;
        Ok(Response::new(advisor::blocked(blocked)))
    }
}
