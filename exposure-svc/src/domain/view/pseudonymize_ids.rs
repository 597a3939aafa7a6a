//! `pseudonymize_ids`: ids become stable keyed ones, others for each app, so that two apps cannot join what they hold.

use std::collections::HashSet;

use aws_lc_rs::hmac;
use serde_json::{Number, Value};

use super::{
    NodeView,
    members::{each_member, each_string},
};
use crate::domain::{AppId, UserId};

/// The secret by which pseudonyms are made. Whoever has it can tell which id a pseudonym stands for, by trying.
#[derive(Clone)]
pub struct PseudonymKey(hmac::Key);

/// The pseudonyms that one app is shown of one person's ids.
#[derive(Clone, Debug)]
pub struct Pseudonyms {
    key: PseudonymKey,
    /// What sets them apart from those of other apps and people.
    domain: String,
}

impl PseudonymKey {
    /// From 32 random bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl Pseudonyms {
    /// The pseudonyms that `app` is shown of `user`'s ids.
    pub fn new(key: PseudonymKey, user: &UserId, app: &AppId) -> Self {
        // No id holds a line break.
        Self { key, domain: format!("{user}\n{app}\n") }
    }

    /// The pseudonym of an id: the same each time, and of an id's shape.
    pub fn of(&self, id: &str) -> String {
        let mut context = hmac::Context::with_key(&self.key.0);
        context.update(self.domain.as_bytes());
        context.update(id.as_bytes());
        let tag = context.sign();
        let hex = tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}"));
        std::iter::once("p_".to_owned()).chain(hex).collect()
    }

    /// Replaces every id: those of the description, members that are named for ids, and UUIDs in any text.
    pub(super) fn replace_ids(&self, view: &mut NodeView) {
        let mut known = HashSet::from([view.id.clone()]);
        known.extend(view.schema.clone());
        known.extend(view.tags.iter().map(|(id, _)| id.clone()).filter(|id| !id.is_empty()));
        each_member(&mut view.fields, &mut |name, value| {
            if is_named_for_ids(name) {
                self.replace(value);
            }
            true
        });
        each_string(&mut view.fields, &mut |text| {
            if known.contains(text) {
                *text = self.of(text);
            } else if let Some(replaced) = self.without_uuids(text) {
                *text = replaced;
            }
        });
        view.id = self.of(&view.id);
        view.schema = view.schema.take().map(|schema| self.of(&schema));
        for (id, name) in &mut view.tags {
            if !id.is_empty() {
                *id = self.of(id);
            }
            if let Some(replaced) = self.without_uuids(name) {
                *name = replaced;
            }
        }
    }

    /// An id, or a list of them. A number is an id too.
    fn replace(&self, value: &mut Value) {
        match value {
            Value::String(id) => *id = self.of(id),
            Value::Number(id) => *value = Value::String(self.of(&written(id))),
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(_) | Value::Null | Value::Bool(_) => {}
        }
    }

    fn without_uuids(&self, text: &str) -> Option<String> {
        let mut replaced = String::new();
        let mut from = 0;
        let mut at = 0;
        while at + UUID.len() <= text.len() {
            let uuid = text.get(at..at + UUID.len()).filter(|candidate| is_uuid(candidate));
            match uuid {
                Some(uuid) => {
                    replaced.push_str(text.get(from..at).unwrap_or_default());
                    replaced.push_str(&self.of(uuid));
                    at += UUID.len();
                    from = at;
                }
                None => at += 1,
            }
        }
        (from > 0).then(|| replaced + text.get(from..).unwrap_or_default())
    }
}

const UUID: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

fn is_uuid(text: &str) -> bool {
    text.bytes()
        .zip(UUID.bytes())
        .all(|(byte, shape)| if shape == b'x' { byte.is_ascii_hexdigit() } else { byte == b'-' })
}

/// A number as an id is written: messages carry all numbers as floating ones.
fn written(id: &Number) -> String {
    id.as_f64().filter(|number| number.fract() == 0.0).map_or_else(|| id.to_string(), |number| format!("{number:.0}"))
}

/// `id`, `ids`, `uuid`, and names that end so: `author_id`, `parentIds`.
fn is_named_for_ids(name: &str) -> bool {
    let lower = name.to_lowercase();
    let ends_camel = |ending: &str| {
        name.strip_suffix(ending)
            .is_some_and(|stem| stem.ends_with(|last: char| last.is_lowercase() || last.is_numeric()))
    };
    matches!(lower.as_str(), "id" | "ids" | "uuid" | "uuids")
        || ["_id", "_ids", "_uuid", "_uuids", "-id", "-ids"].iter().any(|ending| lower.ends_with(ending))
        || ["Id", "Ids", "ID", "IDs", "Uuid"].iter().any(|ending| ends_camel(ending))
}

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PseudonymKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_known_by_the_names_of_their_members() {
        for name in ["id", "ID", "author_id", "parentIds", "nodeId", "x-id", "user_uuid", "orderID"] {
            assert!(is_named_for_ids(name), "{name}");
        }
        for name in ["idea", "paid", "valid", "grid", "candid", "kids", "title", "Id3Tags"] {
            assert!(!is_named_for_ids(name), "{name}");
        }
    }
}
