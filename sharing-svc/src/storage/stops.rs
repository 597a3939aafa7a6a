//! Stops of owners (`owners.stops`), and the revocation of the shares that they end.

use std::collections::BTreeSet;

use persistence::{and_none_of, feed::EventLimit};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value};
use serde::{Deserialize, Serialize};
use types::{Actor, Id, Origin, Timestamp};

use super::{
    ShareChange, Store,
    change::OWNERS,
    entity::Model,
    failed,
    keys::{HAS_CHILD, parameters},
    usage::UsageChange,
};
use crate::{
    domain::{EventKind, Share, ShareId, Stop, Stops, UserId},
    error::Error,
};

/// Shares that one change revokes, so that it holds the owner's row for a short time.
const SLICE: i64 = 100;
/// Owners that one search returns.
const MAX_OWNERS: i64 = 100;

/// A stop in the column `owners.stops`.
#[derive(Serialize, Deserialize)]
struct StoredStop {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    people: Option<Vec<String>>,
    version: i64,
    at_micros: i64,
    /// `None`: the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    request_id: String,
}

/// Reads the stops of `owner` from the column.
pub(super) fn read_stops(owner: &UserId, column: Option<&str>) -> Result<Stops, Error> {
    let Some(document) = column else { return Ok(Stops::default()) };
    let stored: Vec<StoredStop> = serde_json::from_str(document).map_err(|error| Error::Internal(error.into()))?;
    let stop = |StoredStop { people, version, at_micros, service, request_id }| -> anyhow::Result<Stop> {
        let actor = service.map_or_else(|| Actor::User(owner.clone()), Actor::Service);
        let stopped_at = Timestamp::from_micros(at_micros)?;
        Ok(Stop {
            people: people.map(|people| people.into_iter().map(Id::parse).collect::<Result<_, _>>()).transpose()?,
            version,
            stopped_at,
            origin: Origin { actor, request_id },
        })
    };
    stored.into_iter().map(stop).collect::<anyhow::Result<_>>().map(Stops::new).map_err(Error::Internal)
}

fn write_stops(stops: &Stops) -> Result<Option<String>, Error> {
    if stops.is_empty() {
        return Ok(None);
    }
    let stored: Vec<_> = stops
        .iter()
        .map(|Stop { people, version, stopped_at, origin }| StoredStop {
            people: people.as_ref().map(|people| people.iter().map(ToString::to_string).collect()),
            version: *version,
            at_micros: stopped_at.utc().timestamp_micros(),
            service: match &origin.actor {
                Actor::User(_) => None,
                Actor::Service(id) | Actor::Operator(id) => Some(id.clone()),
                Actor::System => Some(String::new()),
            },
            request_id: origin.request_id.clone(),
        })
        .collect();
    serde_json::to_string(&stored).map(Some).map_err(|error| Error::Internal(error.into()))
}

impl ShareChange {
    /// Whether there is a row of `owner`: something is stored about them.
    pub async fn is_known(&self, owner: &UserId) -> Result<bool, Error> {
        Ok(OWNERS.version(self.connection(), owner.as_str()).await.map_err(failed)?.is_some())
    }

    /// The stops of `owner` that are not carried out.
    pub async fn stops(&self, owner: &UserId) -> Result<Stops, Error> {
        let rows = self.query("SELECT stops FROM owners WHERE owner_id = $1", vec![owner.as_str().into()]).await?;
        let column: Option<String> = rows.first().map_or(Ok(None), |row| row.try_get("", "stops")).map_err(failed)?;
        read_stops(owner, column.as_deref())
    }

    /// Replaces the stops of `owner`.
    pub async fn set_stops(&self, owner: &UserId, stops: &Stops) -> Result<(), Error> {
        let values = vec![owner.as_str().into(), write_stops(stops)?.into()];
        self.execute("UPDATE owners SET stops = $2 WHERE owner_id = $1", values).await.map(drop)
    }

