//! Daily rows of who used whose data: a person whose data it is, the other party (a person, or an app), and a day.
//!
//! They are written in batches, never by a decision. No decision and no event depends on them, so they do not raise the person's version.

use ::types::Timestamp;
use sea_orm::{DbErr, QueryResult, Value, prelude::ChronoDateTimeUtc};
use sea_orm_migration::{
    prelude::{DeriveIden, Index, SchemaManager, Table},
    schema::{big_integer, timestamp_with_time_zone},
};

use crate::{Change, Database, Dialect, placeholders};

/// Rows that one transaction writes or deletes.
const SLICE: usize = 500;

#[derive(DeriveIden)]
enum UsageDays {
    Table,
    OwnerId,
    OtherId,
    Day,
    LastAt,
    Asked,
    Shown,
}

/// What the other party of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherParty {
    /// A person.
    Person,
    /// An app.
    App,
}

/// The use of one person's data by one other party on one day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageDay {
    /// The person whose data it is.
    pub owner: String,
    /// The other party.
    pub other: String,
    /// The day, counted from 1970-01-01 UTC.
    pub day: i64,
    /// The last use.
    pub last_at: Timestamp,
    /// Decisions that were asked for.
    pub asked: i64,
    /// Those that were a yes.
    pub shown: i64,
}

/// The use of one person's data by one other party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageTotal {
    /// The other party.
    pub other: String,
    /// The last use.
    pub last_at: Timestamp,
    /// Decisions that were asked for in the period.
    pub asked: i64,
    /// Those that were a yes.
    pub shown: i64,
}

impl UsageDay {
    /// The day of a time.
    pub fn day_of(time: Timestamp) -> i64 {
        time.utc().timestamp().div_euclid(24 * 60 * 60)
    }

    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            owner: row.try_get("", "owner_id")?,
            other: row.try_get("", "other_id")?,
            day: row.try_get("", "day")?,
            last_at: timestamp(row)?,
            asked: row.try_get("", "asked")?,
            shown: row.try_get("", "shown")?,
        })
    }
}

fn timestamp(row: &QueryResult) -> Result<Timestamp, DbErr> {
    let at: ChronoDateTimeUtc = row.try_get("", "last_at")?;
    Timestamp::new(at).map_err(|error| DbErr::Type(error.to_string()))
}

/// Creates the table; a step of each service's first migration.
pub async fn create_usage_days(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let dialect = Dialect::of(manager);
    let mut table = Table::create();
    table
        .table(UsageDays::Table)
        .col(dialect.person(UsageDays::OwnerId))
        .col(dialect.person(UsageDays::OtherId))
        .col(big_integer(UsageDays::Day))
        .col(timestamp_with_time_zone(UsageDays::LastAt))
        .col(big_integer(UsageDays::Asked))
        .col(big_integer(UsageDays::Shown))
        .primary_key(
            Index::create().name("usage_days_pk").col(UsageDays::OwnerId).col(UsageDays::OtherId).col(UsageDays::Day),
        );
    manager.create_table(dialect.compact(&mut table)).await?;
    for (name, column) in [("usage_days_by_day", UsageDays::Day), ("usage_days_by_other", UsageDays::OtherId)] {
        let index = Index::create().name(name).table(UsageDays::Table).col(column).to_owned();
        manager.create_index(index).await?;
    }
    Ok(())
}

