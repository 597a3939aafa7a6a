//! `TagDirectoryService`: the tags of a person.

use grpc_server::{Role, peer_origin};
use ofself_proto::exposure::{
    DeleteTagsRequest, DeleteTagsResponse, ResolveTagsRequest, ResolveTagsResponse, Tag, UpsertTagsRequest,
    UpsertTagsResponse, tag_directory_service_server::TagDirectoryService,
};
use tonic::{Request, Response, Status};

use super::{change::change, convert::access, status::status};
use crate::operations::Exposure;

pub(super) struct TagDirectoryRpc {
    exposure: Exposure,
}

impl TagDirectoryRpc {
    pub(super) fn new(exposure: Exposure) -> Self {
        Self { exposure }
    }
}

#[tonic::async_trait]
impl TagDirectoryService for TagDirectoryRpc {
    async fn upsert_tags(&self, request: Request<UpsertTagsRequest>) -> Result<Response<UpsertTagsResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Service);
        let UpsertTagsRequest { user_id, tags } = request.into_inner();
        let tags = tags.into_iter().map(|Tag { id, name }| (id, name)).collect();
        let exposure = self.exposure.clone();
        let stamp = change(async move { exposure.upsert_tags(user_id, tags, origin).await }).await?;
        Ok(Response::new(UpsertTagsResponse { written_at: self.exposure.token(stamp) }))
    }

    async fn delete_tags(&self, request: Request<DeleteTagsRequest>) -> Result<Response<DeleteTagsResponse>, Status> {
        let origin = peer_origin(request.metadata(), request.extensions(), Role::Service);
        let DeleteTagsRequest { user_id, tag_ids } = request.into_inner();
        let exposure = self.exposure.clone();
        let stamp = change(async move { exposure.delete_tags(user_id, tag_ids, origin).await }).await?;
        Ok(Response::new(DeleteTagsResponse { written_at: self.exposure.token(stamp) }))
    }

    async fn resolve_tags(
        &self,
        request: Request<ResolveTagsRequest>,
    ) -> Result<Response<ResolveTagsResponse>, Status> {
        let ResolveTagsRequest { user_id, refs } = request.into_inner();
        let known = self.exposure.resolve_tags(user_id, refs).await.map_err(status)?;
        Ok(Response::new(ResolveTagsResponse { tags: known.into_iter().map(access::tag).collect() }))
    }
}
