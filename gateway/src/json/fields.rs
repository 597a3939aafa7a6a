//! The members of an object, taken one by one; what is left at the end is unknown.

use prost_types::Timestamp;
use types::{FieldErrors, FieldUpdate, ItemErrors, MAX_LIST};

use super::Json;
use crate::timestamp;

/// No object of the contract has nearly as many members.
const MAX_MEMBERS: usize = 100;

/// The members of an object that stands at a path of a request.
pub(crate) struct Fields<'e> {
    path: String,
    members: Vec<(String, Json)>,
    errors: &'e mut FieldErrors,
}

impl<'e> Fields<'e> {
    /// The members of the body itself.
    pub(crate) fn of_body(members: Vec<(String, Json)>, errors: &'e mut FieldErrors) -> Self {
        Self::new(String::new(), members, errors)
    }

    fn new(path: String, members: Vec<(String, Json)>, errors: &'e mut FieldErrors) -> Self {
        let mut fields = Self { path, members: Vec::new(), errors };
        if members.len() > MAX_MEMBERS {
            let path = if fields.path.is_empty() { "body".to_owned() } else { fields.path.clone() };
            fields.errors.add(path, format!("must have at most {MAX_MEMBERS} members"));
            return fields;
        }
        for (name, value) in members {
            if fields.members.iter().any(|(known, _)| *known == name) {
                // Which of the two was meant nobody can know.
                fields.wrong(&name, "stands twice");
            } else {
                fields.members.push((name, value));
            }
        }
        fields
    }

    /// The path of a member.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Says of a member what it must be.
    pub(crate) fn wrong(&mut self, name: &str, must: impl Into<String>) {
        let path = self.path_of(name);
        self.errors.add(path, must);
    }

    /// Whether there is such a member, null or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    /// Passes over a member that is null: it says as little as one that is absent.
    pub(crate) fn ignore_null(&mut self, name: &str) {
        self.members.retain(|(known, value)| known != name || *value != Json::Null);
    }

