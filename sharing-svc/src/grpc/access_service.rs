//! `AccessService`: access decisions for services that hold nodes.

use futures_core::stream::BoxStream;
use ofself_proto::sharing::{
    BatchCheckAccessRequest, BatchCheckAccessResponse, BatchCheckRequest, BatchCheckResponse, CheckAccessRequest,
    CheckAccessResponse, ExplainAccessRequest, ExplainAccessResponse, GetAccessFilterRequest, GetAccessFilterResponse,
    ListOwnersRequest, ListOwnersResponse, ListViewersRequest, ListViewersResponse, WatchSharesRequest,
    WatchSharesResponse, access_service_server::AccessService,
};
use service::{consistency::Stamped, cpu_work::CpuBudget};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use types::{FieldErrors, IdPage};

use super::{
    convert::{access, event},
    counts,
    status::{DOMAIN, status, validated},
};
use crate::{
    operations::{OWNER_PAGES, Sharing, VIEWER_PAGES},
    storage::Blocked,
};

pub(super) struct AccessRpc {
    sharing: Sharing,
}

impl AccessRpc {
    pub(super) fn new(sharing: Sharing) -> Self {
        Self { sharing }
    }
}

#[tonic::async_trait]
impl AccessService for AccessRpc {
    async fn check_access(
        &self,
        request: Request<CheckAccessRequest>,
    ) -> Result<Response<CheckAccessResponse>, Status> {
        let CheckAccessRequest { viewer_id, owner_id, action, resource, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let question = access::question(viewer_id, owner_id, action, consistency, &mut errors);
        let resource = access::resource(resource.as_ref(), || "resource".to_owned(), &mut errors);
        let (question, resource) = validated(question.zip(resource), errors)?;
        let Stamped { value, stamp } = self.sharing.check_access(&question, resource).await.map_err(status)?;
        counts::checked(&value);
        Ok(Response::new(access::checked(value, self.sharing.token(stamp))))
    }

    async fn batch_check_access(
        &self,
        request: Request<BatchCheckAccessRequest>,
    ) -> Result<Response<BatchCheckAccessResponse>, Status> {
        let BatchCheckAccessRequest { viewer_id, owner_id, action, resources, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let question = access::question(viewer_id, owner_id, action, consistency, &mut errors);
        let resources = access::resources(&resources, &mut errors);
        let question = validated(question, errors)?;
        let Stamped { value: allowed, stamp } =
            self.sharing.batch_check_access(&question, &resources).await.map_err(status)?;
        counts::batch(&question, &allowed);
        Ok(Response::new(BatchCheckAccessResponse { allowed, checked_at: self.sharing.token(stamp) }))
    }

    async fn batch_check(&self, request: Request<BatchCheckRequest>) -> Result<Response<BatchCheckResponse>, Status> {
        let BatchCheckRequest { items, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let items = access::items(&items, &mut errors);
        let freshness = access::freshness(consistency, &mut errors);
        let items = validated(Some(items), errors)?;
        let (allowed, stamps) = self.sharing.batch_check(&items, &freshness).await.map_err(status)?;
        counts::items(&items, &allowed);
        let checked_at = stamps.into_iter().map(|stamp| self.sharing.token(Some(stamp))).collect();
        Ok(Response::new(BatchCheckResponse { allowed, checked_at }))
    }

    async fn list_owners(&self, request: Request<ListOwnersRequest>) -> Result<Response<ListOwnersResponse>, Status> {
        let ListOwnersRequest { viewer_id, action, page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let viewer = access::user(viewer_id, "viewer_id", &mut errors);
        let action = access::action(action, &mut errors);
        let page = IdPage::parse(page_size, &page_token, OWNER_PAGES, &mut errors);
        let (viewer, action) = validated(viewer.zip(action), errors)?;
        let owners =
            self.sharing.list_owners(&viewer, &[action], &page, CpuBudget::of_services()).await.map_err(status)?;
        Ok(Response::new(access::owners(owners)))
    }

    async fn get_access_filter(
        &self,
        request: Request<GetAccessFilterRequest>,
    ) -> Result<Response<GetAccessFilterResponse>, Status> {
        let GetAccessFilterRequest { viewer_id, owner_id, action, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let question = access::question(viewer_id, owner_id, action, consistency, &mut errors);
        let question = validated(question, errors)?;
        let Stamped { value, stamp } = self.sharing.get_access_filter(&question).await.map_err(status)?;
        Ok(Response::new(access::filter(value, self.sharing.token(stamp))))
    }

    async fn explain_access(
        &self,
        request: Request<ExplainAccessRequest>,
    ) -> Result<Response<ExplainAccessResponse>, Status> {
        let ExplainAccessRequest { viewer_id, owner_id, action, resource, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let question = access::question(viewer_id, owner_id, action, consistency, &mut errors);
        let resource = access::resource(resource.as_ref(), || "resource".to_owned(), &mut errors);
        let (question, resource) = validated(question.zip(resource), errors)?;
        let Stamped { value, stamp } = self.sharing.explain_access(&question, resource).await.map_err(status)?;
        Ok(Response::new(access::explained(value, self.sharing.token(stamp))))
    }

    async fn list_viewers(
        &self,
        request: Request<ListViewersRequest>,
    ) -> Result<Response<ListViewersResponse>, Status> {
        let ListViewersRequest { owner_id, node, consistency, page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let owner = access::user(owner_id, "owner_id", &mut errors);
        let node = access::node(node.as_ref(), || "node".to_owned(), &mut errors);
        let freshness = access::freshness(consistency, &mut errors);
        let page = IdPage::parse(page_size, &page_token, VIEWER_PAGES, &mut errors);
        let (owner, node) = validated(owner.zip(node), errors)?;
        let viewers = self
            .sharing
            .list_viewers(&owner, node, &page, Blocked::LeftOut, &freshness, CpuBudget::of_services())
            .await
            .map_err(status)?;
        Ok(Response::new(access::viewers(viewers.value, self.sharing.token(viewers.stamp))))
    }

    type WatchSharesStream = BoxStream<'static, Result<WatchSharesResponse, Status>>;

    async fn watch_shares(
        &self,
        request: Request<WatchSharesRequest>,
    ) -> Result<Response<Self::WatchSharesStream>, Status> {
        let watch = self.sharing.watch_shares(event::watch(request.into_inner())).await.map_err(status)?;
        let watch = watch.map_err(|error| error.into_status(DOMAIN))?;
        let messages = ReceiverStream::new(watch.run());
        Ok(Response::new(Box::pin(messages.map(|message| match message {
            Ok(message) => Ok(event::message(message)),
            Err(error) => Err(error.into_status(DOMAIN)),
        }))))
    }
}
