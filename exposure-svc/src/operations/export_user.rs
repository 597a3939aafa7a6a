//! `ExportUser`: everything that is stored about a person, as one JSON document (docs/export-exposure.schema.json).

use persistence::feed::{EventRow, SnapshotKey};
use serde_json::{Value, json};
use service::export::{Document, Pieces, UsageList, export};
use tokio::sync::mpsc;
use types::FieldErrors;

use super::Exposure;
use crate::{
    domain::{ChangedRow, ProfileEvent, SnapshotRow, UserId, consent_receipt},
    error::Error,
    storage::{document_of, read_event},
};

/// The lists of the document, in the order of the parts of a snapshot.
const LISTS: [&str; 3] = ["profiles", "grants", "tags"];
/// The part of a snapshot with the grants.
const GRANTS: u8 = 1;

impl Exposure {
    /// The pieces of the document, in order.
    pub fn export_user(&self, user: String) -> Result<mpsc::Receiver<Result<String, Error>>, Error> {
        let user = UserId::parse(user).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("user_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let exposure = self.clone();
        Ok(export(async move |pieces| exposure.write_export(&user, &pieces).await))
    }

    async fn write_export(&self, user: &UserId, pieces: &Pieces<Error>) -> Result<(), Error> {
        let mut document = Document::begin(pieces, "exposure", user, self.clock.now()).await;
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
        document.begin_list("consent_receipts").await;
        let mut after = Some(SnapshotKey { part: GRANTS, ..SnapshotKey::default() });
        while let Some(key) = after.filter(|key| key.part == GRANTS) {
            let now = self.clock.now();
            let (rows, next) = self.store.snapshot(&key, &users, &[], now).await?;
            let names = self.store.of(user).profile_names().await?;
            let receipt = |row: &SnapshotRow| match &row.row {
                ChangedRow::Grant(access) => {
                    let name = access.profile.and_then(|id| names.get(&id));
                    Some(consent_receipt(access, name.map(String::as_str), now))
                }
                ChangedRow::Profile(_) | ChangedRow::Tag(_) => None,
            };
            document.add(rows.iter().filter_map(|(_, row)| receipt(row)).collect::<Vec<_>>().into_iter()).await;
            after = next;
        }
        document.end_list().await;
        document
            .add_usage("usage", self.store.database(), UsageList::OfTheirData(user))
            .await
            .map_err(Error::Internal)?;
        let show = |row: &EventRow| Ok(Some(event(&read_event(row)?)?));
        document.add_events(self.store.database(), user, show).await.map_err(Error::Internal)?;
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
