//! A stream of nodes through a profile.

use ofself_proto::exposure::{
    FilterNodesRequest, FilterNodesResponse, NodeContent,
    filter_nodes_request::{Message, Open},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tracing::Instrument;
use types::FieldErrors;

use super::{
    convert::{content, question},
    counts,
    status::{status, validated},
};
use crate::{
    error::Error,
    operations::{Exposure, NodeFilter},
};

/// Nodes that were filtered and that the caller has not taken yet, at most: one who does not read is not read from, and holds no
/// more than this.
const AHEAD: usize = 1;

type Answer = Result<FilterNodesResponse, Status>;

/// Reads the opening message, and filters what comes after it for as long as both sides stay.
pub(super) async fn begin(
    exposure: &Exposure,
    mut incoming: Streaming<FilterNodesRequest>,
) -> Result<ReceiverStream<Answer>, Status> {
    let mut errors = FieldErrors::new();
    let opened = match incoming.message().await?.and_then(|first| first.message) {
        Some(Message::Open(Open { user_id, app_id, consistency })) => {
            let user = question::user(user_id, &mut errors);
            let app = question::app(app_id, &mut errors);
            let freshness = question::freshness(consistency, &mut errors);
            user.zip(app).map(|(user, app)| (user, app, freshness))
        }
        Some(Message::Node(_)) | None => {
            errors.add("open", "must come first");
            None
        }
    };
    let (user, app, freshness) = validated(opened, errors)?;
    let filter = exposure.filter_nodes(user, app, freshness).await.map_err(status)?;
    let (answers, answered) = mpsc::channel(AHEAD);
    // Ends after the last node, or when the caller is gone.
    tokio::spawn(run(filter, incoming, answers).in_current_span());
    Ok(ReceiverStream::new(answered))
}

async fn run(mut filter: NodeFilter, mut incoming: Streaming<FilterNodesRequest>, answers: mpsc::Sender<Answer>) {
    loop {
        let answer = tokio::select! {
            () = answers.closed() => return,
            next = next(&mut filter, &mut incoming) => next,
        };
        let sent = match answer {
            Ok(None) => return,
            Ok(Some(None)) => continue,
            Ok(Some(Some(node))) => answers.send(Ok(FilterNodesResponse { node: Some(node) })).await,
            Err(status) => {
                // The caller may be gone; then the result is dropped.
                let _ = answers.send(Err(status)).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The visible part of the next node: `Some(None)`: hidden; `None`: the end.
async fn next(
    filter: &mut NodeFilter,
    incoming: &mut Streaming<FilterNodesRequest>,
) -> Result<Option<Option<NodeContent>>, Status> {
    let Some(message) = incoming.message().await? else { return Ok(None) };
    let mut errors = FieldErrors::new();
    let Some(Message::Node(NodeContent { description, fields })) = message.message else {
        errors.add("node", "is required in every message but the first");
        return Err(status(Error::Invalid(errors)));
    };
    let mut tags = Vec::new();
    let node = match &description {
        Some(description) => question::node(description, &mut tags, || "node.description".to_owned(), &mut errors),
        None => {
            errors.add("node.description", "is required");
            None
        }
    };
    if let Some(node) = &node {
        question::demand_ids(node, || "node.description".to_owned(), &mut errors);
    }
    let node = validated(node, errors)?;
    let view = filter.view(&node, content::fields(fields)).await.map_err(status)?;
    counts::viewed(view.is_some(), filter.applied());
    Ok(Some(view.map(content::view)))
}
