//! Read-only members of an update: what a client read can be sent back, so they are accepted when they equal the current value.

use serde::Serialize;
use serde_json::Value;
use types::FieldErrors;

use super::Field;
use crate::timestamp;

/// The read-only members that a body has.
pub(crate) struct ReadOnly(Vec<(&'static str, Value)>);

impl ReadOnly {
    pub(crate) fn new<const N: usize>(members: [(&'static str, Field<Value>); N]) -> Self {
        let present = members.into_iter().filter(|(_, value)| value.is_set());
        Self(present.map(|(name, value)| (name, value.into_option().unwrap_or_default())).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Whether this member is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(present, _)| *present == name)
    }

    /// Reports the members that differ from those of the current entity.
    pub(crate) fn compare(self, current: &impl Serialize, errors: &mut FieldErrors) {
        let current = serde_json::to_value(current).unwrap_or_default();
        for (name, value) in self.0 {
            if !is_equal(&value, current.get(name).unwrap_or(&Value::Null)) {
                errors.add(name, "is read-only and must equal the current value");
            }
        }
    }
}

/// Equality of values; two timestamps are equal if they are the same time.
fn is_equal(value: &Value, current: &Value) -> bool {
    value == current
        || match (value.as_str(), current.as_str()) {
            (Some(value), Some(current)) => {
                timestamp::parse(value).is_some_and(|time| timestamp::parse(current) == Some(time))
            }
            (Some(_) | None, None) | (None, Some(_)) => match (value, current) {
                (Value::Object(members), Value::Object(current)) => {
                    members.len() == current.len()
                        && members
                            .iter()
                            .all(|(name, value)| current.get(name).is_some_and(|current| is_equal(value, current)))
                }
                _ => false,
            },
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
            "effective": {"tag_ids": ["a", "b"], "expires_at": "2026-01-01T00:00:00Z"}, "version": 3,
        });
        let names = ["id", "is_active", "revoked_at", "created_at", "effective", "version", "yaml"];
        let differing = |body: &Value| {
            let member = |name| match body.get(name) {
                None => Field::Absent,
                Some(Value::Null) => Field::Null,
                Some(value) => Field::Value(value.clone()),
            };
            let mut errors = FieldErrors::new();
            ReadOnly::new(names.map(|name| (name, member(name)))).compare(&current, &mut errors);
            errors.iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
        };
        for equal in [
            current.clone(),
            json!({}),
            json!({"created_at": "2026-01-01T01:00:00+01:00"}),
            json!({"effective": {"expires_at": "2026-01-01T01:00:00+01:00", "tag_ids": ["a", "b"]}}),
        ] {
            assert!(differing(&equal).is_empty(), "{equal}");
        }
        for (body, field) in [
            (json!({"id": "t"}), "id"),
            (json!({"id": null}), "id"),
            (json!({"is_active": false}), "is_active"),
            (json!({"revoked_at": "2026-01-01T00:00:00Z"}), "revoked_at"),
            (json!({"effective": {"tag_ids": ["b", "a"], "expires_at": "2026-01-01T00:00:00Z"}}), "effective"),
            (json!({"effective": {"tag_ids": ["a", "b"]}}), "effective"),
            (json!({"version": "3"}), "version"),
            (json!({"yaml": "x"}), "yaml"),
        ] {
            assert_eq!(differing(&body), [field], "{body}");
        }
    }
}
