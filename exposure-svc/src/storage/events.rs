//! Events of profiles, grants and tags, and snapshots of all of them.

use anyhow::{Context, anyhow};
use persistence::{
    feed::{
        EventFilter, EventLimit, EventRow, FeedHub, FeedPage, FeedPosition, HistoryPosition, NewEvent, SnapshotKey,
    },
    placeholders,
};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value};
use types::Timestamp;
use uuid::Uuid;

use super::{
    Store,
    entity::{app_access, profile, tag},
    failed,
};
use crate::{
    domain::{AppAccess, AppId, ChangedRow, EventKind, KnownTag, Profile, ProfileEvent, SnapshotRow, TagText, UserId},
    error::Error,
};

/// Rows of one read of a snapshot: some megabytes of the largest ones.
const SNAPSHOT_PAGE: usize = 50;

const PROFILE: &str = "profile";
const GRANT: &str = "grant";
const TAG: &str = "tag";
const USER: &str = "user";

/// The parts of a snapshot, in order: the table, its key and which rows count.
const PARTS: [(&str, &str, &str); 3] =
    [("profiles", "id", "TRUE"), ("app_access", "id", "TRUE"), ("tags", "tag_id", "name IS NOT NULL")];

/// The event of a profile; `after`: it is still there.
pub(super) fn profile_event(
    kind: EventKind,
    profile: &Profile,
    after: Option<&Profile>,
    at: Timestamp,
) -> Result<NewEvent, Error> {
    let after = after.map(profile::Model::try_from).transpose()?.map(serde_json::to_value).transpose();
    let after = after.context("cannot write the event of a profile").map_err(Error::Internal)?;
    Ok(event(kind, PROFILE, profile.id.to_string(), None, after, at))
}

pub(super) fn grant_event(kind: EventKind, access: &AppAccess, at: Timestamp) -> Result<NewEvent, Error> {
    let after = serde_json::to_value(app_access::Model::from(access));
    let after = after.context("cannot write the event of a grant").map_err(Error::Internal)?;
    Ok(event(kind, GRANT, access.id.to_string(), Some(access.app.to_string()), Some(after), at))
}

pub(super) fn tag_event(user: &UserId, tag: &KnownTag, at: Timestamp) -> Result<NewEvent, Error> {
    let KnownTag { id, name } = tag;
    let after = name.as_ref().map(|name| {
        serde_json::to_value(tag::Model {
            user_id: user.to_string(),
            tag_id: id.to_string(),
            name: Some(name.as_str().to_owned()),
        })
    });
    let after = after.transpose().context("cannot write the event of a tag").map_err(Error::Internal)?;
    // A tag may be called like a profile.
    Ok(event(EventKind::TagsChanged, TAG, format!("tag/{id}"), None, after, at))
}

/// An event about the user, and not about one row: every answer about them may have changed.
pub(super) fn user_event(kind: EventKind, app: Option<&AppId>, at: Timestamp) -> NewEvent {
    let of_user = event(kind, USER, String::new(), app.map(ToString::to_string), None, at);
    NewEvent { has_reshares: true, ..of_user }
}

fn event(
    kind: EventKind,
    subject: &'static str,
    row: String,
    other: Option<String>,
    after: Option<serde_json::Value>,
    occurred_at: Timestamp,
) -> NewEvent {
    NewEvent {
        kind: kind.name(),
        subject,
        row,
        other,
        creator: None,
        has_reshares: false,
        occurred_at,
        after,
        limit: EventLimit::Exempt,
    }
}

/// A row as an export has it: as it is stored, without what only the store needs.
pub fn document_of(row: &ChangedRow) -> Result<serde_json::Value, Error> {
    let document = match row {
        ChangedRow::Profile(profile) => serde_json::to_value(profile::Model::try_from(&**profile)?),
        ChangedRow::Grant(access) => serde_json::to_value(app_access::Model::from(access)),
        ChangedRow::Tag(KnownTag { id, name }) => {
            let name = name.as_ref().map(TagText::as_str);
            Ok(serde_json::json!({"tag_id": id.as_str(), "name": name}))
        }
    };
    let mut document = document.context("cannot write a row of an export").map_err(Error::Internal)?;
    if let Some(members) = document.as_object_mut() {
        for internal in ["user_id", "expiry_announced"] {
            members.remove(internal);
        }
    }
    Ok(document)
}

/// Whether an event is of a grant.
pub fn is_of_grant(row: &EventRow) -> bool {
    row.subject == GRANT
}

