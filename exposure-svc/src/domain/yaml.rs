//! A profile as YAML, for people: what is set, in the order of docs/exposure.md, and nothing of the row.

use serde::Serialize;

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

/// The YAML of a profile; it reads back to an equal one.
pub fn to_yaml(profile: &Profile) -> Result<String, serde_yaml::Error> {
    let Profile { name, description, rules, is_active, .. } = profile;
    let document = Document { name, description: description.as_ref(), rules, is_active: *is_active };
    Ok(format!("{HEADING}{}", serde_yaml::to_string(&document)?))
}
