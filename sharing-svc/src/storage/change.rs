//! One change of one owner's shares: one transaction, which also stores the response for a repeat of the request.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow};
use persistence::{
    Change, ChangePermit, DatabaseErrorKind, Isolation, Lock, Priority, StoredBytes, VersionTable,
    feed::{EventLimit, EventLog, NewEvent, Recorded},
    idempotency::{self, IdempotentRequest, Lookup, Stored},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryResult, Value,
};
use types::{Origin, Timestamp};

use super::{
    Store,
    chains::{read_chains_inline, with_links},
    entity::{ActiveModel, Column, Entity, Model},
    events::{event, owner_event},
    failed,
    insertion::{Inserted, Siblings, context_of, insert_statement, siblings_statement},
    stored_response::StoredResponse,
    timed_out,
    usage::UsageChange,
};
use crate::{
    domain::{EventKind, Share, ShareId, ShareView, Usage, UsageKind, UserId, access::Chain},
    error::Error,
};

/// One row per owner.
pub const OWNERS: VersionTable = VersionTable::new("owners", "owner_id");

/// Revokes share $2 of owner $1 at $3, over version $4. The shares below are left to upkeep.
const REVOKE: &str = "
    UPDATE shares SET revoked_at = $3, ended_at = $3, ended_permanently = TRUE, updated_at = $3, version = version + 1,
        sweep_below = EXISTS (
            SELECT 1 FROM shares child WHERE child.owner_id = $1 AND child.parent_share_id = $2
        )
    WHERE owner_id = $1 AND id = $2 AND version = $4
    RETURNING sweep_below";

/// Whether shares hang below share $2 of owner $1.
const HAS_RESHARES: &str = "
    SELECT EXISTS (
        SELECT 1 FROM shares child
        WHERE child.owner_id = $1 AND child.parent_share_id = $2 AND child.parent_share_id IS NOT NULL
    ) AS has_reshares";

/// A change in progress. Dropped without [`commit`](Self::commit) it leaves no trace.
pub struct ShareChange {
    change: Change,
    stored_bytes: StoredBytes,
    /// The events of the change; `None`: it has no owner, and only reads.
    log: Option<EventLog>,
    is_raised: AtomicBool,
}

