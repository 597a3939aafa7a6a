//! Walking the content of a node: objects in lists in objects, as deep as they go.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Changes every string, at any depth: values, and the names of members too, since people keep addresses there. Members
/// whose names become the same are numbered, so that none is lost.
pub(super) fn each_string(fields: &mut Map<String, Value>, change: &mut impl FnMut(&mut String)) {
    let members = std::mem::take(fields);
    // The number that is free for a name, so that many that become one are numbered in one pass.
    let mut next: HashMap<String, u64> = HashMap::new();
    for (mut name, mut value) in members {
        change(&mut name);
        each_string_of(&mut value, change);
        while fields.contains_key(&name) {
            let number = next.entry(name.clone()).or_insert(1);
            *number += 1;
            let numbered = format!("{name} ({number})");
            if !fields.contains_key(&numbered) {
                name = numbered;
            }
        }
        fields.insert(name, value);
    }
}

fn each_string_of(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_string_of(item, change)),
        Value::Object(members) => each_string(members, change),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Shows every member to `change`, outer ones first, at any depth; one that it answers `false` for goes.
pub(super) fn each_member(fields: &mut Map<String, Value>, change: &mut impl FnMut(&str, &mut Value) -> bool) {
    fields.retain(|name, value| change(name, value));
    for (_, value) in fields.iter_mut() {
        each_member_of(value, change);
    }
}

fn each_member_of(value: &mut Value, change: &mut impl FnMut(&str, &mut Value) -> bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_member_of(item, change)),
        Value::Object(members) => each_member(members, change),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
