//! One change of one person's profiles, grants or tags: one transaction, which also keeps the answer for a repeat of the
//! request.

use std::sync::OnceLock;

use anyhow::{Context, anyhow};
use persistence::{
    Change, DatabaseErrorKind, Lock, Priority, StoredBytes, VersionTable,
    feed::{EventLimit, EventLog, NewEvent, Recorded},
    idempotency::{self, IdempotentRequest, Lookup, Stored},
};
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use service::consistency::Stamp;
use types::{Origin, Timestamp};

use super::{
    Store,
    entity::profile::{ActiveModel, Column, Entity, Model},
    events::{profile_event, user_event},
    failed,
};
use crate::{
    domain::{AppId, EventKind, Profile, ShownProfile, UserId, Warning},
    error::Error,
};

/// One row per user.
pub const USERS: VersionTable = VersionTable::new("users", "user_id");

/// A change in progress. Dropped without [`commit`](Self::commit) it leaves no trace.
pub struct ProfileChange {
    change: Change,
    user: UserId,
    stored_bytes: StoredBytes,
    log: EventLog,
    /// The version that this change makes, and when.
    raised: OnceLock<(i64, Timestamp)>,
}

/// A profile in its first response under an idempotency key.
#[derive(Clone, Debug)]
pub struct KeptProfile {
    /// The profile as it was shown.
    pub shown: ShownProfile,
    /// Whether it was made by that request.
    pub created: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredResponse {
    profile: Model,
    warnings: Vec<Warning>,
    created: bool,
}

impl Store {
    /// Begins a change of `user`'s profiles, grants or tags. It waits for other changes of this user, and for the first request
    /// with the same idempotency key, before it takes a connection.
    pub async fn begin(
        &self,
        user: &UserId,
        request: Option<&IdempotentRequest>,
        origin: Origin,
    ) -> Result<ProfileChange, Error> {
        let mut permits = Vec::with_capacity(2);
        if let Some(request) = request {
            let permit = self.database.queue(&request.lock(), Priority::First).await;
            permits.push(permit.map_err(|_| Error::IdempotencyKeyInFlight)?);
        }
        let permit = self.database.queue(&Lock::new("profiles of", user.as_str()), Priority::First).await;
        permits.push(permit.map_err(|timeout| Error::Unavailable(anyhow!(timeout)))?);
        let change = self.database.begin(permits).await.map_err(failed)?;
        let log = self.database.event_log(USERS, user.as_str(), origin, self.stored_bytes.events);
        let (user, stored_bytes) = (user.clone(), self.stored_bytes);
        Ok(ProfileChange { change, user, stored_bytes, log, raised: OnceLock::new() })
    }
}

impl ProfileChange {
    /// The stored response of `request`, if it is idempotent; waits for a first request in flight in another process.
    pub async fn replay(
        &self,
        request: Option<&IdempotentRequest>,
        now: Timestamp,
    ) -> Result<Option<KeptProfile>, Error> {
        let Some(request) = request else { return Ok(None) };
        self.change.lock(&request.lock()).await.map_err(|error| match DatabaseErrorKind::of(&error) {
            DatabaseErrorKind::Contended => Error::IdempotencyKeyInFlight,
            DatabaseErrorKind::Duplicate
            | DatabaseErrorKind::Unavailable
            | DatabaseErrorKind::Unwritable
            | DatabaseErrorKind::Internal => failed(error),
        })?;
        match idempotency::lookup(&self.change, request, now).await.map_err(failed)? {
            Lookup::Unknown => Ok(None),
            Lookup::Reused => Err(Error::IdempotencyKeyReused),
            Lookup::Answered(answer) => {
                let StoredResponse { profile, warnings, created } = serde_json::from_value(answer)
                    .context("cannot read a response stored under an idempotency key")
                    .map_err(Error::Internal)?;
                Ok(Some(KeptProfile { shown: ShownProfile { profile: profile.try_into()?, warnings }, created }))
            }
        }
    }

    /// Takes the user's row until the end of this change, and raises their version. What is read after it stays as it is: there is
    /// never a second default, nor a grant whose profile was deleted meanwhile.
    pub async fn raise_user(&self, now: Timestamp) -> Result<(), Error> {
        let version = USERS.raise(&self.change, self.user.as_str(), now).await.map_err(failed)?;
        self.raised.get_or_init(|| (version, now));
        Ok(())
    }

    /// The version that this change makes; `None`: it raises none.
    pub fn stamp(&self) -> Option<Stamp> {
        let (version, time) = *self.raised.get()?;
        Some(Stamp { owner: self.user.to_string(), version, time })
    }

    /// The version before this change, for one that is not committed.
    pub fn stamp_before(&self) -> Option<Stamp> {
        self.stamp().map(|stamp| Stamp { version: stamp.version - 1, ..stamp })
    }

