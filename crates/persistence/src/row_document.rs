//! Rows as JSON documents, built by SQLite.

use sea_orm::{ColumnTrait, ColumnType, Iterable};

/// The expression that builds a row of the table of `C` as a JSON object, which serde reads as the model.
///
/// The SQLite driver passes rows one by one from the thread of the connection to the task that waits for them. A document of many rows is
/// passed at once.
pub fn row_document<C: ColumnTrait + Iterable>() -> String {
    let members = C::iter().map(|column| {
        let name = column.as_str();
        let definition = column.def();
        let column_type = definition.get_column_type();
        let value = if matches!(column_type, ColumnType::Uuid) {
            format!("CASE WHEN {name} IS NOT NULL THEN hex({name}) END")
        } else if matches!(column_type, ColumnType::Boolean) {
            format!("json(CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)")
        } else if matches!(column_type, ColumnType::Json) {
            format!("json({name})")
        } else {
            // The text of a time is the one that serde reads.
            name.to_owned()
        };
        format!("'{name}', {value}")
    });
    format!("json_object({})", members.collect::<Vec<_>>().join(", "))
}
