//! Profiles and shares as Rego (<https://www.openpolicyagent.org/docs/policy-language>), evaluated by regorus.

use exposure_svc::domain::{Rules, TagExpression, TagOp, TagRef, exposure::NodeFacts};
use regorus::{Engine, Value};
use serde_json::json;
use sharing_svc::domain::access::{Action, Chain, NodeFacts as SharedNode};
use types::Timestamp;

/// The formula of docs/exposure.md over `data.profile`; the expression, which Rego has no recursion for, is added to it.
const PROFILE: &str = r#"
package exposure
import rego.v1

default exposed := false

tags := {t | some t in input.node.tags}
listed(name) := {t | some t in object.get(data.profile, name, [])}
filter(name) := {t | some t in object.get(object.get(data.profile, "tag_filters", {}), name, [])}

excluded if count(tags & filter("exclude_any")) > 0
excluded if count(tags & listed("excluded_tag_ids")) > 0
excluded if input.node.kind in listed("excluded_node_types")

stated if count(filter("include_all")) > 0
stated if count(filter("include_any")) > 0
stated if data.profile.tag_expression
stated if count(listed("allowed_tag_ids")) > 0
stated if count(listed("allowed_node_types")) > 0
stated if data.profile.start
stated if data.profile.end

misses if count(filter("include_all") - tags) > 0
misses if {
    count(filter("include_any")) > 0
    count(filter("include_any") & tags) == 0
}
misses if {
    data.profile.tag_expression
    not expression
}
misses if {
    count(listed("allowed_tag_ids")) > 0
    object.get(data.profile, "allowed_tags_logic", "OR") == "OR"
    count(listed("allowed_tag_ids") & tags) == 0
}
misses if {
    object.get(data.profile, "allowed_tags_logic", "OR") == "AND"
    count(listed("allowed_tag_ids") - tags) > 0
}
misses if {
    count(listed("allowed_node_types")) > 0
    not input.node.kind in listed("allowed_node_types")
}
misses if input.node.created < data.profile.start
misses if input.node.created >= data.profile.end

included if input.node.id in listed("allowed_node_ids")
included if {
    stated
    not misses
}
included if {
    not stated
    count(listed("allowed_node_ids")) == 0
}

unreadable if {
    permissions := data.profile.tag_permissions
    count(permissions) > 0
    read := object.get(permissions, "read", {"tag_ids": [], "allow_all": false})
    not read.allow_all
    count({t | some t in read.tag_ids} & tags) == 0
}
unreadable if {
    permissions := data.profile.schema_permissions
    count(permissions) > 0
    read := object.get(permissions, "read", {"schema_ids": [], "allow_all": false})
    not read.allow_all
    not input.node.schema in {s | some s in read.schema_ids}
}

exposed if {
    included
    not excluded
    not unreadable
}
"#;

/// The decision of docs/sharing.md over `data.chains`, each a list of links.
const CHAINS: &str = r#"
package sharing
import rego.v1

default allowed := false

covers(link) if link.scope == "all"
covers(link) if {
    link.scope == "specific_tags"
    some tag in link.ids
    tag in input.node.tags
}
covers(link) if {
    link.scope == "specific_nodes"
    input.node.id in link.ids
}
covers(link) if {
    link.scope == "graph"
    some root in link.ids
    root in input.node.roots
}

effective(link) if {
    not link.revoked
    link.rights[input.action]
    object.get(link, "expires", input.now + 1) > input.now
    covers(link)
}

allowed if {
    some chain in data.chains
    every place, link in chain {
        effective(link)
        passable(place, link)
    }
}

passable(place, _) if place == 0
passable(place, link) if {
    place > 0
    link.rights.share
}
"#;

/// Rules over data, ready to be asked.
#[derive(Clone)]
pub struct Rego {
    engine: Engine,
    rule: &'static str,
}

fn micros(timestamp: Timestamp) -> i64 {
    timestamp.utc().timestamp_micros()
}

fn value(json: &serde_json::Value) -> Value {
    Value::from_json_str(&json.to_string()).expect("JSON")
}

