//! A profile as YAML, for people: what is set, in the order of docs/exposure.md, and nothing of the row.

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::Value;
use serde_saphyr::{DoubleQuoted, ser::Error as SerializeError};

use super::{Description, Profile, ProfileName, Rules};

const HEADING: &str = "# OfSelf exposure profile: what the apps bound to it may see and do\n";

#[derive(Serialize)]
struct Document<'a> {
    name: &'a ProfileName,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a Description>,
    #[serde(flatten)]
    rules: &'a Rules,
    is_active: bool,
}

/// The YAML of a profile. It reads back to an equal one with every parser, of YAML 1.1 or 1.2: a string that one of them would read as
/// something else (`no`, `2026-11-21`, `1:30`, `<<`) is quoted, and a line break that only some of them know (U+2028) is escaped.
pub fn to_yaml(profile: &Profile) -> Result<String, SerializeError> {
    let Profile { name, description, rules, is_active, .. } = profile;
    let document = Document { name, description: description.as_ref(), rules, is_active: *is_active };
    let document = serde_json::to_value(&document).map_err(SerializeError::custom)?;
    // In a block scalar nothing can be escaped.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    Ok(format!("{HEADING}{}", serde_saphyr::to_string_with_options(&Quoting(&document), options)?))
}

/// A value whose strings are quoted where they only look like a number: the library knows the numbers of the specifications, and
/// parsers read more than those (`09:30` and `e1`, as `yaml` of npm does).
struct Quoting<'a>(&'a Value);

impl Serialize for Quoting<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if looks_like_a_number(text) => DoubleQuoted(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Quoting)),
            Value::Object(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, Quoting(value)))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.0.serialize(serializer),
        }
    }
}

fn looks_like_a_number(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"+-_.,:xXoO".contains(&byte))
}
