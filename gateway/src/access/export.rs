//! Everything that is stored about the caller.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use futures_core::Stream;
use http::header;
use ofself_proto::{exposure, sharing};
use serde_json::json;
use tonic::{Status, Streaming};
use tracing::warn;

use crate::{
    error::ApiError,
    http::query::NoQuery,
    upstream::{Call, Upstreams},
};

/// Bytes that an export which is not read holds: the pieces on their way from the services.
const MEMORY: usize = 1024 * 1024;

/// The document: that of each service, in pieces as they come.
struct Document {
    parts: std::collections::VecDeque<Part>,
}

/// A part of the document.
enum Part {
    Text(String),
    Sharing(Streaming<sharing::ExportMyDataResponse>),
    Exposure(Streaming<exposure::ExportMyDataResponse>),
}

/// Exports everything that is stored about the caller, with a consent receipt for each grant of an app
#[utoipa::path(
    get,
    path = "/access/export",
    operation_id = "ExportMyData",
    tag = "Access",
    responses((
        status = 200,
        description = "One document with a member for each service (docs/export-sharing.schema.json, docs/export-exposure.schema.json); if \
            the connection ends before the document does, it is incomplete",
        body = serde_json::Value,
        example = json!({"user_id": "alice", "sharing": {"service": "sharing"}, "exposure": {"service": "exposure", "consent_receipts": []}})
    )),
)]
pub(crate) async fn export(State(upstreams): State<Upstreams>, call: Call, _: NoQuery) -> Result<Response, ApiError> {
    let user = json!(call.user()).to_string();
    // What was sent is not held: only what is on its way counts.
    let call = call.with_memory(MEMORY)?;
    let (mut shares, mut profiles) = (upstreams.access(), upstreams.exposure_access());
    let of_sharing = upstreams.stream_request(&call, sharing::ExportMyDataRequest {})?;
    let of_exposure = upstreams.stream_request(&call, exposure::ExportMyDataRequest {})?;
    let (of_sharing, of_exposure) =
        tokio::join!(shares.export_my_data(of_sharing), profiles.export_my_data(of_exposure));
    let parts = [
        Part::Text(format!("{{\"user_id\": {user},\n\"sharing\": ")),
        Part::Sharing(of_sharing?.into_inner()),
        Part::Text(",\n\"exposure\": ".to_owned()),
        Part::Exposure(of_exposure?.into_inner()),
        Part::Text("}\n".to_owned()),
    ];
    let document = Document { parts: parts.into() };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"ofself-export.json\""),
    ];
    Ok((headers, Body::from_stream(document)).into_response())
}

impl Part {
    /// The next piece of it.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<String, Status>>> {
        match self {
            Self::Text(text) if text.is_empty() => Poll::Ready(None),
            Self::Text(text) => Poll::Ready(Some(Ok(std::mem::take(text)))),
            Self::Sharing(pieces) => {
                Pin::new(pieces).poll_next(context).map(|next| next.map(|piece| piece.map(|piece| piece.chunk)))
            }
            Self::Exposure(pieces) => {
                Pin::new(pieces).poll_next(context).map(|next| next.map(|piece| piece.map(|piece| piece.chunk)))
            }
        }
    }
}

impl Stream for Document {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(part) = self.parts.front_mut() {
            match part.poll_piece(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(piece))) => return Poll::Ready(Some(Ok(Bytes::from(piece)))),
                Poll::Ready(Some(Err(status))) => {
                    warn!(code = ?status.code(), message = status.message(), "an export ends incomplete");
                    self.parts.clear();
                    return Poll::Ready(Some(Err(status)));
                }
                Poll::Ready(None) => {
                    self.parts.pop_front();
                }
            }
        }
        Poll::Ready(None)
    }
}
