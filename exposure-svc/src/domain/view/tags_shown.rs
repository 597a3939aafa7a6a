//! Which tags of a node an app may know of: those that `discover` or `read` gives it.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::members::each_member;
use crate::domain::{Rules, exposure::TagFacts};

/// Members that hold tags, whatever node they are of: `tag_ids`, `tagIds`, `Tag-IDs`.
const TAG_MEMBERS: [&str; 7] = ["tags", "tagids", "tagnames", "taglist", "tag", "tagid", "tagname"];
/// Members by which an object names a tag.
const NAMES_OF_A_TAG: [&str; 5] = ["id", "name", "tag", "tagid", "tagname"];

/// The tags that an app may know of.
#[derive(Clone, Debug)]
pub(super) enum TagsShown {
    All,
    /// By id or by name.
    Named(HashSet<String>),
}

impl TagsShown {
    pub(super) fn new(rules: &Rules) -> Self {
        let Some(permissions) = rules.stated_tag_permissions() else { return Self::All };
        let grants = || permissions.discover.iter().chain(&permissions.read);
        if grants().any(|grant| grant.allow_all) {
            return Self::All;
        }
        Self::Named(grants().flat_map(|grant| &grant.tag_ids).map(|tag| tag.as_str().to_owned()).collect())
    }

    pub(super) fn shows(&self, tag: &TagFacts<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Named(named) => named.contains(tag.id) || named.contains(tag.name),
        }
    }

    /// Takes the other tags out of members that hold tags, at any depth. What such a member holds and cannot be told to be a
    /// tag that is shown goes.
    pub(super) fn narrow(&self, fields: &mut Map<String, Value>, tags: &[TagFacts<'_>]) {
        let Self::Named(named) = self else { return };
        let shown: Vec<_> = tags.iter().filter(|tag| self.shows(tag)).collect();
        let is_shown = |text: &str| named.contains(text) || shown.iter().any(|tag| tag.id == text || tag.name == text);
        each_member(fields, &mut |name, value| {
            if is_one_of(&TAG_MEMBERS, name) { keep_shown(value, &is_shown) } else { true }
        });
    }
}

/// Whether it is one of these words, however it is written together.
fn is_one_of(words: &[&str], name: &str) -> bool {
    let mut letters = name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' '));
    // Longer names are none of them, and need not be read to their end.
    let letters: String = letters.by_ref().take(10).flat_map(char::to_lowercase).collect();
    words.contains(&letters.as_str())
}

/// Whether anything is left.
fn keep_shown(value: &mut Value, is_shown: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_shown(text),
        Value::Array(items) => {
            items.retain_mut(|item| !item.is_array() && keep_shown(item, is_shown));
            true
        }
        Value::Object(members) => {
            let names = members.iter().filter(|(name, _)| is_one_of(&NAMES_OF_A_TAG, name));
            let names: Vec<_> = names.filter_map(|(_, value)| value.as_str()).collect();
            if names.is_empty() {
                // Tags by name or id, each with something said of it.
                members.retain(|name, _| is_shown(name));
                !members.is_empty()
            } else {
                let is_shown = names.into_iter().all(is_shown);
                // What else is said of a tag may name another.
                members.retain(|name, _| is_one_of(&NAMES_OF_A_TAG, name));
                is_shown
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
