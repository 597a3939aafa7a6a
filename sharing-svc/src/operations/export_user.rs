//! `ExportUser`: everything that is stored about a person, as one JSON document (docs/export-sharing.schema.json).

use persistence::feed::EventRow;
use serde_json::{Value, json};
use service::export::{Document, Pieces, UsageList, export};
use tokio::sync::mpsc;
use types::FieldErrors;

use super::Sharing;
use crate::{
    domain::{EventKind, FollowId, Share, ShareEvent, Source, UserId},
    error::Error,
    storage::{CreatedAt, ExportedShares, read_event},
};

/// Blocked people of one read.
const BLOCKED_OF_ONE_READ: usize = 1_000;

impl Sharing {
    /// The pieces of the document, in order.
    pub fn export_user(&self, user: String) -> Result<mpsc::Receiver<Result<String, Error>>, Error> {
        let user = UserId::parse(user).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("user_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let sharing = self.clone();
        Ok(export(async move |pieces| sharing.write_export(&user, &pieces).await))
    }

    async fn write_export(&self, user: &UserId, pieces: &Pieces<Error>) -> Result<(), Error> {
        let mut document = Document::begin(pieces, "sharing", user, self.clock.now()).await;
        for (name, which) in [
            ("outgoing", ExportedShares::OfTheirData),
            ("incoming", ExportedShares::Received),
            ("reshared", ExportedShares::Reshared),
        ] {
            document.begin_list(name).await;
            let mut after = None;
            loop {
                let shares = self.store.shares_to_export(user, which, after).await?;
                let Some(last) = shares.last() else { break };
                after = Some(CreatedAt::of(last));
                document.add(shares.iter().map(share)).await;
            }
            document.end_list().await;
        }
        document.begin_list("blocked").await;
        let mut after = String::new();
        loop {
            let blocked = self.store.blocked_by(user, &after, BLOCKED_OF_ONE_READ).await?;
            let Some(last) = blocked.last() else { break };
            after = last.to_string();
            document.add(blocked.iter().map(|person| json!(person.as_str()))).await;
        }
        document.end_list().await;
        document
            .add_usage("usage", self.store.database(), UsageList::OfTheirData(user))
            .await
            .map_err(Error::Internal)?;
        document.add_usage("used", self.store.database(), UsageList::ByThem(user)).await.map_err(Error::Internal)?;
        let show = |row: &EventRow| -> anyhow::Result<Option<Value>> {
            let shown = read_event(row)?;
            Ok((!EventKind::HIDDEN_FROM_OWNER.contains(&shown.kind)).then(|| event(&shown)))
        };
        document.add_events(self.store.database(), user, show).await.map_err(Error::Internal)?;
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
        "person_id": event.person,
        "share": event.after.as_ref().map(share),
    })
}
