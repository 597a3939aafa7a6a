//! Statements about many rows of one owner by their ids.

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

/// Adds `items`, which are not empty, to the values of a statement, and returns their placeholders. Their number is made a power
/// of two, so that there are few different statements to prepare.
pub(super) fn placeholders<T>(values: &mut Vec<Value>, items: &[T], value: impl Fn(&T) -> Value) -> String {
    let padding = items.len().next_power_of_two() - items.len();
    let padded = items.iter().chain(items.last().into_iter().cycle().take(padding));
    let placeholders = padded.map(|item| {
        values.push(value(item));
        format!("${}", values.len())
    });
    placeholders.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn number_of_placeholders_is_a_power_of_two() {
        for (shares, placeholders) in [(1, 1), (2, 2), (3, 4), (5, 8), (1_000, 1_024)] {
            let mut values = vec![Value::from("ann")];
            let shares: Vec<_> = (0..shares).map(|number| ShareId(Uuid::from_u128(number))).collect();
            let text = parameters(&mut values, &shares);
            assert_eq!((values.len(), text.split(", ").count()), (placeholders + 1, placeholders));
            assert!(text.starts_with("$2") && text.ends_with(&format!("${}", placeholders + 1)));
        }
    }
}