impl Store {
    /// Begins a change of `owner`'s shares. It waits for other changes of this owner, and for the first request with the same
    /// idempotency key, before it takes a connection.
    pub async fn begin(
        &self,
        owner: Option<(&UserId, Priority<'_>)>,
        request: Option<&IdempotentRequest>,
        origin: Origin,
    ) -> Result<ShareChange, Error> {
        self.begin_as(owner, request, origin, Isolation::ReadCommitted).await
    }

    /// The same for a change that may read what the owner's changes before it have not committed.
    pub async fn begin_as(
        &self,
        owner: Option<(&UserId, Priority<'_>)>,
        request: Option<&IdempotentRequest>,
        origin: Origin,
        isolation: Isolation,
    ) -> Result<ShareChange, Error> {
        let mut permits = Vec::with_capacity(2);
        if let Some(request) = request {
            let permit = self.database.queue(&request.lock(), Priority::First).await;
            permits.push(permit.map_err(|_| Error::IdempotencyKeyInFlight)?);
        }
        self.begin_with(permits, owner, origin, isolation).await
    }

    /// Begins a change that imports shares of `owner`. One runs at a time: the ids of its shares are chosen elsewhere, and no two owners
    /// may have the same.
    pub async fn begin_import(&self, owner: &UserId, origin: Origin) -> Result<ShareChange, Error> {
        let imports = Lock::new("imports of", "shares");
        let permits = vec![self.database.queue(&imports, Priority::First).await.map_err(timed_out)?];
        let owner = Some((owner, Priority::FairlyFor("")));
        let change = self.begin_with(permits, owner, origin, Isolation::ReadCommitted).await?;
        change.change.lock(&imports).await.map_err(failed)?;
        Ok(change)
    }

    async fn begin_with(
        &self,
        mut permits: Vec<ChangePermit>,
        owner: Option<(&UserId, Priority<'_>)>,
        origin: Origin,
        isolation: Isolation,
    ) -> Result<ShareChange, Error> {
        if let Some((owner, priority)) = owner {
            let lock = Lock::new("shares of", owner.as_str());
            permits.push(self.database.queue_as(&lock, priority, isolation).await.map_err(timed_out)?);
        }
        let change = self.database.begin(permits).await.map_err(failed)?;
        let log =
            owner.map(|(owner, _)| self.database.event_log(OWNERS, owner.as_str(), origin, self.stored_bytes.events));
        let (stored_bytes, is_raised) = (self.stored_bytes, AtomicBool::new(false));
        Ok(ShareChange { change, stored_bytes, log, is_raised })
    }
}

impl ShareChange {
    /// The stored response of `request`; waits for a first request in flight in another process.
    pub async fn lookup(&self, request: &IdempotentRequest, now: Timestamp) -> Result<Option<ShareView>, Error> {
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
                let kept: StoredResponse = serde_json::from_value(answer)
                    .context("cannot read a response stored under an idempotency key")
                    .map_err(Error::Internal)?;
                kept.into_view().map(Some)
            }
        }
    }

    /// Takes the owner's row until the end of this change, and raises their version: the change writes an event. What is read
    /// after it stands still: a re-share never meets its parent's revocation halfway.
    pub async fn raise_owner(&self, owner: &UserId, now: Timestamp) -> Result<i64, Error> {
        self.is_raised.store(true, Ordering::SeqCst);
        OWNERS.raise(&self.change, owner.as_str(), now).await.map_err(failed)
    }

    /// Raises the owner's version unless this change has raised it.
    pub(super) async fn raise_once(&self, owner: &UserId, now: Timestamp) -> Result<(), Error> {
        if self.is_raised.load(Ordering::SeqCst) { Ok(()) } else { self.raise_owner(owner, now).await.map(drop) }
    }

    /// Adds an event of a share of the owner of this change.
    pub(super) fn record(&self, kind: EventKind, share: &Share, has_reshares: bool, now: Timestamp) {
        if let Some(log) = &self.log {
            log.record(event(kind, share, has_reshares, now));
        }
    }

    /// Adds an event about the owner of this change.
    pub(super) fn record_of_owner(
        &self,
        kind: EventKind,
        person: Option<&UserId>,
        creator: Option<&UserId>,
        limit: EventLimit,
        now: Timestamp,
    ) {
        if let Some(log) = &self.log {
            log.record(owner_event(kind, person, creator, limit, now));
        }
    }

    /// Locks the owner's row until the end of this change without raising the version: no access changes.
    pub async fn lock_owner(&self, owner: &UserId) -> Result<(), Error> {
        OWNERS.lock(&self.change, owner.as_str()).await.map_err(failed)
    }

    /// Whether another owner has a share with this id.
    pub async fn is_share_of_another(&self, owner: &UserId, id: ShareId) -> Result<bool, Error> {
        const OWNERS_OF_ID: &str = "SELECT owner_id FROM shares WHERE id = $1";
        let rows = self.change.query(OWNERS_OF_ID, vec![id.0.into()]).await.map_err(failed)?;
        for row in rows {
            if row.try_get::<String>("", "owner_id").map_err(failed)? != owner.as_str() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A share of `owner`, with those above it.
    pub async fn chain(&self, owner: &UserId, id: ShareId) -> Result<Option<Chain>, Error> {
        const OF_OWNER: &str = "SELECT * FROM shares WHERE owner_id = $1 AND id = $2";
        let connection = self.change.connection();
        let sql = with_links(connection.get_database_backend(), OF_OWNER, Some("$1"));
        let values = vec![owner.as_str().into(), id.0.into()];
        Ok(read_chains_inline(connection, &sql, values).await?.pop())
    }

    /// The context of `share` at `now`.
    pub async fn siblings(&self, share: &Share, now: Timestamp) -> Result<Siblings, Error> {
        let (sql, values) = siblings_statement(share, now);
        let rows = self.query(&sql, values).await?;
        Siblings::read(rows.first())
    }

    /// Raises the owner's version as [`raise_owner`](Self::raise_owner) does, and [inserts](Self::insert) `share`, with its
    /// `created_version` set to it.
    pub async fn raise_and_insert(&self, mut share: Share, now: Timestamp) -> Result<(Share, Inserted), Error> {
        let log = self.log.as_ref().ok_or_else(|| Error::Internal(anyhow!("a change without an owner")))?;
        self.is_raised.store(true, Ordering::SeqCst);
        let created = NewEvent { limit: EventLimit::Enforced, ..event(EventKind::Created, &share, false, now) };
        let insertion = insert_statement(&share, "{version}");
        let raised = log.raise_and_insert(&self.change, insertion, created, context_of(&share, now)).await;
        let (version, rows) = raised.map_err(failed)?;
        share.created_version = version;
        Ok((share, Inserted::read(rows.into_iter())?))
    }

    /// Inserts a share and counts it. The caller checks the result; a share that must not be is not committed.
    pub async fn insert(&self, share: &Share, now: Timestamp) -> Result<Inserted, Error> {
        self.insert_with(share, now, EventLimit::Enforced).await
    }

    /// The same for an import, which quotas do not refuse.
    pub async fn insert_imported(&self, share: &Share, now: Timestamp) -> Result<Inserted, Error> {
        self.insert_with(share, now, EventLimit::Exempt).await
    }

    /// A share has ended, and a new one hangs below it: that one is to be marked too.
    pub async fn sweep_below(&self, owner: &UserId, ended: ShareId) -> Result<(), Error> {
        const SWEEP: &str =
            "UPDATE shares SET sweep_below = TRUE WHERE owner_id = $1 AND id = $2 AND ended_permanently = TRUE";
        self.execute(SWEEP, vec![owner.as_str().into(), ended.0.into()]).await.map(drop)
    }

    async fn insert_with(&self, share: &Share, now: Timestamp, limit: EventLimit) -> Result<Inserted, Error> {
        const RAISED: &str = "(SELECT version FROM owners WHERE owner_id = $1)";
        let (sql, values) = insert_statement(share, RAISED);
        let mut batch = context_of(share, now);
        batch.add(sql, values);
        if let Some(log) = &self.log {
            log.record(NewEvent { limit, ..event(EventKind::Created, share, false, now) });
        }
        Inserted::read(self.change.query_batch(batch).await.map_err(failed)?.into_iter())
    }

    /// Writes a share over the version it was changed from, and returns the usage that changed with it.
    pub async fn update(&self, before: &Share, after: &Share) -> Result<Vec<(UsageKind, Usage)>, Error> {
        let row: ActiveModel = Model::from(after).into_active_model().reset_all();
        let written = Entity::update_many()
            .set(row)
            .filter(Column::OwnerId.eq(before.owner.as_str()))
            .filter(Column::Id.eq(before.id.0))
            .filter(Column::Version.eq(before.version))
            .exec(self.change.connection())
            .await
            .map_err(failed)?;
        one_row(written.rows_affected, before)?;
        let now = after.updated_at;
        let has_reshares = self.has_reshares(before).await?;
        if let Some(log) = &self.log {
            let is_wider = after.terms.is_wider_than(&before.terms);
            let limit = if is_wider { EventLimit::Enforced } else { EventLimit::Exempt };
            let event = event(EventKind::of_update(before, after, now), after, has_reshares, now);
            log.record(NewEvent { limit, ..event });
        }
        let mut usage = UsageChange::default();
        usage.replace(before, after);
        self.write_usage(&before.owner, usage).await
    }

    /// Revokes a share: writes its row, and none of those below.
    pub async fn revoke(&self, before: &Share, now: Timestamp) -> Result<Share, Error> {
        let revoked = before.revoked(now);
        let values = vec![before.owner.as_str().into(), before.id.0.into(), now.utc().into(), before.version.into()];
        let rows = self.query(REVOKE, values).await?;
        one_row(rows.len() as u64, before)?;
        let has_reshares = rows.first().map_or(Ok(false), |row| row.try_get("", "sweep_below")).map_err(failed)?;
        self.record(EventKind::Revoked, &revoked, has_reshares, now);
        let mut usage = UsageChange::default();
        usage.replace(before, &revoked);
        self.write_usage(&before.owner, usage).await?;
        Ok(revoked)
    }

    async fn has_reshares(&self, share: &Share) -> Result<bool, Error> {
        let rows = self.query(HAS_RESHARES, vec![share.owner.as_str().into(), share.id.0.into()]).await?;
        rows.first().map_or(Ok(false), |row| row.try_get("", "has_reshares")).map_err(failed)
    }

    /// Commits the change with its events and, for an idempotent request, its response.
    pub async fn commit(self, answer: Option<(&IdempotentRequest, &ShareView)>) -> Result<(), Error> {
        if let Some(log) = &self.log {
            match log.write(&self.change).await.map_err(failed)? {
                Recorded::Ok => {}
                Recorded::QuotaExceeded => return Err(Error::TooManyEvents),
            }
        }
        if let Some((request, view)) = answer {
            let kept = serde_json::to_value(StoredResponse::from(view))
                .context("cannot store a response")
                .map_err(Error::Internal)?;
            let created_at = view.share.created_at;
            let stored =
                idempotency::store(&self.change, request, kept, created_at, self.stored_bytes.kept_answers).await;
            match stored.map_err(failed)? {
                Stored::Ok => {}
                Stored::QuotaExceeded => return Err(Error::TooManyKeptAnswers),
            }
        }
        self.change.commit().await.map_err(failed)?;
        if let Some(log) = &self.log {
            log.committed();
        }
        Ok(())
    }

    /// Ends the change without what it wrote. What it has read is committed then: a change that returns what it has read ends with this.
    pub async fn roll_back(self) -> Result<(), Error> {
        self.change.roll_back().await.map_err(failed)
    }

    pub(super) fn connection(&self) -> &impl ConnectionTrait {
        self.change.connection()
    }

    pub(super) async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, Error> {
        self.change.execute(sql, values).await.map_err(failed)
    }

    pub(super) async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Error> {
        self.change.query(sql, values).await.map_err(failed)
    }

    /// For locks in addition to the owner's row.
    pub(super) async fn lock(&self, lock: &Lock) -> Result<(), Error> {
        self.change.lock(lock).await.map_err(failed)
    }
}

fn one_row(rows: u64, share: &Share) -> Result<(), Error> {
    if rows == 1 { Ok(()) } else { Err(Error::Internal(anyhow!("share {} changed under its owner's lock", share.id))) }
}
