//! Events of shares, and snapshots of all shares.

use anyhow::{Context, anyhow};
use persistence::{
    feed::{
        EventFilter, EventLimit, EventRow, FeedHub, FeedPage, FeedPosition, HistoryPosition, NewEvent, SnapshotKey,
    },
    placeholders,
};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use types::Timestamp;

use super::{Store, entity::Model, failed, stops::read_stops};
use crate::{
    domain::{EventKind, Share, ShareEvent, ShareId, SnapshotShare, Stops, UserId},
    error::Error,
};

/// Shares of one read of a snapshot: some megabytes of the largest ones.
const SNAPSHOT_PAGE: usize = 50;
/// The kind of row.
const SHARE: &str = "share";
/// The kind of row of an event about the owner.
const OWNER: &str = "owner";
/// The kind of row of an event about everyone with whom the owner shares.
const EVERYONE: &str = "everyone";

/// The event of a share after a change that no quota refuses.
pub(super) fn event(kind: EventKind, share: &Share, has_reshares: bool, occurred_at: Timestamp) -> NewEvent {
    NewEvent {
        kind: kind.name(),
        subject: SHARE,
        row: share.id.to_string(),
        other: Some(share.recipient.to_string()),
        creator: (share.creator != share.owner).then(|| share.creator.to_string()),
        has_reshares,
        occurred_at,
        // A row without a value for its columns does not exist.
        after: serde_json::to_value(Model::from(share)).ok(),
        limit: EventLimit::Exempt,
    }
}

/// An event about the owner, and not about one share: every answer about the owner may have changed. `person`: the person whom it is about;
/// `None`: everyone. `creator`: the person who makes it, unless it is the owner.
pub(super) fn owner_event(
    kind: EventKind,
    person: Option<&UserId>,
    creator: Option<&UserId>,
    limit: EventLimit,
    occurred_at: Timestamp,
) -> NewEvent {
    NewEvent {
        kind: kind.name(),
        subject: if person.is_some() { OWNER } else { EVERYONE },
        row: String::new(),
        other: person.map(ToString::to_string),
        creator: creator.map(ToString::to_string),
        has_reshares: true,
        occurred_at,
        after: None,
        limit,
    }
}

/// Reads an event.
pub fn read_event(row: &EventRow) -> anyhow::Result<ShareEvent> {
    let share = |document: &Option<serde_json::Value>| -> anyhow::Result<Option<Share>> {
        let Some(document) = document else { return Ok(None) };
        let model: Model = serde_json::from_value(document.clone()).context("cannot read the share of an event")?;
        Ok(Some(Share::try_from(model)?))
    };
    Ok(ShareEvent {
        id: format!("{}.{}", row.at.position, row.at.seq),
        occurred_at: row.occurred_at,
        actor: row.actor.clone(),
        request_id: row.request_id.clone(),
        kind: EventKind::from_name(&row.kind).ok_or_else(|| anyhow!("unknown kind of event `{}`", row.kind))?,
        owner: row.owner.clone(),
        owner_version: row.version,
        has_reshares: row.has_reshares,
        person: row.other.clone(),
        is_of_everyone: row.subject == EVERYONE,
        before: share(&row.before)?,
        after: share(&row.after)?,
    })
}

impl Store {
    /// Recorded events, the oldest first.
    pub async fn events(&self, filter: &EventFilter, after: FeedPosition, limit: usize) -> Result<FeedPage, Error> {
        self.database.list_events(filter, after, limit).await.map_err(failed)
    }

    /// Recorded events of `person`'s data before `before`, the newest first. The second value: there may be more.
    pub async fn history(
        &self,
        person: &UserId,
        before: Option<HistoryPosition>,
        limit: usize,
    ) -> Result<(Vec<EventRow>, bool), Error> {
        let hidden = EventKind::HIDDEN_FROM_OWNER.map(EventKind::name);
        self.database.list_history(person.as_str(), before, &hidden, limit).await.map_err(failed)
    }

    /// Deletes a slice of the events before `cutoff`, and returns the number of changes.
    pub async fn prune_events(&self, cutoff: Timestamp) -> Result<usize, Error> {
        self.database.prune_feed(cutoff).await.map_err(failed)
    }

    /// The hub that feeds watchers.
    pub fn feed(&self) -> &FeedHub {
        &self.feed
    }

    /// Shares after `after`, in the order of their owners and ids; only of these owners and to these recipients, unless there are none.
    /// The second value: the key after which to go on.
    pub async fn snapshot(
        &self,
        after: &SnapshotKey,
        owners: &[String],
        recipients: &[String],
        read_at: Timestamp,
    ) -> Result<(Vec<SnapshotShare>, Option<SnapshotKey>), Error> {
        let id = if after.row.is_empty() { Some(uuid::Uuid::nil()) } else { ShareId::parse(&after.row).map(|id| id.0) };
        let id = id.ok_or_else(|| Error::Internal(anyhow!("the key of a snapshot names no share")))?;
        let mut values: Vec<Value> = vec![after.owner.as_str().into(), id.into()];
        let mut only = String::new();
        for (column, users) in [("shares.owner_id", owners), ("shares.recipient_id", recipients)] {
            if !users.is_empty() {
                let users = placeholders(&mut values, users, |user| user.as_str().into());
                only = format!("{only} AND {column} IN ({users})");
            }
        }
        let sql = format!(
            "SELECT shares.*, owners.version AS owner_version, owners.stops AS owner_stops FROM shares JOIN owners ON owners.owner_id = shares.owner_id
             WHERE (shares.owner_id, shares.id) > ($1, $2) {only}
             ORDER BY shares.owner_id, shares.id LIMIT {SNAPSHOT_PAGE}"
        );
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        let mut stops: Option<(UserId, Stops)> = None;
        let shares = rows.iter().map(|row| {
            let mut share: Share = Model::from_query_result(row, "").map_err(failed)?.try_into()?;
            // The rows of one owner follow each other.
            if stops.as_ref().is_none_or(|(owner, _)| *owner != share.owner) {
                let stored: Option<String> = row.try_get("", "owner_stops").map_err(failed)?;
                stops = Some((share.owner.clone(), read_stops(&share.owner, stored.as_deref())?));
            }
            if let Some((_, stops)) = &stops {
                stops.apply(&mut share);
            }
            Ok(SnapshotShare { share, owner_version: row.try_get("", "owner_version").map_err(failed)?, read_at })
        });
        let shares = shares.collect::<Result<Vec<_>, Error>>()?;
        let last = shares.last().filter(|_| shares.len() == SNAPSHOT_PAGE);
        let next = last.map(|last| key_of(&last.share));
        Ok((shares, next))
    }
}

/// The key of a share in a snapshot.
pub fn key_of(share: &Share) -> SnapshotKey {
    SnapshotKey { part: 0, owner: share.owner.to_string(), row: share.id.to_string() }
}
