//! The visible tags of a node: those with `discover` or `read`.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::members::each_member;
use crate::domain::{Rules, TagRef, exposure::TagFacts, normalized_name};

/// Last words of the names of members that hold tags, whatever node they are of: `tags`, `nodeTags`, `tag_ids`, `Tag-IDs`.
const TAG_WORDS: [&str; 10] =
    ["tags", "tagids", "tagnames", "taglist", "tag", "tagid", "tagname", "hashtags", "hashtag", "labels"];
/// Those that also count within a word: `nodetags`. A word that only ends with `tag` is mostly another (`montag`).
const TAG_ENDINGS: [&str; 6] = ["tags", "tagids", "tagnames", "taglist", "tagid", "tagname"];
/// Members by which an object names a tag.
const NAMES_OF_A_TAG: [&str; 5] = ["id", "name", "tag", "tagid", "tagname"];

/// The visible tags of an app.
#[derive(Clone, Debug)]
pub(super) enum TagsShown {
    All,
    Named {
        ids: HashSet<String>,
        /// Ids or names.
        texts: HashSet<String>,
    },
}

impl TagsShown {
    pub(super) fn new(rules: &Rules) -> Self {
        let Some(permissions) = rules.stated_tag_permissions() else { return Self::All };
        let grants = || permissions.discover.iter().chain(&permissions.read);
        if grants().any(|grant| grant.allow_all) {
            return Self::All;
        }
        let (mut ids, mut texts) = (HashSet::new(), HashSet::new());
        for tag in grants().flat_map(|grant| &grant.tag_ids) {
            let named = match tag {
                TagRef::Id { .. } => &mut ids,
                TagRef::Text(_) => &mut texts,
            };
            named.insert(tag.as_str().to_owned());
        }
        Self::Named { ids, texts }
    }

    pub(super) fn shows(&self, tag: &TagFacts<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Named { ids, texts } => {
                ids.contains(tag.id) || texts.contains(tag.id) || texts.contains(tag.name.as_ref())
            }
        }
    }

    /// Takes the other tags out of members that hold tags, at any depth. Of what such a member holds, only strings stay that are
    /// tags that are shown.
    pub(super) fn narrow(&self, fields: &mut Map<String, Value>, tags: &[TagFacts<'_>]) {
        let Self::Named { ids, texts } = self else { return };
        let (shown, hidden): (Vec<_>, Vec<_>) = tags.iter().partition(|tag| self.shows(tag));
        let is_shown = |text: &str| {
            let text = normalized_name(text);
            let is = |tag: &&TagFacts<'_>| tag.id == text || tag.name == text;
            let text = text.as_ref();
            // The id of one tag may be the name of another.
            (ids.contains(text) || texts.contains(text) || shown.iter().any(is)) && !hidden.iter().any(is)
        };
        each_member(fields, &mut |name, value| !holds_tags(name) || keep_shown(value, &is_shown));
    }
}

/// Whether a member of this name holds tags: its last words are of [`TAG_WORDS`], or it ends with one of [`TAG_ENDINGS`].
fn holds_tags(name: &str) -> bool {
    const LONGEST: usize = 8;
    // From the last letter to the first; separators are passed over.
    let mut ending = String::new();
    let mut before = name.chars().rev().peekable();
    while let Some(character) = before.next() {
        if !character.is_alphanumeric() {
            continue;
        }
        ending.extend(character.to_lowercase());
        if ending.len() > LONGEST {
            return false;
        }
        let begins_word = before
            .peek()
            .is_none_or(|before| !before.is_alphanumeric() || (character.is_uppercase() && !before.is_uppercase()));
        let is_ending = |words: &[&str]| words.iter().any(|word| word.chars().rev().eq(ending.chars()));
        if is_ending(&TAG_ENDINGS) || (begins_word && is_ending(&TAG_WORDS)) {
            return true;
        }
    }
    false
}

/// Whether an object names a tag by a member of this name, however its words are joined.
fn names_a_tag(name: &str) -> bool {
    const LONGEST: usize = 7;
    let letters = name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).take(LONGEST + 1);
    let letters: String = letters.flat_map(char::to_lowercase).collect();
    NAMES_OF_A_TAG.contains(&letters.as_str())
}

/// Takes out of `value` all strings but tags that are shown, and what could be tags in another form; answers whether anything is
/// left.
fn keep_shown(value: &mut Value, is_shown: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_shown(text),
        Value::Array(items) => {
            items.retain_mut(|item| keep_shown(item, is_shown));
            true
        }
        Value::Object(members) if members.keys().any(|name| names_a_tag(name)) => {
            // One tag. What else is said of it may name another.
            let is_hidden = members
                .iter()
                .any(|(name, value)| names_a_tag(name) && value.as_str().is_some_and(|text| !is_shown(text)));
            members.retain(|name, value| names_a_tag(name) && value.is_string());
            !is_hidden && !members.is_empty()
        }
        Value::Object(members) => {
            // Tags by name or id, each with something said of it.
            members.retain(|name, value| {
                if is_shown(name) && !value.is_boolean() && !keep_shown(value, is_shown) {
                    *value = Value::Null;
                }
                is_shown(name)
            });
            !members.is_empty()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tag_members_are_recognized_by_their_last_words() {
        for name in [
            "tags",
            "Tags",
            "TAGS",
            "tag",
            "tag_ids",
            "tagIds",
            "Tag-IDs",
            "tagNames",
            "tag_list",
            "nodeTags",
            "node_tags",
            "NODE_TAGS",
            "nodetags",
            "hashtags",
            "hashTags",
            "hashtag",
            "labels",
            "node_labels",
            "userLabels",
            "tag.id",
            "my tag",
            "primaryTag",
            "t_a_g_s",
        ] {
            assert!(holds_tags(name), "{name}");
        }
        for name in [
            "montag",
            "Samstag",
            "stage",
            "label",
            "tag_count",
            "tagged",
            "tagsort",
            "title",
            "",
            "_",
            "belabels",
            "vintage",
        ] {
            assert!(!holds_tags(name), "{name}");
        }
        assert!(!holds_tags(&"_a".repeat(100_000)));
    }

    #[test]
    fn only_strings_that_are_shown_tags_stay() {
        let is_shown = |text: &str| text == "work" || text == "t1";
        for (value, left) in [
            (json!("work"), Some(json!("work"))),
            (json!("hidden"), None),
            (json!(["work", "hidden", ["t1", "hidden"], 7, null, true]), Some(json!(["work", ["t1"]]))),
            (json!({"work": ["hidden-tag"]}), Some(json!({"work": []}))),
            (json!({"work": "hidden", "hidden": "work"}), Some(json!({"work": null}))),
            (json!({"work": true, "t1": 7}), Some(json!({"work": true, "t1": null}))),
            (json!({"work": {"hidden": 1}}), Some(json!({"work": null}))),
            (json!({"work": {"t1": "work"}}), Some(json!({"work": {"t1": "work"}}))),
            (json!({"id": "work", "name": ["hidden-tag"]}), Some(json!({"id": "work"}))),
            (json!({"id": "t1", "name": "work", "parent": "hidden"}), Some(json!({"id": "t1", "name": "work"}))),
            (json!({"id": "t1", "name": "hidden"}), None),
            (json!({"id": 7, "name": ["work"]}), None),
            (json!({}), None),
            (json!(7), None),
        ] {
            let mut kept = value.clone();
            let is_left = keep_shown(&mut kept, &is_shown);
            assert_eq!(is_left.then_some(kept), left, "{value}");
        }
    }
}
