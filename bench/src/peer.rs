//! The baseline of a decision: a tonic service with constant responses, with the same SELECT for some.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, extract::Request, routing::post_service};
use ofself_proto::{
    exposure::{PreviewProfileRequest, PreviewProfileResponse},
    sharing::{CheckAccessRequest, CheckAccessResponse},
};
use persistence::{Database, DatabaseSettings};
use sea_orm::{ConnectionTrait, Statement};
use tokio::net::TcpListener;
use tonic::{Response, Status, body::Body, server::Grpc};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// As in sharing-svc's `storage/decisions.rs`, on SQLite.
const SELECT: &str = "
    WITH leaf AS (
        SELECT * FROM shares WHERE owner_id = $1 AND recipient_id = $2
            AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
    )
    SELECT leaf.*, 1 AS is_leaf FROM leaf
    UNION ALL
    SELECT above.*, 0 AS is_leaf FROM shares above
    WHERE above.owner_id = $1 AND above.id IN (SELECT unhex(value) FROM leaf, json_each(leaf.ancestors))";

/// Starts it over the database of sharing-svc; gives where it answers.
pub(crate) async fn listen(database_url: String) -> anyhow::Result<String> {
    let settings = DatabaseSettings {
        database_url: database_url.into(),
        database_connections: 8,
        database_wait: Duration::from_secs(2),
    };
    let database = Arc::new(Database::connect(&settings, "sharing").await?);
    let check = move |request: Request| {
        let database = database.clone();
        async move {
            let answer = service_fn(move |asked: tonic::Request<CheckAccessRequest>| {
                let database = database.clone();
                async move {
                    let CheckAccessRequest { viewer_id, owner_id, .. } = asked.into_inner();
                    let reader = database.reader();
                    let values = [owner_id.into(), viewer_id.into(), "2026-01-01T00:00:00+00:00".into()];
                    let select = Statement::from_sql_and_values(reader.get_database_backend(), SELECT, values);
                    let rows =
                        reader.query_all_raw(select).await.map_err(|error| Status::internal(error.to_string()))?;
                    let allowed = !rows.is_empty();
                    let share_ids = vec!["01a200de-8d72-7289-8c5b-e5c8df17af0f".to_owned()];
                    Ok::<_, Status>(Response::new(CheckAccessResponse { allowed, share_ids, ..Default::default() }))
                }
            });
            let codec: ProstCodec<CheckAccessResponse, CheckAccessRequest> = ProstCodec::default();
            Ok::<_, Infallible>(Grpc::new(codec).unary(answer, request.map(Body::new)).await)
        }
    };
    let preview = |request: Request| async move {
        let answer = service_fn(|_: tonic::Request<PreviewProfileRequest>| async {
            Ok::<_, Status>(Response::new(PreviewProfileResponse { exposed: vec![true], warnings: Vec::new() }))
        });
        let codec: ProstCodec<PreviewProfileResponse, PreviewProfileRequest> = ProstCodec::default();
        Ok::<_, Infallible>(Grpc::new(codec).unary(answer, request.map(Body::new)).await)
    };
    let router = Router::new()
        .route("/ofself.sharing.v1.AccessService/CheckAccess", post_service(service_fn(check)))
        .route("/ofself.exposure.v1.ExposureService/PreviewProfile", post_service(service_fn(preview)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}
