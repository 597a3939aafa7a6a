//! `ExportUser`: everything that is stored about a person, as one JSON document (docs/export-sharing.schema.json).

use persistence::feed::{EventFilter, FeedPage, FeedPosition};
use serde_json::{Value, json};
use service::export::Document;
use tokio::sync::mpsc;
use types::FieldErrors;

use super::Sharing;
use crate::{
    domain::{FollowId, Share, ShareEvent, Source, UserId},
    error::Error,
    storage::{ExportedShares, read_event},
};

/// Events of one read.
const PAGE: usize = 100;
/// Chunks that wait for the connection.
const AHEAD: usize = 2;

impl Sharing {
    /// The pieces of the document, in order.
    pub fn export_user(&self, user: String) -> Result<mpsc::Receiver<Result<String, Error>>, Error> {
        let user = UserId::parse(user).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("user_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let (chunks, receiver) = mpsc::channel(AHEAD);
        let sharing = self.clone();
        // Ends when the receiver is gone.
        tokio::spawn(async move {
            let ended = tokio::select! {
                () = chunks.closed() => return,
                ended = sharing.write_export(&user, &chunks) => ended,
            };
            if let Err(error) = ended {
                let _ = chunks.send(Err(error)).await;
            }
        });
        Ok(receiver)
    }

    async fn write_export(&self, user: &UserId, chunks: &mpsc::Sender<Result<String, Error>>) -> Result<(), Error> {
        let head = [
            ("service", json!("sharing")),
            ("user_id", json!(user.as_str())),
            ("exported_at", json!(self.clock.now().to_string())),
        ];
        let mut document = Document::begin(chunks, head).await;
        for (name, which) in [
            ("outgoing", ExportedShares::OfTheirData),
            ("incoming", ExportedShares::Received),
            ("reshared", ExportedShares::Reshared),
        ] {
            document.begin_list(name).await;
            let mut after = None;
            loop {
                let shares = self.store.shares_to_export(user, which, after.as_ref()).await?;
                let Some(last) = shares.last() else { break };
                after = Some((last.owner.clone(), last.id));
                document.add(shares.iter().map(share)).await;
            }
            document.end_list().await;
        }
        document.begin_list("events").await;
        let filter = EventFilter { owner: Some(user.to_string()), ..EventFilter::default() };
        let mut after = FeedPosition::default();
        loop {
            let FeedPage { events, last, is_full } = self.store.events(&filter, after, PAGE).await?;
            let read = events.iter().map(read_event).collect::<anyhow::Result<Vec<_>>>().map_err(Error::Internal)?;
            document.add(read.iter().map(event)).await;
            after = last;
            if !is_full {
                break;
            }
        }
        document.end_list().await;
        document.end().await;
        Ok(())
    }
}

fn share(share: &Share) -> Value {
    let scope = &share.terms.scope;
    let rights = share.terms.rights;
    let follow = match &share.source {
        Source::Follow { follow, .. } => Some(follow),
        Source::Direct | Source::Reshare { .. } => None,
    };
    json!({
        "id": share.id.to_string(),
        "owner_id": share.owner.as_str(),
        "shared_with_user_id": share.recipient.as_str(),
        "shared_by_user_id": share.creator.as_str(),
        "scope": scope.kind().name(),
        "tag_ids": scope.tag_ids(),
        "node_ids": scope.node_ids(),
        "can_read": rights.read,
        "can_write": rights.write,
        "can_delete": rights.delete,
        "can_share": rights.share,
        "expires_at": share.terms.expires_at.map(|time| time.to_string()),
        "parent_share_id": share.parent().map(|parent| parent.to_string()),
        "follow_id": follow.map(FollowId::as_str),
        "created_at": share.created_at.to_string(),
        "updated_at": share.updated_at.to_string(),
        "revoked_at": share.revoked_at.map(|time| time.to_string()),
        "version": share.version,
    })
}

fn event(event: &ShareEvent) -> Value {
    json!({
        "id": event.id,
        "occurred_at": event.occurred_at.to_string(),
        "kind": event.kind.name(),
        "actor_id": event.actor,
        "request_id": event.request_id,
        "owner_version": event.owner_version,
        "share": event.after.as_ref().map(share),
    })
}
