//! Usage that quotas are checked against: counted in rows of `share_usage`, which are written under the owner's row.

use std::collections::BTreeMap;

use anyhow::anyhow;
use persistence::placeholders;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::{ShareChange, Store, failed};
use crate::{
    domain::{Share, Usage, UsageKind, UserId},
    error::Error,
};

/// The overhead of an ended share's row beside its ids.
pub(super) const ROW_BYTES: i64 = 512;

/// The usage of owner $1 as computed from shares, where it differs from the counters.
const DIFFERENCES: &str = "
    WITH counted AS (
        SELECT owner_id, user_id, kind, shares, ids, id_bytes FROM share_usage WHERE owner_id = $1
    ), open_share AS (
        SELECT * FROM shares WHERE owner_id = $1 AND ended_at IS NULL
    ), share_unit AS (
        SELECT recipient_id AS user_id, CASE WHEN parent_share_id IS NULL THEN 'own' ELSE 'reshared' END AS kind,
            id_count AS ids, id_bytes FROM open_share
        UNION ALL
        SELECT owner_id, CASE WHEN parent_share_id IS NULL THEN 'own_total' ELSE 'reshared_total' END,
            id_count, id_bytes FROM open_share
        UNION ALL
        SELECT creator_id, 'created', id_count, id_bytes FROM open_share WHERE parent_share_id IS NOT NULL
        UNION ALL
        SELECT creator_id, 'ended', id_count, id_bytes + 512 FROM shares WHERE owner_id = $1 AND ended_at IS NOT NULL
    ), added_up AS (
        SELECT user_id, kind, COUNT(*) AS shares, CAST(SUM(ids) AS BIGINT) AS ids,
            CAST(SUM(id_bytes) AS BIGINT) AS id_bytes
        FROM share_unit GROUP BY user_id, kind
    )
    SELECT COALESCE(counted.user_id, added_up.user_id) AS user_id, COALESCE(counted.kind, added_up.kind) AS kind,
        COALESCE(counted.shares, 0) AS shares, COALESCE(added_up.shares, 0) AS true_shares
    FROM counted FULL JOIN added_up ON counted.user_id = added_up.user_id AND counted.kind = added_up.kind
    WHERE COALESCE(counted.shares, 0) <> COALESCE(added_up.shares, 0)
        OR COALESCE(counted.ids, 0) <> COALESCE(added_up.ids, 0)
        OR COALESCE(counted.id_bytes, 0) <> COALESCE(added_up.id_bytes, 0)";

/// A counter that differs from the shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageDifference {
    /// The key of the counter.
    pub user: String,
    /// The counted usage.
    pub kind: String,
    /// Shares as counted, and as they are.
    pub shares: (i64, i64),
}

/// Usage with the share that is checked against a quota.
#[derive(Clone, Copy, Debug)]
pub struct PlannedUsage {
    /// The counted usage.
    pub kind: UsageKind,
    /// The usage with the share.
    pub total: Usage,
    /// The part of it that is not stored; zero unless the write is a dry run.
    pub unwritten: Usage,
}

impl From<(UsageKind, Usage)> for PlannedUsage {
    fn from((kind, total): (UsageKind, Usage)) -> Self {
        Self { kind, total, unwritten: Usage::default() }
    }
}

/// Changes of usage, added up by row.
#[derive(Debug, Default)]
pub(super) struct UsageChange(BTreeMap<(UserId, UsageKind), Usage>);

impl UsageChange {
    /// Adds `share` to the counters of open shares (`times` 1), or removes it (-1).
    pub(super) fn add(&mut self, share: &Share, times: i64) {
        for (kind, user) in share.usage_keys() {
            self.add_unit(kind, user, Usage::of(share), times);
        }
    }

    /// Adds `share` to the ended ones of its creator, or removes it.
    pub(super) fn add_ended(&mut self, share: &Share, times: i64) {
        let usage = Usage::of(share);
        let unit = Usage { id_bytes: usage.id_bytes + ROW_BYTES, ..usage };
        self.add_unit(UsageKind::Ended, share.creator.clone(), unit, times);
    }

    /// Replaces the share before a change by the one after it.
    pub(super) fn replace(&mut self, before: &Share, after: &Share) {
        self.count(before, -1);
        self.count(after, 1);
    }

    /// Adds `share` to the counters of open or of ended shares, or removes it.
    fn count(&mut self, share: &Share, times: i64) {
        if share.ended_at.is_none() {
            self.add(share, times);
        } else {
            self.add_ended(share, times);
        }
    }

    /// Counts a row that a statement marked as ended: it is `RETURNING` the columns of [`RETURNED`].
    pub(super) fn end_row(&mut self, row: &QueryResult) -> Result<(), Error> {
        self.remove_open_row(row)?;
        let returned = Returned::read(row)?;
        self.add_unit(UsageKind::Ended, returned.creator.clone(), returned.ended_usage(), 1);
        Ok(())
    }

