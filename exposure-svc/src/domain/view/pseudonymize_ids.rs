//! `pseudonymize_ids`: ids become stable keyed ones, others for each app, so that two apps cannot join what they hold.

use std::{collections::HashSet, sync::LazyLock};

use aws_lc_rs::hmac;
use regex::Regex;
use serde_json::{Number, Value};
use uuid::Uuid;

use super::{
    NodeView,
    members::{each_member, each_string},
};
use crate::domain::{AppId, UserId};

/// The key of pseudonyms. With it, an id can be confirmed by trial.
#[derive(Clone)]
pub struct PseudonymKey(hmac::Key);

/// The pseudonyms that one app is shown of one person's ids.
#[derive(Clone, Debug)]
pub struct Pseudonyms {
    key: PseudonymKey,
    /// The context: the app and the person.
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
        // Ids have no line breaks.
        Self { key, domain: format!("{user}\n{app}\n") }
    }

    /// The pseudonym of an id: the same each time, and of an id's shape.
    pub fn of(&self, id: &str) -> String {
        let mut context = hmac::Context::with_key(&self.key.0);
        context.update(self.domain.as_bytes());
        context.update(id.as_bytes());
        let tag = context.sign();
        let hex = tag.as_ref().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}"));
        std::iter::once(PREFIX.to_owned()).chain(hex).collect()
    }

    /// Replaces every id: those of the description, members that are named for ids, and UUIDs in any text.
    pub(super) fn replace_ids(&self, view: &mut NodeView) {
        let mut known = HashSet::from([view.id.clone()]);
        known.extend(view.schema.clone());
        known.extend(view.tags.iter().map(|(id, _)| id.clone()).filter(|id| !id.is_empty()));
        // What was replaced already is not replaced again: a member may be within another that is named for ids.
        let mut made = HashSet::new();
        each_member(&mut view.fields, &mut |name, value| {
            if is_named_for_ids(name) {
                self.replace(value, &mut made);
            }
            true
        });
        each_string(&mut view.fields, &mut |text| {
            if made.contains(text) {
                return;
            }
            if known.contains(text) {
                *text = self.of_text(text);
            } else if let Some(replaced) = self.without_uuids(text) {
                *text = replaced;
            }
        });
        view.id = self.of_text(&view.id);
        view.schema = view.schema.take().map(|schema| self.of_text(&schema));
        for (id, name) in &mut view.tags {
            if !id.is_empty() {
                *id = self.of_text(id);
            }
            if let Some(replaced) = self.without_uuids(name) {
                *name = replaced;
            }
        }
    }

    /// An id, a list of them, or an object that holds them (`{"$oid": …}`, `{"mother": …}`). A number is an id too.
    fn replace(&self, value: &mut Value, made: &mut HashSet<String>) {
        let pseudonym = match value {
            Value::String(id) if !made.contains(id) => self.of_text(id),
            Value::Number(id) => self.of(&written(id)),
            Value::Array(items) => return items.iter_mut().for_each(|item| self.replace(item, made)),
            Value::Object(members) => return members.iter_mut().for_each(|(_, value)| self.replace(value, made)),
            Value::String(_) | Value::Null | Value::Bool(_) => return,
        };
        made.insert(pseudonym.clone());
        *value = Value::String(pseudonym);
    }

    /// The pseudonym of an id as it is written: of a UUID, the same however it is written.
    fn of_text(&self, id: &str) -> String {
        match Uuid::try_parse(id) {
            Ok(uuid) => self.of(&uuid.hyphenated().to_string()),
            Err(_) => self.of(id),
        }
    }

    fn without_uuids(&self, text: &str) -> Option<String> {
        let mut replaced = String::new();
        let mut from = 0;
        for found in UUIDS.find_iter(text) {
            let before = text.get(..found.start()).unwrap_or_default();
            let after = text.get(found.end()..).unwrap_or_default();
            // Longer digests are none.
            let is_hex = |character: Option<char>| character.is_some_and(|character| character.is_ascii_hexdigit());
            if is_hex(before.chars().next_back()) || is_hex(after.chars().next()) {
                continue;
            }
            replaced.push_str(text.get(from..found.start()).unwrap_or_default());
            replaced.push_str(&self.of_text(found.as_str()));
            from = found.end();
        }
        (from > 0).then(|| replaced + text.get(from..).unwrap_or_default())
    }
}

/// A pseudonym is this and so many hexadecimal digits.
const PREFIX: &str = "p_";
const DIGITS: usize = 32;

/// UUIDs with dashes, or without any.
const UUID: &str = r"(?x-u) [0-9a-fA-F]{8} (?: - [0-9a-fA-F]{4} - [0-9a-fA-F]{4} - [0-9a-fA-F]{4} - [0-9a-fA-F]{12} | [0-9a-fA-F]{24} )";

#[expect(clippy::expect_used, reason = "the pattern is a constant, and tests use it")]
static UUIDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(UUID).expect("a regular expression"));

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
        || ["_id", "_ids", "_uuid", "_uuids", "-id", "-ids", "-uuid", "-uuids"]
            .iter()
            .any(|ending| lower.ends_with(ending))
        || ["Id", "Ids", "ID", "IDs", "IDS", "Uuid", "Uuids", "UUID", "UUIDs"].iter().any(|ending| ends_camel(ending))
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
    fn nested_ids_in_any_notation_are_replaced() {
        let key = PseudonymKey::new(&[7; 32]);
        let pseudonyms = Pseudonyms::new(key, &UserId::parse("ann").unwrap(), &AppId::parse("app").unwrap());
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        let plain = "550e8400e29b41d4a716446655440000";
        let fields = serde_json::json!({
            "_id": {"$oid": "507f1f77bcf86cd799439011"},
            "parentIds": {"a": "u-1", "ids": ["u-2", 3, {"id": "u-4"}]},
            "userUUID": uuid.to_uppercase(),
            "text": format!("see {uuid}, {} and {plain}", uuid.to_uppercase()),
            "digest": "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e",
        });
        let mut view = NodeView {
            id: uuid.to_owned(),
            node_type: "note".to_owned(),
            tags: Vec::new(),
            schema: None,
            created_at: types::Timestamp::from_parts(0, 0).unwrap(),
            fields: fields.as_object().unwrap().clone(),
        };
        pseudonyms.replace_ids(&mut view);
        let of = |id: &str| pseudonyms.of(id);
        let expected = serde_json::json!({
            "_id": {"$oid": of("507f1f77bcf86cd799439011")},
            "parentIds": {"a": of("u-1"), "ids": [of("u-2"), of("3"), {"id": of("u-4")}]},
            "userUUID": of(uuid),
            "text": format!("see {}, {} and {}", of(uuid), of(uuid), of(uuid)),
            "digest": "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e",
        });
        assert_eq!((view.id, serde_json::Value::from(view.fields)), (of(uuid), expected));
    }

    #[test]
    fn ids_are_recognized_by_member_names() {
        for name in [
            "id",
            "ID",
            "author_id",
            "parentIds",
            "nodeId",
            "x-id",
            "user_uuid",
            "orderID",
            "userUUID",
            "_id",
            "nodeUuids",
        ] {
            assert!(is_named_for_ids(name), "{name}");
        }
        for name in ["idea", "paid", "valid", "grid", "candid", "kids", "title", "Id3Tags"] {
            assert!(!is_named_for_ids(name), "{name}");
        }
    }
}