    /// Passes over a member.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.members.retain(|(known, _)| known != name);
    }

    /// A member that is a string.
    pub(crate) fn string(&mut self, name: &str) -> FieldUpdate<String> {
        self.take(name, "must be a string", Json::into_string)
    }

    /// A member that is true or false.
    pub(crate) fn boolean(&mut self, name: &str) -> FieldUpdate<bool> {
        self.take(name, "must be true or false", Json::into_bool)
    }

    /// A member that is one of a few words.
    pub(crate) fn word<T>(&mut self, name: &str, must: &str, parse: impl FnOnce(&str) -> Option<T>) -> FieldUpdate<T> {
        self.take(name, must, |value| parse(&value.into_string()?))
    }

    /// A member that is a moment, as RFC 3339 writes it; any offset from UTC is taken, none at all is not.
    pub(crate) fn timestamp(&mut self, name: &str) -> FieldUpdate<Timestamp> {
        let must = "must be a date and time with its zone, as in 2026-12-31T00:00:00Z";
        self.take(name, must, |value| timestamp::parse(&value.into_string()?))
    }

    /// A member that is a list of strings.
    pub(crate) fn strings(&mut self, name: &str) -> FieldUpdate<Vec<String>> {
        let mut wrong = ItemErrors::default();
        let strings = self.list(name, "must be a list of strings", |item, path, errors| {
            let text = item.into_string();
            if text.is_none() {
                wrong.add(errors, |errors| errors.add(path, "must be a string"));
            }
            text
        });
        wrong.count_rest(self.path_of(name), self.errors);
        strings
    }

    /// A member that is a list, each item read by `read`, which says at its path what is wrong; a list too long is not read
    /// at all.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        must: &str,
        mut read: impl FnMut(Json, String, &mut FieldErrors) -> Option<T>,
    ) -> FieldUpdate<Vec<T>> {
        let path = self.path_of(name);
        self.take(name, must, Json::into_array).and_then(|items| {
            if items.len() > MAX_LIST {
                self.errors.add(path, format!("must hold at most {MAX_LIST} entries"));
                return None;
            }
            let read_each = |(index, item)| read(item, format!("{path}[{index}]"), self.errors);
            Some(items.into_iter().enumerate().filter_map(read_each).collect())
        })
    }

    /// A member that is an object, read by `read`.
    pub(crate) fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'_>) -> T) -> FieldUpdate<T> {
        let path = self.path_of(name);
        match self.take(name, "must be an object", Json::into_object) {
            FieldUpdate::Keep => FieldUpdate::Keep,
            FieldUpdate::Clear => FieldUpdate::Clear,
            FieldUpdate::Set(members) => FieldUpdate::Set(Self::nested(path, members, self.errors, read)),
        }
    }

    /// A member of any kind, as it was written.
    pub(crate) fn raw(&mut self, name: &str) -> FieldUpdate<Json> {
        self.take(name, "", Some)
    }

    /// Reads an object that stands at `path` by `read`, and names the members that `read` left.
    pub(crate) fn nested<T>(
        path: String,
        members: Vec<(String, Json)>,
        errors: &mut FieldErrors,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> T {
        let mut fields = Fields::new(path, members, errors);
        let value = read(&mut fields);
        fields.finish();
        value
    }

    /// Names the members that nobody took.
    pub(crate) fn finish(mut self) {
        for (name, _) in std::mem::take(&mut self.members) {
            self.wrong(&name, "is not a field of this request");
        }
    }

    /// For what is wrong beside the members themselves.
    pub(crate) fn errors(&mut self) -> &mut FieldErrors {
        self.errors
    }

    fn take<T>(&mut self, name: &str, must: &str, read: impl FnOnce(Json) -> Option<T>) -> FieldUpdate<T> {
        let Some(index) = self.members.iter().position(|(known, _)| known == name) else { return FieldUpdate::Keep };
        let (_, value) = self.members.swap_remove(index);
        if value == Json::Null {
            return FieldUpdate::Clear;
        }
        match read(value) {
            Some(value) => FieldUpdate::Set(value),
            None => {
                self.wrong(name, must);
                FieldUpdate::Keep
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, read: impl FnOnce(&mut Fields<'_>)) -> String {
        let Json::Object(members) = serde_json::from_str(text).unwrap() else { panic!("an object") };
        let mut errors = FieldErrors::new();
        let mut fields = Fields::of_body(members, &mut errors);
        read(&mut fields);
        fields.finish();
        errors.to_string()
    }

    #[test]
    fn every_wrong_member_is_named_not_the_first() {
        let wrong = read(r#"{"a": 1, "b": "x", "c": [1, "y"], "a": 2, "d": {"e": 3}}"#, |fields| {
            fields.string("a");
            fields.boolean("b");
            fields.strings("c");
            fields.object("d", |below| below.string("f"));
        });
        assert_eq!(
            wrong,
            "a stands twice and must be a string; b must be true or false; c[0] must be a string; \
             d.e is not a field of this request"
        );
    }

    #[test]
    fn null_clears_and_absence_keeps() {
        read(r#"{"a": null}"#, |fields| {
            assert_eq!(fields.string("a"), FieldUpdate::Clear);
            assert_eq!(fields.string("b"), FieldUpdate::Keep);
        });
    }

    #[test]
    fn a_moment_needs_its_zone() {
        let timestamp = |text: &str| {
            read(&format!(r#"{{"a": "{text}"}}"#), |fields| {
                fields.timestamp("a");
            })
        };
        assert_eq!(timestamp("2026-12-31T01:00:00.5+01:00"), "");
        for bad in ["2026-12-31T00:00:00", "2026-12-31", "", "tomorrow", "2026-12-31T00:00:60Z"] {
            assert!(timestamp(bad).starts_with("a must be a date and time"), "{bad}");
        }
    }
}