/// Reads an event.
pub fn read_event(row: &EventRow) -> anyhow::Result<ProfileEvent> {
    let read = |document: &Option<serde_json::Value>| {
        let Some(document) = document.clone() else { return Ok(None) };
        let unreadable = || format!("cannot read the {} of an event", row.subject);
        anyhow::Ok(Some(match row.subject.as_str() {
            PROFILE => {
                let model: profile::Model = serde_json::from_value(document).with_context(unreadable)?;
                ChangedRow::Profile(Box::new(model.try_into()?))
            }
            GRANT => {
                let model: app_access::Model = serde_json::from_value(document).with_context(unreadable)?;
                ChangedRow::Grant(model.try_into()?)
            }
            TAG => {
                let model: tag::Model = serde_json::from_value(document).with_context(unreadable)?;
                ChangedRow::Tag(model.try_into()?)
            }
            other => return Err(anyhow!("unknown kind of row `{other}`")),
        }))
    };
    Ok(ProfileEvent {
        id: format!("{}.{}", row.at.position, row.at.seq),
        occurred_at: row.occurred_at,
        actor: row.actor.clone(),
        request_id: row.request_id.clone(),
        kind: EventKind::from_name(&row.kind).ok_or_else(|| anyhow!("unknown kind of event `{}`", row.kind))?,
        user: row.owner.clone(),
        user_version: row.version,
        concerns_user: row.has_reshares,
        app: row.other.clone(),
        before: read(&row.before)?,
        after: read(&row.after)?,
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
        self.database.list_history(person.as_str(), before, &[], limit).await.map_err(failed)
    }

    /// Deletes a slice of the events before `cutoff`, and returns the number of changes.
    pub async fn prune_events(&self, cutoff: Timestamp) -> Result<usize, Error> {
        self.database.prune_feed(cutoff).await.map_err(failed)
    }

    /// The hub that feeds watchers.
    pub fn feed(&self) -> &FeedHub {
        &self.feed
    }

    /// Rows after `after`: profiles, then grants, then tags, each in the order of their users and ids; only of these users, and of
    /// grants only those of these apps, unless there are none. The second value: the key after which to go on.
    pub async fn snapshot(
        &self,
        after: &SnapshotKey,
        users: &[String],
        apps: &[String],
        read_at: Timestamp,
    ) -> Result<(Vec<(SnapshotKey, SnapshotRow)>, Option<SnapshotKey>), Error> {
        let unknown = || Error::Internal(anyhow!("the key of a snapshot names no row"));
        let part = after.part;
        let (table, key, condition) = PARTS.get(usize::from(part)).ok_or_else(unknown)?;
        let id: Value = match (*key, after.row.as_str()) {
            ("tag_id", row) => row.into(),
            (_, "") => Uuid::nil().into(),
            (_, row) => Uuid::try_parse(row).map_err(|_| unknown())?.into(),
        };
        let mut values: Vec<Value> = vec![after.owner.as_str().into(), id];
        let mut only = String::new();
        let of_apps = if *table == "app_access" { apps } else { &[] };
        for (column, ids) in [("row.user_id", users), ("row.app_id", of_apps)] {
            if !ids.is_empty() {
                let ids = placeholders(&mut values, ids, |id| id.as_str().into());
                only = format!("{only} AND {column} IN ({ids})");
            }
        }
        let sql = format!(
            "SELECT row.*, users.version AS user_version FROM {table} AS row JOIN users ON users.user_id = row.user_id
             WHERE (row.user_id, row.{key}) > ($1, $2) AND {condition} {only}
             ORDER BY row.user_id, row.{key} LIMIT {SNAPSHOT_PAGE}"
        );
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let found = reader.query_all_raw(statement).await.map_err(failed)?;
        let rows = found.iter().map(|row| snapshot_row(part, row, read_at)).collect::<Result<Vec<_>, _>>()?;
        let next = match rows.last() {
            Some((key, _)) if rows.len() == SNAPSHOT_PAGE => Some(key.clone()),
            Some(_) | None => Some(SnapshotKey { part: part + 1, ..SnapshotKey::default() }),
        };
        Ok((rows, next.filter(|next| usize::from(next.part) < PARTS.len())))
    }
}

fn snapshot_row(part: u8, row: &QueryResult, read_at: Timestamp) -> Result<(SnapshotKey, SnapshotRow), Error> {
    let user: String = row.try_get("", "user_id").map_err(failed)?;
    let (changed, id) = match part {
        0 => {
            let profile: Profile = profile::Model::from_query_result(row, "").map_err(failed)?.try_into()?;
            let id = profile.id.to_string();
            (ChangedRow::Profile(Box::new(profile)), id)
        }
        1 => {
            let access: AppAccess = app_access::Model::from_query_result(row, "").map_err(failed)?.try_into()?;
            let id = access.id.to_string();
            (ChangedRow::Grant(access), id)
        }
        _ => {
            let tag: KnownTag = tag::Model::from_query_result(row, "").map_err(failed)?.try_into()?;
            let id = tag.id.to_string();
            (ChangedRow::Tag(tag), id)
        }
    };
    let key = SnapshotKey { part, owner: user.clone(), row: id };
    let user = UserId::parse(user).map_err(|error| Error::Internal(error.into()))?;
    let user_version = row.try_get("", "user_version").map_err(failed)?;
    Ok((key, SnapshotRow { row: changed, user, user_version, read_at }))
}