    /// Revokes a slice of the shares after `after` that `stop` ends, and returns the last one; `None`: there are none. The owner's version
    /// must be raised.
    pub async fn carry_out(
        &self,
        owner: &UserId,
        stop: &Stop,
        after: ShareId,
        now: Timestamp,
    ) -> Result<Option<ShareId>, Error> {
        let mut values: Vec<Value> = vec![owner.as_str().into(), stop.version.into(), after.0.into()];
        let people = stop.people.as_ref().map(|people| people.iter().cloned().collect::<Vec<_>>());
        let of = condition_of(people.as_deref(), &mut values);
        let sql = format!(
            "SELECT * FROM shares WHERE owner_id = $1 AND created_version <= $2 AND id > $3
                 AND ended_permanently = FALSE AND {of} ORDER BY id LIMIT {SLICE}"
        );
        let rows = self.query(&sql, values).await?;
        let read = |row| Share::try_from(Model::from_query_result(row, "").map_err(failed)?);
        let shares = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = shares.last().map(|share| share.id) else { return Ok(None) };
        let stopped_at = stop.stopped_at.utc();
        let mut values: Vec<Value> = vec![owner.as_str().into(), stopped_at.into(), now.utc().into()];
        let ids: Vec<_> = shares.iter().map(|share| share.id).collect();
        let ids = parameters(&mut values, &ids);
        let sql = format!(
            "UPDATE shares SET revoked_at = $2, ended_at = COALESCE(ended_at, $2), ended_permanently = TRUE,
                 updated_at = $3, version = version + 1, sweep_below = {HAS_CHILD}
             WHERE owner_id = $1 AND id IN ({ids}) RETURNING id, sweep_below"
        );
        let mut with_reshares = std::collections::HashSet::new();
        for row in self.query(&sql, values).await? {
            if row.try_get("", "sweep_below").map_err(failed)? {
                with_reshares.insert(ShareId(row.try_get("", "id").map_err(failed)?));
            }
        }
        let mut usage = UsageChange::default();
        for share in &shares {
            let revoked = Share {
                revoked_at: Some(stop.stopped_at),
                ended_at: share.ended_at.or(Some(stop.stopped_at)),
                updated_at: now,
                version: share.version + 1,
                ..share.clone()
            };
            usage.replace(share, &revoked);
            self.record(EventKind::Revoked, &revoked, with_reshares.contains(&share.id), now);
        }
        self.write_usage(owner, usage).await?;
        Ok(Some(last))
    }

    /// Adds the event of a stop of everything, or of one person.
    pub fn record_stop(&self, person: Option<&UserId>, now: Timestamp) {
        self.record_of_owner(EventKind::Stopped, person, None, EventLimit::Exempt, now);
    }

    /// Those of `people` with whom `owner` has a share that has not ended permanently.
    pub async fn people_with_shares(&self, owner: &UserId, people: &[UserId]) -> Result<BTreeSet<UserId>, Error> {
        let mut values: Vec<Value> = vec![owner.as_str().into()];
        let people = persistence::placeholders(&mut values, people, |person| person.as_str().into());
        // An index each.
        let sql = format!(
            "SELECT recipient_id FROM shares WHERE owner_id = $1 AND recipient_id IN ({people}) AND ended_at IS NULL
             UNION
             SELECT recipient_id FROM shares
             WHERE owner_id = $1 AND recipient_id IN ({people}) AND ended_at IS NOT NULL AND ended_permanently = FALSE"
        );
        let person = |row: &QueryResult| {
            let id: String = row.try_get("", "recipient_id").map_err(failed)?;
            UserId::parse(id).map_err(|error| Error::Internal(error.into()))
        };
        self.query(&sql, values).await?.iter().map(person).collect()
    }
}

/// The condition for the shares of which a stop of `people` is the end; those below end with them.
fn condition_of(people: Option<&[UserId]>, values: &mut Vec<Value>) -> String {
    match people {
        None => "parent_share_id IS NULL".to_owned(),
        Some(people) => {
            let people = persistence::placeholders(values, people, |person| person.as_str().into());
            format!("recipient_id IN ({people})")
        }
    }
}

impl Store {
    /// Owners with stops that are not carried out, without those of `except`.
    pub async fn owners_with_stops(&self, except: &[String]) -> Result<Vec<UserId>, Error> {
        let mut values: Vec<Value> = vec![MAX_OWNERS.into()];
        let others = and_none_of(&mut values, "owner_id", except);
        let stopped = format!("SELECT owner_id FROM {} WHERE stops IS NOT NULL{others} LIMIT $1", OWNERS.name());
        self.owners(&stopped, values).await
    }

    /// The shares of `owner` after `after` that a stop at `version` ends, those that are revoked already included: of all shares, or of
    /// those to `people`. The second value: the share after which to go on. At most `limit` shares are returned, and `read` are read.
    pub async fn stopped_shares(
        &self,
        owner: &UserId,
        people: Option<&[UserId]>,
        version: i64,
        stopped_at: Timestamp,
        after: ShareId,
        (limit, read): (usize, usize),
    ) -> Result<(Vec<ShareId>, Option<ShareId>), Error> {
        let mut values: Vec<Value> = vec![
            owner.as_str().into(),
            after.0.into(),
            version.into(),
            stopped_at.utc().into(),
            i64::try_from(read).unwrap_or(i64::MAX).into(),
        ];
        let of = condition_of(people, &mut values);
        // Of shares that had ended before nothing is listed.
        let sql = format!(
            "SELECT id, created_version <= $3 AND {of}
                 AND (ended_permanently = FALSE OR COALESCE(revoked_at >= $4, FALSE)) AS is_ended
             FROM shares WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $5"
        );
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        let is_full = rows.len() == read;
        let (mut ended, mut last) = (Vec::new(), None);
        for row in &rows {
            if ended.len() == limit {
                return Ok((ended, last));
            }
            let id = ShareId(row.try_get("", "id").map_err(failed)?);
            if row.try_get("", "is_ended").map_err(failed)? {
                ended.push(id);
            }
            last = Some(id);
        }
        Ok((ended, last.filter(|_| is_full)))
    }
}