    /// Removes an open row that a statement deleted.
    pub(super) fn remove_open_row(&mut self, row: &QueryResult) -> Result<(), Error> {
        let returned = Returned::read(row)?;
        for (kind, user) in returned.open_keys() {
            self.add_unit(kind, user, returned.usage, -1);
        }
        Ok(())
    }

    /// Counts an ended row that a statement deleted.
    pub(super) fn delete_row(&mut self, row: &QueryResult) -> Result<(), Error> {
        let returned = Returned::read(row)?;
        self.add_unit(UsageKind::Ended, returned.creator.clone(), returned.ended_usage(), -1);
        Ok(())
    }

    fn add_unit(&mut self, kind: UsageKind, user: UserId, unit: Usage, times: i64) {
        let usage = self.0.entry((user, kind)).or_default();
        let Usage { shares, ids, id_bytes } = unit;
        *usage = usage.plus(Usage { shares: shares * times, ids: ids * times, id_bytes: id_bytes * times });
    }
}

/// The columns by which a row is counted.
pub(super) const RETURNED: &str = "owner_id, recipient_id, creator_id, source, id_count, id_bytes";

struct Returned {
    owner: UserId,
    recipient: UserId,
    creator: UserId,
    is_reshare: bool,
    usage: Usage,
}

impl Returned {
    fn read(row: &QueryResult) -> Result<Self, Error> {
        let user = |column| {
            let id: String = row.try_get("", column).map_err(failed)?;
            UserId::parse(id).map_err(|error| Error::Internal(error.into()))
        };
        let source: String = row.try_get("", "source").map_err(failed)?;
        let number = |column| row.try_get::<i64>("", column).map_err(failed);
        Ok(Self {
            owner: user("owner_id")?,
            recipient: user("recipient_id")?,
            creator: user("creator_id")?,
            is_reshare: source == super::row::RESHARE,
            usage: Usage { shares: 1, ids: number("id_count")?, id_bytes: number("id_bytes")? },
        })
    }

    fn open_keys(&self) -> Vec<(UsageKind, UserId)> {
        if self.is_reshare {
            vec![
                (UsageKind::Reshared, self.recipient.clone()),
                (UsageKind::Created, self.creator.clone()),
                (UsageKind::ResharedTotal, self.owner.clone()),
            ]
        } else {
            vec![(UsageKind::Own, self.recipient.clone()), (UsageKind::OwnTotal, self.owner.clone())]
        }
    }

    fn ended_usage(&self) -> Usage {
        Usage { id_bytes: self.usage.id_bytes + ROW_BYTES, ..self.usage }
    }
}

impl ShareChange {
    /// The usage in which `share` is counted by `kind`.
    pub async fn usage(&self, share: &Share, kind: UsageKind) -> Result<Usage, Error> {
        const OF: &str =
            "SELECT shares, ids, id_bytes FROM share_usage WHERE owner_id = $1 AND user_id = $2 AND kind = $3";
        let Some((_, user)) = share.usage_keys().into_iter().find(|(counted, _)| *counted == kind) else {
            return Ok(Usage::default());
        };
        let values = vec![share.owner.as_str().into(), user.as_str().into(), kind.name().into()];
        let rows = self.query(OF, values).await?;
        let Some(row) = rows.first() else { return Ok(Usage::default()) };
        let number = |column| row.try_get::<i64>("", column).map_err(failed);
        Ok(Usage { shares: number("shares")?, ids: number("ids")?, id_bytes: number("id_bytes")? })
    }

