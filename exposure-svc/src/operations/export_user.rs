//! `ExportUser`: everything that is stored about a person, as one JSON document (docs/export-exposure.schema.json).

use persistence::feed::{EventFilter, FeedPage, FeedPosition, SnapshotKey};
use serde_json::{Value, json};
use service::export::Document;
use tokio::sync::mpsc;
use types::FieldErrors;

use super::Exposure;
use crate::{
    domain::{ProfileEvent, UserId},
    error::Error,
    storage::{document_of, read_event},
};

/// Events of one read.
const PAGE: usize = 100;
/// Chunks that wait for the connection.
const AHEAD: usize = 2;
/// The lists of the document, in the order of the parts of a snapshot.
const LISTS: [&str; 3] = ["profiles", "grants", "tags"];

impl Exposure {
    /// The pieces of the document, in order.
    pub fn export_user(&self, user: String) -> Result<mpsc::Receiver<Result<String, Error>>, Error> {
        let user = UserId::parse(user).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("user_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let (chunks, receiver) = mpsc::channel(AHEAD);
        let exposure = self.clone();
        // Ends when the receiver is gone.
        tokio::spawn(async move {
            let ended = tokio::select! {
                () = chunks.closed() => return,
                ended = exposure.write_export(&user, &chunks) => ended,
            };
            if let Err(error) = ended {
                let _ = chunks.send(Err(error)).await;
            }
        });
        Ok(receiver)
    }

    async fn write_export(&self, user: &UserId, chunks: &mpsc::Sender<Result<String, Error>>) -> Result<(), Error> {
        let head = [
            ("service", json!("exposure")),
            ("user_id", json!(user.as_str())),
            ("exported_at", json!(self.clock.now().to_string())),
        ];
        let mut document = Document::begin(chunks, head).await;
        let users = [user.to_string()];
        for (part, name) in (0_u8..).zip(LISTS) {
            document.begin_list(name).await;
            let mut after = Some(SnapshotKey { part, ..SnapshotKey::default() });
            while let Some(key) = after.filter(|key| key.part == part) {
                let (rows, next) = self.store.snapshot(&key, &users, &[], self.clock.now()).await?;
                let rows = rows.iter().map(|(_, row)| document_of(&row.row)).collect::<Result<Vec<_>, _>>()?;
                document.add(rows.into_iter()).await;
                after = next;
            }
            document.end_list().await;
        }
        document.begin_list("events").await;
        let filter = EventFilter { owner: Some(user.to_string()), ..EventFilter::default() };
        let mut after = FeedPosition::default();
        loop {
            let FeedPage { events, last, is_full } = self.store.events(&filter, after, PAGE).await?;
            let read = events.iter().map(read_event).collect::<anyhow::Result<Vec<_>>>().map_err(Error::Internal)?;
            let read = read.iter().map(event).collect::<Result<Vec<_>, _>>()?;
            document.add(read.into_iter()).await;
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

fn event(event: &ProfileEvent) -> Result<Value, Error> {
    Ok(json!({
        "id": event.id,
        "occurred_at": event.occurred_at.to_string(),
        "kind": event.kind.name(),
        "actor_id": event.actor,
        "request_id": event.request_id,
        "owner_version": event.user_version,
        "row": event.after.as_ref().map(document_of).transpose()?,
    }))
}
