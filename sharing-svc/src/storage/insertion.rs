//! Statements that insert a share, and what is known of it then.

use anyhow::anyhow;
use persistence::Batch;
use sea_orm::{ActiveModelTrait, IdenStatic, IntoActiveModel, Iterable, QueryResult, Value};
use types::Timestamp;
use uuid::Uuid;

use super::{
    chains::open_at,
    entity::{Column, Model},
    failed,
    row::{DIRECT, scope_digest},
    usage::{count_statement, read_usage},
};
use crate::{
    domain::{Share, ShareId, Source, Usage, UsageKind},
    error::Error,
};

/// How many different shares the open re-shares of owner $1 to $2 hang below, but for share $6; 64 at most.
const PARENTS: &str = "
    SELECT COUNT(*) FROM (
        SELECT DISTINCT parent_share_id FROM shares
        WHERE owner_id = $1 AND recipient_id = $2 AND ended_at IS NULL AND parent_share_id IS NOT NULL
            AND parent_share_id <> $6
        LIMIT 64
    ) AS parent";

/// The context of a share that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Siblings {
    /// An active share that grants the same scope to the same person: of the same creator from the same parent, so that a caller
    /// does not learn of a share they may not see, and a follow's share ends with its follow.
    pub equal: Option<ShareId>,
    /// How many other shares the re-shares to the recipient hang below; of a re-share only.
    pub parents: i64,
}

/// What is known of a share once it is inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// Its context.
    pub siblings: Siblings,
    /// The usage that it is counted in.
    pub usage: Vec<(UsageKind, Usage)>,
}

/// The statement of [`ShareChange::siblings`](super::ShareChange::siblings). It returns one row, for [`Siblings::read`].
pub(super) fn siblings_statement(share: &Share, now: Timestamp) -> (String, Vec<Value>) {
    const EQUAL: &str = concat!(
        "SELECT id FROM shares WHERE owner_id = $1 AND recipient_id = $2 AND scope_digest = $3 AND id <> $5 AND ",
        open_at!("$4"),
    );
    // The newest: if a stop has ended that one, it has ended all of them.
    const NEWEST: &str = "ORDER BY created_version DESC LIMIT 1";
    let mut values: Vec<Value> = vec![
        share.owner.as_str().into(),
        share.recipient.as_str().into(),
        scope_digest(&share.terms.scope).into(),
        now.utc().into(),
        share.id.0.into(),
    ];
    let (same_origin, parents) = match &share.source {
        Source::Direct => {
            values.push(DIRECT.into());
            ("source = $6", "0")
        }
        Source::Reshare { .. } => {
            values.push(share.parent().map(|parent| parent.0).into());
            ("parent_share_id = $6", PARENTS)
        }
        Source::Follow { follow, .. } => {
            values.push(follow.as_str().into());
            ("follow_id = $6", "0")
        }
    };
    let sql =
        format!("SELECT ({EQUAL} AND {same_origin} {NEWEST}) AS equal_id, CAST(({parents}) AS BIGINT) AS parents");
    (sql, values)
}

/// The statements that return what [`Inserted`] is read from.
pub(super) fn context_of(share: &Share, now: Timestamp) -> Batch {
    let mut batch = Batch::default();
    for (sql, values) in [siblings_statement(share, now), count_statement(share)] {
        batch.add(sql, values);
    }
    batch
}

/// The statement that writes the row of a new share, with this expression for its `created_version`: the version that the change made.
pub(super) fn insert_statement(share: &Share, version: &str) -> (String, Vec<Value>) {
    let row = Model::from(share).into_active_model();
    let mut values: Vec<Value> = vec![share.owner.as_str().into()];
    let (mut columns, mut terms) = (Vec::new(), Vec::new());
    for column in Column::iter() {
        columns.push(column.as_str());
        terms.push(match (column, row.get(column).into_value()) {
            (Column::CreatedVersion, _) => version.to_owned(),
            (_, Some(value)) => {
                values.push(value);
                format!("${}", values.len())
            }
            // A model has a value for every column; a constraint would refuse this one.
            (_, None) => "NULL".to_owned(),
        });
    }
    (format!("INSERT INTO shares ({}) VALUES ({})", columns.join(", "), terms.join(", ")), values)
}

impl Siblings {
    pub(super) fn read(row: Option<&QueryResult>) -> Result<Self, Error> {
        let row = row.ok_or_else(|| Error::Internal(anyhow!("no row of siblings")))?;
        let equal: Option<Uuid> = row.try_get("", "equal_id").map_err(failed)?;
        Ok(Self { equal: equal.map(ShareId), parents: row.try_get("", "parents").map_err(failed)? })
    }
}

impl Inserted {
    /// Reads the rows that the statements of an insertion return.
    pub(super) fn read(mut rows: impl Iterator<Item = QueryResult>) -> Result<Self, Error> {
        let siblings = Siblings::read(rows.next().as_ref())?;
        let usage = rows.map(|row| read_usage(&row).map(|(_, kind, usage)| (kind, usage))).collect::<Result<_, _>>()?;
        Ok(Self { siblings, usage })
    }
}
