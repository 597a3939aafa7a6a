//! Placeholders of statements that are written by hand.

use sea_orm::Value;

/// Adds `items`, which are not empty, to the values of a statement, and returns their placeholders. Their number is made a power
/// of two, so that there are few different statements to prepare.
pub fn placeholders<T>(values: &mut Vec<Value>, items: &[T], value: impl Fn(&T) -> Value) -> String {
    let padding = items.len().next_power_of_two() - items.len();
    let padded = items.iter().chain(items.last().into_iter().cycle().take(padding));
    let placeholders = padded.map(|item| {
        values.push(value(item));
        format!("${}", values.len())
    });
    placeholders.collect::<Vec<_>>().join(", ")
}

/// The end of a condition, for a statement about many persons: `column` names none of `persons`.
pub fn and_none_of(values: &mut Vec<Value>, column: &str, persons: &[String]) -> String {
    if persons.is_empty() {
        return String::new();
    }
    format!(" AND {column} NOT IN ({})", placeholders(values, persons, |person| person.as_str().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_placeholders_is_a_power_of_two() {
        for (items, expected) in [(1, 1), (2, 2), (3, 4), (5, 8), (1_000, 1_024)] {
            let mut values = vec![Value::from("ann")];
            let items: Vec<i64> = (0..items).collect();
            let text = placeholders(&mut values, &items, |item| (*item).into());
            assert_eq!((values.len(), text.split(", ").count()), (expected + 1, expected));
            assert!(text.starts_with("$2") && text.ends_with(&format!("${}", expected + 1)));
        }
    }
}