impl Database {
    /// Adds to the daily rows, in one transaction: rows with different keys, in the order of these, so that two replicas wait for each other in
    /// one order. They are at most a few hundred.
    pub async fn add_usage(&self, rows: &[UsageDay]) -> Result<(), DbErr> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut values: Vec<Value> = Vec::with_capacity(rows.len() * 6);
        let mut tuples = Vec::with_capacity(rows.len());
        for UsageDay { owner, other, day, last_at, asked, shown } in rows {
            let first = values.len() + 1;
            let [owner_at, other_at, day_at, last, asked_at, shown_at] =
                std::array::from_fn(|offset| format!("${}", first + offset));
            tuples.push(format!("({owner_at}, {other_at}, {day_at}, {last}, {asked_at}, {shown_at})"));
            values.extend([
                owner.as_str().into(),
                other.as_str().into(),
                (*day).into(),
                last_at.utc().into(),
                (*asked).into(),
                (*shown).into(),
            ]);
        }
        let sql = format!(
            "INSERT INTO usage_days (owner_id, other_id, day, last_at, asked, shown) VALUES {}
             ON CONFLICT (owner_id, other_id, day) DO UPDATE SET
                 last_at = CASE WHEN excluded.last_at > usage_days.last_at THEN excluded.last_at ELSE usage_days.last_at END,
                 asked = usage_days.asked + excluded.asked, shown = usage_days.shown + excluded.shown",
            tuples.join(", ")
        );
        let change = self.begin(Vec::new()).await?;
        change.execute(&sql, values).await?;
        change.commit().await
    }

    /// The first day of which there is a row; `None`: nothing was counted.
    pub async fn usage_began(&self) -> Result<Option<i64>, DbErr> {
        let rows = self.feed_rows("SELECT MIN(day) AS day FROM usage_days", Vec::new()).await?;
        rows.first().map_or(Ok(None), |row| row.try_get("", "day"))
    }

    /// The use of `owner`'s data by each of `others`, counted from the day `since`; without those who never used it.
    pub async fn usage_totals(&self, owner: &str, others: &[String], since: i64) -> Result<Vec<UsageTotal>, DbErr> {
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let mut values: Vec<Value> = vec![owner.into(), since.into()];
        let others = placeholders(&mut values, others, |other| other.as_str().into());
        let sql = format!(
            "SELECT other_id, MAX(last_at) AS last_at,
                 CAST(SUM(CASE WHEN day >= $2 THEN asked ELSE 0 END) AS BIGINT) AS asked,
                 CAST(SUM(CASE WHEN day >= $2 THEN shown ELSE 0 END) AS BIGINT) AS shown
             FROM usage_days WHERE owner_id = $1 AND other_id IN ({others}) GROUP BY other_id"
        );
        let rows = self.feed_rows(&sql, values).await?;
        let total = |row: &QueryResult| {
            Ok(UsageTotal {
                other: row.try_get("", "other_id")?,
                last_at: timestamp(row)?,
                asked: row.try_get("", "asked")?,
                shown: row.try_get("", "shown")?,
            })
        };
        rows.iter().map(total).collect()
    }

    /// A slice of the rows of `owner`'s data after `after`, a party and a day; in the order of these.
    pub async fn usage_of(&self, owner: &str, after: (&str, i64)) -> Result<Vec<UsageDay>, DbErr> {
        const OF: &str = "
            SELECT * FROM usage_days WHERE owner_id = $1 AND (other_id, day) > ($2, $3) ORDER BY other_id, day LIMIT $4";
        let rows = self.feed_rows(OF, vec![owner.into(), after.0.into(), after.1.into(), limit()]).await?;
        rows.iter().map(UsageDay::read).collect()
    }

    /// A slice of the rows of others' data that `person` used, after `after`, an owner and a day; in the order of these.
    pub async fn usage_by(&self, person: &str, after: (&str, i64)) -> Result<Vec<UsageDay>, DbErr> {
        const BY: &str = "
            SELECT * FROM usage_days WHERE other_id = $1 AND (owner_id, day) > ($2, $3) ORDER BY owner_id, day LIMIT $4";
        let rows = self.feed_rows(BY, vec![person.into(), after.0.into(), after.1.into(), limit()]).await?;
        rows.iter().map(UsageDay::read).collect()
    }

    /// Deletes a slice of the rows of days before `day`, and returns how many.
    pub async fn prune_usage(&self, day: i64) -> Result<u64, DbErr> {
        const OLD: &str = "
            DELETE FROM usage_days WHERE (owner_id, other_id, day) IN (
                SELECT owner_id, other_id, day FROM usage_days WHERE day < $1 LIMIT $2
            )";
        self.delete_usage(OLD, vec![day.into(), limit()]).await
    }

    /// The next owners after `after` in the order of their ids, with how many rows they have.
    pub async fn usage_rows_by_owner(&self, after: &str) -> Result<Vec<(String, i64)>, DbErr> {
        const NEXT: &str = "
            SELECT owner_id, COUNT(*) AS row_count FROM usage_days WHERE owner_id > $1
            GROUP BY owner_id ORDER BY owner_id LIMIT 100";
        let rows = self.feed_rows(NEXT, vec![after.into()]).await?;
        rows.iter().map(|row| Ok((row.try_get("", "owner_id")?, row.try_get("", "row_count")?))).collect()
    }

    /// Deletes the oldest rows of `owner`'s data: `excess` of them, a slice at most. Returns how many.
    pub async fn delete_oldest_usage(&self, owner: &str, excess: i64) -> Result<u64, DbErr> {
        const OLDEST: &str = "
            DELETE FROM usage_days WHERE owner_id = $1 AND (other_id, day) IN (
                SELECT other_id, day FROM usage_days WHERE owner_id = $1 ORDER BY day LIMIT $2
            )";
        let slice = i64::try_from(SLICE).unwrap_or(i64::MAX);
        self.delete_usage(OLDEST, vec![owner.into(), excess.min(slice).into()]).await
    }

    /// Deletes a slice of the rows about a person; returns whether there may be more.
    pub async fn erase_usage(&self, person: &str, other: OtherParty) -> Result<bool, DbErr> {
        const OF: &str = "
            DELETE FROM usage_days WHERE owner_id = $1 AND (other_id, day) IN (
                SELECT other_id, day FROM usage_days WHERE owner_id = $1 LIMIT $2
            )";
        const BY: &str = "
            DELETE FROM usage_days WHERE other_id = $1 AND (owner_id, day) IN (
                SELECT owner_id, day FROM usage_days WHERE other_id = $1 LIMIT $2
            )";
        let mut deleted = self.delete_usage(OF, vec![person.into(), limit()]).await?;
        if other == OtherParty::Person {
            deleted += self.delete_usage(BY, vec![person.into(), limit()]).await?;
        }
        Ok(deleted > 0)
    }

    /// Whether there is a row about a person.
    pub async fn usage_mentions(&self, person: &str, other: OtherParty) -> Result<bool, DbErr> {
        let (of, by) = (self.usage_of(person, ("", 0)), self.usage_by(person, ("", 0)));
        Ok(!of.await?.is_empty() || (other == OtherParty::Person && !by.await?.is_empty()))
    }

    async fn delete_usage(&self, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
        let change: Change = self.begin(Vec::new()).await?;
        let deleted = change.execute(sql, values).await?;
        change.commit().await?;
        Ok(deleted)
    }
}

fn limit() -> Value {
    i64::try_from(SLICE).unwrap_or(i64::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_begins_at_midnight_utc() {
        for (seconds, day) in [(0, 0), (86_399, 0), (86_400, 1), (-1, -1), (1_767_225_600, 20_454)] {
            assert_eq!(UsageDay::day_of(Timestamp::from_parts(seconds, 0).unwrap()), day, "{seconds}");
        }
    }
}
