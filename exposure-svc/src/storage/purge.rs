//! Purges of access grants that have ended. No decision changes: an app without a grant sees what an app with an ended one sees.

use persistence::{and_none_of, placeholders};
use runtime::clock::Clock;
use sea_orm::{ConnectionTrait, Statement, Value};
use types::Timestamp;

use super::{ProfileChange, Store, failed};
use crate::{
    domain::{GrantId, UserId},
    error::Error,
};

/// Maximum number of grants that one change deletes.
pub const PURGE_SLICE: i64 = 1_000;
/// The size of a grant's row.
pub const GRANT_BYTES: i64 = 512;

impl ProfileChange {
    /// Deletes grants to the user's data that had ended by `ended_by`.
    pub async fn delete_grants(&self, grants: &[GrantId], ended_by: Timestamp) -> Result<u64, Error> {
        let mut values: Vec<Value> = vec![self.user().as_str().into(), ended_by.utc().into()];
        let ids = placeholders(&mut values, grants, |grant| grant.0.into());
        let sql = format!(
            "DELETE FROM app_access WHERE user_id = $1 AND (revoked_at <= $2 OR expires_at <= $2) AND id IN ({ids})"
        );
        let connection = self.connection();
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        connection.execute_raw(statement).await.map(|done| done.rows_affected()).map_err(failed)
    }
}

impl Store {
    /// The time by the clock of the database server.
    pub async fn server_time(&self, clock: &Clock) -> Result<Timestamp, Error> {
        self.database.server_time(clock).await.map_err(failed)
    }

    /// Grants that had ended by `ended_by`.
    pub async fn grants_ended_by(&self, ended_by: Timestamp) -> Result<Vec<(UserId, GrantId)>, Error> {
        const ENDED: &str = "
            SELECT user_id, id FROM app_access WHERE revoked_at IS NOT NULL AND revoked_at <= $1
            UNION
            SELECT user_id, id FROM app_access WHERE expires_at IS NOT NULL AND expires_at <= $1
            LIMIT $2";
        self.keys(ENDED, vec![ended_by.utc().into(), PURGE_SLICE.into()]).await
    }

    /// Grants that have expired at `at`, whose expiry was not announced, without those of the users of `except`.
    pub async fn grants_to_announce(&self, at: Timestamp, except: &[String]) -> Result<Vec<(UserId, GrantId)>, Error> {
        let mut values = vec![at.utc().into(), PURGE_SLICE.into()];
        let others = and_none_of(&mut values, "user_id", except);
        let expired = format!(
            "SELECT user_id, id FROM app_access
             WHERE expires_at IS NOT NULL AND expires_at <= $1 AND revoked_at IS NULL AND expiry_announced = FALSE{others}
             ORDER BY expires_at LIMIT $2"
        );
        self.keys(&expired, values).await
    }

    /// The next users after `after`, in the order of their ids, with how many of their grants were revoked.
    pub async fn revoked_grants_by_user(&self, after: &str) -> Result<Vec<(UserId, i64)>, Error> {
        const NEXT: &str = "
            SELECT user_id, COUNT(*) AS grants FROM app_access
            WHERE revoked_at IS NOT NULL AND user_id > $1 GROUP BY user_id ORDER BY user_id LIMIT $2";
        let rows = self.rows(NEXT, vec![after.into(), PURGE_SLICE.into()]).await?;
        rows.iter().map(|row| Ok((user_of(row)?, row.try_get("", "grants").map_err(failed)?))).collect()
    }

    /// The oldest `count` revoked grants to `user`'s data, [`PURGE_SLICE`] at most.
    pub async fn oldest_revoked_grants(&self, user: &UserId, count: i64) -> Result<Vec<(UserId, GrantId)>, Error> {
        const OLDEST: &str = "
            SELECT user_id, id FROM app_access WHERE user_id = $1 AND revoked_at IS NOT NULL ORDER BY revoked_at LIMIT $2";
        self.keys(OLDEST, vec![user.as_str().into(), count.min(PURGE_SLICE).into()]).await
    }

    async fn keys(&self, sql: &str, values: Vec<Value>) -> Result<Vec<(UserId, GrantId)>, Error> {
        let rows = self.rows(sql, values).await?;
        rows.iter().map(|row| Ok((user_of(row)?, GrantId(row.try_get("", "id").map_err(failed)?)))).collect()
    }

    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<sea_orm::QueryResult>, Error> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        reader.query_all_raw(statement).await.map_err(failed)
    }
}

fn user_of(row: &sea_orm::QueryResult) -> Result<UserId, Error> {
    let user: String = row.try_get("", "user_id").map_err(failed)?;
    UserId::parse(user).map_err(|error| Error::Internal(error.into()))
}
