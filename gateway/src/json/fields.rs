//! The members of an object, taken one by one; what is left at the end is unknown.

use chrono::DateTime;
use prost_types::Timestamp;
use vocabulary::{Edit, FieldErrors, MAX_LIST};

use super::Json;

/// The members of an object that stands at a path of a request.
pub struct Fields<'e> {
    path: String,
    members: Vec<(String, Json)>,
    errors: &'e mut FieldErrors,
}

impl<'e> Fields<'e> {
    /// The members of the body itself.
    pub fn of_body(members: Vec<(String, Json)>, errors: &'e mut FieldErrors) -> Self {
        Self::new(String::new(), members, errors)
    }

    fn new(path: String, members: Vec<(String, Json)>, errors: &'e mut FieldErrors) -> Self {
        let mut fields = Self { path, members: Vec::with_capacity(members.len()), errors };
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
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Says of a member what it must be.
    pub fn wrong(&mut self, name: &str, must: impl Into<String>) {
        let path = self.path_of(name);
        self.errors.add(path, must);
    }

    /// Whether there is such a member, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    /// Passes over a member.
    pub fn ignore(&mut self, name: &str) {
        self.members.retain(|(known, _)| known != name);
    }

    /// A member that is a string.
    pub fn string(&mut self, name: &str) -> Edit<String> {
        self.take(name, "must be a string", |value| match value {
            Json::String(text) => Some(text),
            _ => None,
        })
    }

    /// A member that is true or false.
    pub fn boolean(&mut self, name: &str) -> Edit<bool> {
        self.take(name, "must be true or false", |value| match value {
            Json::Bool(truth) => Some(truth),
            _ => None,
        })
    }

    /// A member that is one of a few words.
    pub fn word<T>(&mut self, name: &str, must: &str, parse: impl FnOnce(&str) -> Option<T>) -> Edit<T> {
        self.take(name, must, |value| match value {
            Json::String(text) => parse(&text),
            _ => None,
        })
    }

    /// A member that is a moment, as RFC 3339 writes it; any offset from UTC is taken, none at all is not.
    pub fn moment(&mut self, name: &str) -> Edit<Timestamp> {
        let must = "must be a date and time with its zone, as in 2026-12-31T00:00:00Z";
        self.take(name, must, |value| match value {
            Json::String(text) => DateTime::parse_from_rfc3339(&text).ok().and_then(|moment| {
                let nanos = i32::try_from(moment.timestamp_subsec_nanos()).ok()?;
                Some(Timestamp { seconds: moment.timestamp(), nanos })
            }),
            _ => None,
        })
    }

    /// A member that is a list of strings.
    pub fn strings(&mut self, name: &str) -> Edit<Vec<String>> {
        let path = self.path_of(name);
        match self.take(name, "must be a list of strings", as_array) {
            Edit::Keep => Edit::Keep,
            Edit::Clear => Edit::Clear,
            Edit::Set(items) => {
                let mut strings = Vec::with_capacity(items.len());
                each_item(items, &path, self.errors, |item, path, errors| match item {
                    Json::String(text) => strings.push(text),
                    _ => errors.add(path, "must be a string"),
                });
                Edit::Set(strings)
            }
        }
    }

    /// A member that is an object, read by `read`.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'_>) -> T) -> Edit<T> {
        let path = self.path_of(name);
        match self.take(name, "must be an object", as_object) {
            Edit::Keep => Edit::Keep,
            Edit::Clear => Edit::Clear,
            Edit::Set(members) => Edit::Set(Self::nested(path, members, self.errors, read)),
        }
    }

    /// A member of any kind, as it was written.
    pub fn raw(&mut self, name: &str) -> Edit<Json> {
        self.take(name, "", Some)
    }

    /// Reads an object that stands at `path` by `read`, and names the members that `read` left.
    pub fn nested<T>(
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
    pub fn finish(mut self) {
        for (name, _) in std::mem::take(&mut self.members) {
            self.wrong(&name, "is not a field of this request");
        }
    }

    /// For what is wrong beside the members themselves.
    pub fn errors(&mut self) -> &mut FieldErrors {
        self.errors
    }

    fn take<T>(&mut self, name: &str, must: &str, read: impl FnOnce(Json) -> Option<T>) -> Edit<T> {
        let Some(index) = self.members.iter().position(|(known, _)| known == name) else { return Edit::Keep };
        let (_, value) = self.members.swap_remove(index);
        if value == Json::Null {
            return Edit::Clear;
        }
        match read(value) {
            Some(value) => Edit::Set(value),
            None => {
                self.wrong(name, must);
                Edit::Keep
            }
        }
    }
}

/// Reads each item of a list that stands at `path`; a list too long is not read at all.
pub fn each_item(
    items: Vec<Json>,
    path: &str,
    errors: &mut FieldErrors,
    mut read: impl FnMut(Json, String, &mut FieldErrors),
) {
    if items.len() > MAX_LIST {
        errors.add(path, format!("must hold at most {MAX_LIST} entries"));
        return;
    }
    for (index, item) in items.into_iter().enumerate() {
        read(item, format!("{path}[{index}]"), errors);
    }
}

fn as_array(value: Json) -> Option<Vec<Json>> {
    match value {
        Json::Array(items) => Some(items),
        _ => None,
    }
}

fn as_object(value: Json) -> Option<Vec<(String, Json)>> {
    match value {
        Json::Object(members) => Some(members),
        _ => None,
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
            assert_eq!(fields.string("a"), Edit::Clear);
            assert_eq!(fields.string("b"), Edit::Keep);
        });
    }

    #[test]
    fn a_moment_needs_its_zone() {
        let moment = |text: &str| {
            read(&format!(r#"{{"a": "{text}"}}"#), |fields| {
                fields.moment("a");
            })
        };
        for good in ["2026-12-31T00:00:00Z", "2026-12-31T01:00:00.5+01:00"] {
            assert_eq!(moment(good), "", "{good}");
        }
        for bad in ["2026-12-31T00:00:00", "2026-12-31", "", "tomorrow", "2026-13-01T00:00:00Z"] {
            assert!(moment(bad).starts_with("a must be a date and time"), "{bad}");
        }
    }
}
