//! Read-only members of an update: what a client read can be sent back, so they are accepted when they equal the current value.

use serde::Serialize;
use serde_json::Value;
use types::FieldErrors;

use super::{Fields, Json};
use crate::timestamp;

/// The read-only members of a body.
pub(crate) struct ReadOnly(Vec<(String, Json)>);

impl ReadOnly {
    /// Takes the members with these names.
    pub(crate) fn take(fields: &mut Fields<'_>, names: &[&str]) -> Self {
        let taken = names.iter().filter_map(|name| {
            let value = fields.has(name).then(|| fields.raw(name).over(None).unwrap_or(Json::Null))?;
            Some(((*name).to_owned(), value))
        });
        Self(taken.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this member is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(taken, _)| taken == name)
    }

    /// Reports the members that differ from those of the current entity.
    pub(crate) fn compare(self, current: &impl Serialize, errors: &mut FieldErrors) {
        let current = serde_json::to_value(current).unwrap_or_default();
        for (name, value) in self.0 {
            if !is_equal(&value, current.get(&name).unwrap_or(&Value::Null)) {
                errors.add(name, "is read-only and must equal the current value");
            }
        }
    }
}

fn is_equal(value: &Json, current: &Value) -> bool {
    match (value, current) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(value), Value::Bool(current)) => value == current,
        (Json::Number(value), Value::Number(current)) => value == current,
        (Json::String(value), Value::String(current)) => {
            value == current || timestamp::parse(value).is_some_and(|time| timestamp::parse(current) == Some(time))
        }
        (Json::Array(items), Value::Array(current)) => {
            items.len() == current.len() && items.iter().zip(current).all(|(item, current)| is_equal(item, current))
        }
        (Json::Object(members), Value::Object(current)) => {
            members.len() == current.len()
                && members.iter().all(|(name, value)| current.get(name).is_some_and(|current| is_equal(value, current)))
        }
        (
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn read_only_members_must_equal_the_current_value() {
        let current = json!({
            "id": "s", "is_active": true, "revoked_at": null, "created_at": "2026-01-01T00:00:00Z",
            "effective": {"tag_ids": ["a", "b"]}, "version": 3,
        });
        let names = ["id", "is_active", "revoked_at", "created_at", "effective", "version", "yaml"];
        let differing = |body: &str| {
            let Json::Object(members) = serde_json::from_str(body).unwrap() else { panic!("an object") };
            let mut errors = FieldErrors::new();
            let mut fields = Fields::of_body(members, &mut errors);
            let read_only = ReadOnly::take(&mut fields, &names);
            fields.finish();
            read_only.compare(&current, &mut errors);
            errors.iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
        };
        assert!(differing(&current.to_string()).is_empty());
        assert!(differing("{}").is_empty());
        assert!(differing(r#"{"created_at": "2026-01-01T01:00:00+01:00"}"#).is_empty());
        for (body, field) in [
            (r#"{"id": "t"}"#, "id"),
            (r#"{"id": null}"#, "id"),
            (r#"{"is_active": false}"#, "is_active"),
            (r#"{"revoked_at": "2026-01-01T00:00:00Z"}"#, "revoked_at"),
            (r#"{"effective": {"tag_ids": ["b", "a"]}}"#, "effective"),
            (r#"{"effective": {"tag_ids": ["a", "b"], "tag_ids": []}}"#, "effective"),
            (r#"{"version": "3"}"#, "version"),
            (r#"{"yaml": "x"}"#, "yaml"),
        ] {
            assert_eq!(differing(body), [field], "{body}");
        }
    }
}
