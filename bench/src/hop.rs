//! The bare hop: axum takes a request, asks a tonic service over loopback, and writes what it answers. No token, no limit, no
//! database: what any gateway of this kind costs at the least.

use axum::{Router, extract::State, routing::get};
use http::header::CONTENT_TYPE;
use ofself_proto::sharing::{
    CreateShareRequest, CreateShareResponse, GetShareRequest, GetShareResponse, ListIncomingSharesRequest,
    ListIncomingSharesResponse, ListOutgoingSharesRequest, ListOutgoingSharesResponse, RevokeShareRequest,
    RevokeShareResponse, Share, UpdateShareRequest, UpdateShareResponse,
    sharing_service_client::SharingServiceClient,
    sharing_service_server::{SharingService, SharingServiceServer},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Channel};

pub(crate) struct Constant;

#[tonic::async_trait]
impl SharingService for Constant {
    async fn get_share(&self, request: Request<GetShareRequest>) -> Result<Response<GetShareResponse>, Status> {
        let share = Share {
            id: request.into_inner().share_id,
            owner_id: "alice".to_owned(),
            shared_with_user_id: "bob".to_owned(),
            can_read: true,
            version: 1,
            ..Share::default()
        };
        Ok(Response::new(GetShareResponse { share: Some(share) }))
    }

    async fn create_share(&self, _: Request<CreateShareRequest>) -> Result<Response<CreateShareResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_outgoing_shares(
        &self,
        _: Request<ListOutgoingSharesRequest>,
    ) -> Result<Response<ListOutgoingSharesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_incoming_shares(
        &self,
        _: Request<ListIncomingSharesRequest>,
    ) -> Result<Response<ListIncomingSharesResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn update_share(&self, _: Request<UpdateShareRequest>) -> Result<Response<UpdateShareResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn revoke_share(&self, _: Request<RevokeShareRequest>) -> Result<Response<RevokeShareResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// Starts it; gives where it answers.
pub(crate) async fn listen() -> anyhow::Result<String> {
    let behind = TcpListener::bind("127.0.0.1:0").await?;
    let channel = Channel::from_shared(format!("http://{}", behind.local_addr()?))?.tcp_nodelay(true).connect_lazy();
    let incoming = tokio_stream::StreamExt::map(TcpListenerStream::new(behind), |stream| {
        stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream))
    });
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(SharingServiceServer::new(Constant))
            .serve_with_incoming(incoming),
    );
    let front = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", front.local_addr()?);
    let router = Router::new().route("/share", get(share)).with_state(SharingServiceClient::new(channel));
    tokio::spawn(async move { axum::serve(front, router).await });
    Ok(url)
}

async fn share(
    State(mut client): State<SharingServiceClient<Channel>>,
) -> Result<([(http::HeaderName, &'static str); 1], String), http::StatusCode> {
    let request = GetShareRequest { share_id: "01a20058-215e-710d-a63e-b9acc3ae83b4".to_owned() };
    let answer = client.get_share(request).await.map_err(|_| http::StatusCode::BAD_GATEWAY)?;
    let share = answer.into_inner().share.ok_or(http::StatusCode::BAD_GATEWAY)?;
    let body = serde_json::json!({
        "id": share.id, "owner_id": share.owner_id, "shared_with_user_id": share.shared_with_user_id,
        "can_read": share.can_read,
    });
    Ok(([(CONTENT_TYPE, "application/json")], body.to_string()))
}