    /// The same, if the user's version is the expected one; returns whether it is.
    pub async fn raise_user_from(&self, version: Option<i64>, now: Timestamp) -> Result<bool, Error> {
        let user = self.user.as_str();
        let raised = match version {
            Some(version) => {
                let raised = USERS.raise(&self.change, user, now).await.map_err(failed)?;
                (raised == version + 1).then_some(raised)
            }
            None => USERS.create_row(&self.change, user, now).await.map_err(failed)?,
        };
        let Some(version) = raised else { return Ok(false) };
        self.raised.get_or_init(|| (version, now));
        Ok(true)
    }

    /// Locks the user's row until the end of this change without raising the version: no decision changes.
    pub async fn lock_user(&self) -> Result<(), Error> {
        USERS.lock(&self.change, self.user.as_str()).await.map_err(failed)
    }

    /// Writes a profile that is new. `limit`: whether the limit of events applies.
    pub async fn insert(&self, profile: &Profile, limit: EventLimit) -> Result<(), Error> {
        let row = Model::try_from(profile)?.into_active_model();
        Entity::insert(row).exec_without_returning(self.connection()).await.map_err(failed)?;
        let at = self.raised_at(profile.created_at);
        let event = profile_event(EventKind::Created, profile, Some(profile), at)?;
        self.log.record(NewEvent { limit, ..event });
        Ok(())
    }

    /// When the user's version was raised; `otherwise`, if it was not.
    pub(super) fn raised_at(&self, otherwise: Timestamp) -> Timestamp {
        self.raised.get().map_or(otherwise, |(_, at)| *at)
    }

    /// Adds an event about the user, and not about one row.
    pub fn record_of_user(&self, kind: EventKind, app: Option<&AppId>, now: Timestamp) {
        self.log.record(user_event(kind, app, now));
    }

    /// Adds an event.
    pub(super) fn record(&self, event: NewEvent) {
        self.log.record(event);
    }

    /// Writes a profile over the version it was changed from, or not at all. `limit`: whether the limit of events applies.
    pub async fn update(&self, before: &Profile, after: &Profile, limit: EventLimit) -> Result<(), Error> {
        let row: ActiveModel = Model::try_from(after)?.into_active_model().reset_all();
        let written = Entity::update_many()
            .set(row)
            .filter(Column::UserId.eq(before.owner.as_str()))
            .filter(Column::Id.eq(before.id.0))
            .filter(Column::Version.eq(before.version))
            .exec(self.connection())
            .await
            .map_err(failed)?;
        one_row(written.rows_affected, before)?;
        let at = self.raised_at(after.updated_at);
        let event = profile_event(EventKind::of_update(before, after), after, Some(after), at)?;
        self.log.record(NewEvent { limit, ..event });
        Ok(())
    }

    /// Removes a profile at the version it was read at, or not at all.
    pub async fn delete(&self, profile: &Profile) -> Result<(), Error> {
        let deleted = Entity::delete_many()
            .filter(Column::UserId.eq(profile.owner.as_str()))
            .filter(Column::Id.eq(profile.id.0))
            .filter(Column::Version.eq(profile.version))
            .exec(self.connection())
            .await
            .map_err(failed)?;
        one_row(deleted.rows_affected, profile)?;
        let at = self.raised_at(profile.updated_at);
        self.log.record(profile_event(EventKind::Deleted, profile, None, at)?);
        Ok(())
    }

    /// Commits the change with its events and, for an idempotent request, its response.
    pub async fn commit(self, answer: Option<(&IdempotentRequest, &KeptProfile, Timestamp)>) -> Result<(), Error> {
        match self.log.write(&self.change).await.map_err(failed)? {
            Recorded::Ok => {}
            Recorded::QuotaExceeded => return Err(Error::TooManyEvents),
        }
        if let Some((request, KeptProfile { shown: ShownProfile { profile, warnings }, created }, now)) = answer {
            let kept =
                StoredResponse { profile: Model::try_from(profile)?, warnings: warnings.clone(), created: *created };
            let kept = serde_json::to_value(kept).context("cannot store a response").map_err(Error::Internal)?;
            let stored = idempotency::store(&self.change, request, kept, now, self.stored_bytes.kept_answers).await;
            match stored.map_err(failed)? {
                Stored::Ok => {}
                Stored::QuotaExceeded => return Err(Error::TooManyKeptAnswers),
            }
        }
        self.change.commit().await.map_err(failed)?;
        self.log.committed();
        Ok(())
    }

    /// Ends the change without what it wrote.
    pub async fn roll_back(self) -> Result<(), Error> {
        self.change.roll_back().await.map_err(failed)
    }

    pub(super) fn change(&self) -> &Change {
        &self.change
    }

    pub(super) fn user(&self) -> &UserId {
        &self.user
    }

    pub(super) fn connection(&self) -> &DatabaseTransaction {
        self.change.connection()
    }
}

fn one_row(rows: u64, profile: &Profile) -> Result<(), Error> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::Internal(anyhow!("profile {} changed under its owner's lock", profile.id)))
    }
}