/// Adds a rule for each part of an expression, and answers the name of the rule for the whole.
fn expression(expression: &TagExpression, rules: &mut Vec<String>) -> String {
    let name = |rules: &[String]| format!("part_{}", rules.len());
    match expression {
        TagExpression::Tag { tag, ids } => {
            let name = name(rules);
            let ids = ids.iter().cloned().map(TagRef::id);
            let any = std::iter::once(tag.clone()).chain(ids).map(|tag| format!("{name} if {} in tags\n", json!(tag)));
            rules.push(any.collect());
            name
        }
        TagExpression::Operation { op, conditions } => {
            let parts: Vec<_> = conditions.iter().map(|below| self::expression(below, rules)).collect();
            let name = name(rules);
            rules.push(match op {
                TagOp::And => format!("{name} if {{ {} }}", parts.join("; ")),
                TagOp::Or => parts.iter().map(|part| format!("{name} if {part}\n")).collect(),
                TagOp::Not => format!("{name} if {{ not {} }}", parts.join("; not ")),
            });
            name
        }
    }
}

impl Rego {
    /// A profile: its own document as data, and the formula.
    pub fn of_profile(rules: &Rules) -> Self {
        let mut document = serde_json::to_value(rules).expect("a profile");
        document["start"] = rules.date_range_start.map(micros).into();
        document["end"] = rules.date_range_end.map(micros).into();
        let members = document.as_object_mut().expect("an object");
        members.retain(|_, value| !value.is_null());
        let mut parts = Vec::new();
        let whole = rules.tag_expression.as_ref().map(|below| expression(below, &mut parts));
        let whole = whole.map(|name| format!("expression if {name}")).unwrap_or("expression if false".to_owned());
        let text = format!("{PROFILE}\n{}\n{whole}\n", parts.join("\n"));
        Self::new("data.exposure.exposed", text, &json!({ "profile": document }))
    }

    /// The chains from an owner to a viewer.
    pub fn of_chains(chains: &[Chain]) -> Self {
        let chains: Vec<Vec<_>> = chains
            .iter()
            .map(|chain| {
                let links = chain.links().map(|link| {
                    let rights = link.terms.rights;
                    let ids = [link.terms.scope.tag_ids(), link.terms.scope.node_ids()].concat();
                    let mut shown = json!({
                        "scope": link.terms.scope.kind().name(),
                        "ids": ids,
                        "rights": {"read": rights.read, "write": rights.write, "delete": rights.delete, "share": rights.share},
                        "revoked": link.revoked_at.is_some(),
                    });
                    if let Some(end) = link.terms.expires_at {
                        shown["expires"] = micros(end).into();
                    }
                    shown
                });
                links.collect()
            })
            .collect();
        Self::new("data.sharing.allowed", CHAINS.to_owned(), &json!({ "chains": chains }))
    }

    fn new(rule: &'static str, text: String, data: &serde_json::Value) -> Self {
        let mut engine = Engine::new();
        engine.add_policy("policy.rego".to_owned(), text.clone()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        engine.add_data(value(data)).expect("data");
        Self { engine, rule }
    }

    /// Whether the rules allow it.
    pub fn allows(&mut self, question: Value) -> bool {
        self.engine.set_input(question);
        self.engine.eval_rule(self.rule.to_owned()).expect("a decision").as_bool().copied().unwrap_or(false)
    }
}

/// A node before a profile.
pub fn node(node: &NodeFacts<'_>) -> Value {
    // By what a reference can match each: an id as such, or a text that is an id or a name.
    let tags: Vec<_> =
        node.tags.iter().flat_map(|tag| [json!({"id": tag.id}), json!(tag.id), json!(tag.name)]).collect();
    value(&json!({"node": {
        "id": node.id,
        "kind": node.node_type,
        "schema": node.schema.unwrap_or("__freeform__"),
        "created": micros(node.created_at),
        "tags": tags,
    }}))
}

/// A node before shares. A node is its own root.
pub fn shared(node: SharedNode<'_>, action: Action, now: Timestamp) -> Value {
    let roots: Vec<_> = node.graph_root_ids.iter().map(String::as_str).chain([node.id]).collect();
    value(&json!({
        "action": action.verb(),
        "now": micros(now),
        "node": {"id": node.id, "tags": node.tag_ids, "roots": roots},
    }))
}