    /// How many open shares `owner` has: their own, or those to `people`.
    pub async fn open_shares(&self, owner: &UserId, people: Option<&[UserId]>) -> Result<i64, Error> {
        let mut values: Vec<Value> = vec![owner.as_str().into()];
        let of = match people {
            None => "user_id = $1 AND kind = 'own_total'".to_owned(),
            Some(people) => {
                let people = placeholders(&mut values, people, |person| person.as_str().into());
                format!("user_id IN ({people}) AND kind IN ('own', 'reshared')")
            }
        };
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(shares), 0) AS BIGINT) AS shares FROM share_usage WHERE owner_id = $1 AND {of}"
        );
        let rows = self.query(&sql, values).await?;
        rows.first().map_or(Ok(0), |row| row.try_get("", "shares")).map_err(failed)
    }

    /// The usage with `after` in place of `before`, without writing it.
    pub async fn planned_usage(&self, before: Option<&Share>, after: &Share) -> Result<Vec<PlannedUsage>, Error> {
        let mut change = UsageChange::default();
        match before {
            Some(before) => change.replace(before, after),
            None => change.add(after, 1),
        }
        let mut planned = Vec::with_capacity(change.0.len());
        for ((_, kind), unwritten) in change.0 {
            let total = self.usage(after, kind).await?.plus(unwritten);
            planned.push(PlannedUsage { kind, total, unwritten });
        }
        Ok(planned)
    }

    /// Writes a change of usage, and returns the usage of every row that it touched.
    pub(super) async fn write_usage(
        &self,
        owner: &UserId,
        change: UsageChange,
    ) -> Result<Vec<(UsageKind, Usage)>, Error> {
        let units: Vec<_> = change.0.into_iter().filter(|(_, usage)| *usage != Usage::default()).collect();
        let mut written = Vec::with_capacity(units.len());
        for slice in units.chunks(MAX_UNITS) {
            written.extend(self.write_units(owner, slice).await?);
        }
        Ok(written)
    }

    async fn write_units(
        &self,
        owner: &UserId,
        units: &[((UserId, UsageKind), Usage)],
    ) -> Result<Vec<(UsageKind, Usage)>, Error> {
        let (sql, values) = usage_statement(owner, units);
        let mut written = Vec::with_capacity(units.len());
        let mut empty: BTreeMap<UsageKind, Vec<String>> = BTreeMap::new();
        for row in self.query(&sql, values).await? {
            let (user, kind, usage) = read_usage(&row)?;
            if usage.shares == 0 {
                empty.entry(kind).or_default().push(user);
            }
            written.push((kind, usage));
        }
        for (kind, users) in empty {
            let mut values: Vec<Value> = vec![owner.as_str().into(), kind.name().into()];
            let users = placeholders(&mut values, &users, |user| user.as_str().into());
            let sql = format!(
                "DELETE FROM share_usage WHERE owner_id = $1 AND kind = $2 AND shares = 0 AND user_id IN ({users})"
            );
            self.execute(&sql, values).await?;
        }
        Ok(written)
    }
}

/// The statement that adds to usage. It returns each row that it touched, for [`read_usage`].
fn usage_statement(owner: &UserId, units: &[((UserId, UsageKind), Usage)]) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![owner.as_str().into()];
    let mut rows = Vec::with_capacity(units.len());
    for ((user, kind), usage) in units {
        let first = values.len() + 1;
        rows.push(format!("($1, ${first}, ${}, ${}, ${}, ${})", first + 1, first + 2, first + 3, first + 4));
        values.extend([
            user.as_str().into(),
            kind.name().into(),
            usage.shares.into(),
            usage.ids.into(),
            usage.id_bytes.into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO share_usage (owner_id, user_id, kind, shares, ids, id_bytes) VALUES {}
         ON CONFLICT (owner_id, user_id, kind) DO UPDATE SET shares = share_usage.shares + excluded.shares,
             ids = share_usage.ids + excluded.ids, id_bytes = share_usage.id_bytes + excluded.id_bytes
         RETURNING user_id, kind, shares, ids, id_bytes",
        rows.join(", ")
    );
    (sql, values)
}

/// The statement that counts a new share, for [`read_usage`].
pub(super) fn count_statement(share: &Share) -> (String, Vec<Value>) {
    let mut usage = UsageChange::default();
    usage.count(share, 1);
    let units: Vec<_> = usage.0.into_iter().collect();
    usage_statement(&share.owner, &units)
}

/// The user, the kind and the usage of a row of [`usage_statement`].
pub(super) fn read_usage(row: &QueryResult) -> Result<(String, UsageKind, Usage), Error> {
    let (user, name): (String, String) =
        (row.try_get("", "user_id").map_err(failed)?, row.try_get("", "kind").map_err(failed)?);
    let kind = UsageKind::from_name(&name)
        .ok_or_else(|| Error::Internal(anyhow!("a row of usage has the unknown kind `{name}`")))?;
    let number = |column| row.try_get::<i64>("", column).map_err(failed);
    Ok((user, kind, Usage { shares: number("shares")?, ids: number("ids")?, id_bytes: number("id_bytes")? }))
}

/// Rows of usage that are written by one statement.
const MAX_UNITS: usize = 500;

impl Store {
    /// Where the counters of `owner` differ from their shares; empty unless the code is wrong.
    pub async fn usage_differences(&self, owner: &UserId) -> Result<Vec<UsageDifference>, Error> {
        let reader = self.database.reader();
        let statement =
            Statement::from_sql_and_values(reader.get_database_backend(), DIFFERENCES, [owner.as_str().into()]);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        rows.iter()
            .map(|row| {
                Ok(UsageDifference {
                    user: row.try_get("", "user_id").map_err(failed)?,
                    kind: row.try_get("", "kind").map_err(failed)?,
                    shares: (
                        row.try_get("", "shares").map_err(failed)?,
                        row.try_get("", "true_shares").map_err(failed)?,
                    ),
                })
            })
            .collect()
    }
}
