//! Statements about many rows of one owner by their ids.

use persistence::placeholders;
use sea_orm::Value;

use crate::domain::ShareId;

/// Whether a row of `shares`, of owner $1, has shares below it. One look-up a row: what could be turned into a join, PostgreSQL
/// would rather answer by reading all shares of the owner.
pub(super) const HAS_CHILD: &str = "(SELECT COUNT(*) FROM (
    SELECT 1 FROM shares child
    WHERE child.owner_id = $1 AND child.parent_share_id = shares.id AND child.parent_share_id IS NOT NULL LIMIT 1
) AS found) = 1";

/// Adds `shares`, which are not empty, to the values of a statement, and returns their placeholders.
pub(super) fn parameters(values: &mut Vec<Value>, shares: &[ShareId]) -> String {
    placeholders(values, shares, |share| share.0.into())
}
