//! `AccessService`: access decisions for services that hold nodes.

use futures_core::stream::BoxStream;
use ofself_proto::sharing::{
    BatchCheckAccessRequest, BatchCheckAccessResponse, CheckAccessRequest, CheckAccessResponse, ExplainAccessRequest,
    ExplainAccessResponse, GetAccessFilterRequest, GetAccessFilterResponse, ListViewersRequest, ListViewersResponse,
    WatchSharesRequest, WatchSharesResponse, access_service_server::AccessService,
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use types::FieldErrors;

use super::{
    convert::{access, event},
    counts,
    status::{DOMAIN, status, validated},
};
use crate::operations::{ListViewers, Sharing};

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
        let done = self.sharing.check_access(&question, resource).await.map_err(status)?;
        counts::checked(&done);
        Ok(Response::new(access::checked(done)))
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
        let allowed = self.sharing.batch_check_access(&question, &resources).await.map_err(status)?;
        counts::batch(&question, &allowed);
        Ok(Response::new(access::batch(allowed)))
    }

    async fn get_access_filter(
        &self,
        request: Request<GetAccessFilterRequest>,
    ) -> Result<Response<GetAccessFilterResponse>, Status> {
        let GetAccessFilterRequest { viewer_id, owner_id, action, consistency } = request.into_inner();
        let mut errors = FieldErrors::new();
        let question = access::question(viewer_id, owner_id, action, consistency, &mut errors);
        let question = validated(question, errors)?;
        let filter = self.sharing.get_access_filter(&question).await.map_err(status)?;
        Ok(Response::new(access::filter(filter)))
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
        let explanation = self.sharing.explain_access(&question, resource).await.map_err(status)?;
        Ok(Response::new(access::explained(explanation)))
    }

    async fn list_viewers(
        &self,
        request: Request<ListViewersRequest>,
    ) -> Result<Response<ListViewersResponse>, Status> {
        let ListViewersRequest { owner_id, node, consistency, page_size, page_token } = request.into_inner();
        let mut errors = FieldErrors::new();
        let owner = access::user(owner_id, "owner_id", &mut errors);
        let node = access::node(node.as_ref(), || "node".to_owned(), &mut errors);
        access::consistency(consistency, &mut errors);
        let page = ListViewers::parse(page_size, &page_token, &mut errors);
        let (owner, node) = validated(owner.zip(node), errors)?;
        let viewers = self.sharing.list_viewers(&owner, node, &page).await.map_err(status)?;
        Ok(Response::new(access::viewers(viewers)))
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
