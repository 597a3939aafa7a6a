//! Profiles and shares as Cedar policies (<https://docs.cedarpolicy.com>).

use std::{collections::HashMap, fmt::Write, str::FromStr};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use exposure_svc::domain::{Rules, TagExpression, TagOp, TagRef, TagsLogic, exposure::NodeFacts};
use sharing_svc::domain::{
    Scope,
    access::{Action, Chain, NodeFacts as SharedNode},
};
use types::Timestamp;

/// Policies that decide about one resource.
pub struct Cedar {
    policies: PolicySet,
    authorizer: Authorizer,
}

/// What is decided about, ready to be asked.
pub struct Question {
    request: Request,
    entities: Entities,
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

fn set<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", texts.map(quoted).collect::<Vec<_>>().join(", "))
}

fn tags<'a>(tags: impl IntoIterator<Item = &'a TagRef>) -> String {
    let references: Vec<_> = tags.into_iter().map(reference).collect();
    set(references.iter().map(String::as_str))
}

/// A reference as a string: a text, or an id behind a sign that begins no text of these worlds.
fn reference(tag: &TagRef) -> String {
    match tag {
        TagRef::Id { id } => format!("#{id}"),
        TagRef::Text(text) => text.to_string(),
    }
}

fn micros(timestamp: Timestamp) -> i64 {
    timestamp.utc().timestamp_micros()
}

fn expression(expression: &TagExpression) -> String {
    match expression {
        TagExpression::Tag { tag, ids } => {
            let ids: Vec<_> = ids.iter().cloned().map(TagRef::id).collect();
            format!("resource.tags.containsAny({})", tags(std::iter::once(tag).chain(&ids)))
        }
        TagExpression::Operation { op, conditions } => {
            let conditions: Vec<_> = conditions.iter().map(self::expression).collect();
            match op {
                TagOp::And => format!("({})", conditions.join(" && ")),
                TagOp::Or => format!("({})", conditions.join(" || ")),
                TagOp::Not => format!("!({})", conditions.join(" || ")),
            }
        }
    }
}

impl Cedar {
    /// A profile: `permit` brings nodes in, `forbid` keeps them out, which is what exclusion beats inclusion means.
    pub fn of_profile(rules: &Rules) -> Self {
        let mut text = String::new();
        let mut add = |effect: &str, condition: String| {
            writeln!(text, "{effect} (principal, action, resource) when {{ {condition} }};").expect("a string");
        };
        let mut matches = Vec::new();
        if let Some(filters) = &rules.tag_filters {
            if !filters.include_all.is_empty() {
                matches.push(format!("resource.tags.containsAll({})", tags(&filters.include_all)));
            }
            if !filters.include_any.is_empty() {
                matches.push(format!("resource.tags.containsAny({})", tags(&filters.include_any)));
            }
            add("forbid", format!("resource.tags.containsAny({})", tags(&filters.exclude_any)));
        }
        matches.extend(rules.tag_expression.as_ref().map(expression));
        if !rules.allowed_tag_ids.is_empty() {
            let verb = if rules.allowed_tags_logic == Some(TagsLogic::And) { "containsAll" } else { "containsAny" };
            matches.push(format!("resource.tags.{verb}({})", tags(&rules.allowed_tag_ids)));
        }
        if !rules.allowed_node_types.is_empty() {
            let types = set(rules.allowed_node_types.iter().map(|kind| kind.as_str()));
            matches.push(format!("{types}.contains(resource.kind)"));
        }
        matches.extend(rules.date_range_start.map(|start| format!("resource.created >= {}", micros(start))));
        matches.extend(rules.date_range_end.map(|end| format!("resource.created < {}", micros(end))));
        add("forbid", format!("resource.tags.containsAny({})", tags(&rules.excluded_tag_ids)));
        let excluded = set(rules.excluded_node_types.iter().map(|kind| kind.as_str()));
        add("forbid", format!("{excluded}.contains(resource.kind)"));

        let picked = set(rules.allowed_node_ids.iter().map(|id| id.as_str()));
        if !matches.is_empty() {
            add("permit", matches.join(" && "));
        } else if rules.allowed_node_ids.is_empty() {
            add("permit", "true".to_owned());
        }
        add("permit", format!("{picked}.contains(resource.id)"));

        if let Some(permissions) = rules.stated_tag_permissions()
            && !permissions.read.as_ref().is_some_and(|grant| grant.allow_all)
        {
            let named = tags(permissions.read.iter().flat_map(|grant| &grant.tag_ids));
            add("forbid", format!("!resource.tags.containsAny({named})"));
        }
        if let Some(permissions) = rules.stated_schema_permissions()
            && !permissions.read.as_ref().is_some_and(|grant| grant.allow_all)
        {
            let named = permissions.read.iter().flat_map(|grant| &grant.schema_ids).map(|schema| schema.as_str());
            add("forbid", format!("!{}.contains(resource.schema)", set(named)));
        }
        Self::new(&text)
    }

    /// The chains from an owner to a viewer: one `permit` each, that holds while all of its links do.
    pub fn of_chains(chains: &[Chain], action: Action, now: Timestamp) -> Self {
        let mut text = String::new();
        for chain in chains {
            let links = chain.links().enumerate().map(|(place, link)| {
                let terms = &link.terms;
                let alive = link.revoked_at.is_none() && terms.expires_at.is_none_or(|end| end > now);
                let granted = action.is_granted_by(terms.rights) && (place == 0 || terms.rights.share);
                let covers = match &terms.scope {
                    Scope::All => "true".to_owned(),
                    Scope::Tags(tags) => format!("resource.tags.containsAny({})", set(tags.iter().map(|t| t.as_str()))),
                    Scope::Nodes(nodes) => format!("{}.contains(resource.id)", set(nodes.iter().map(|n| n.as_str()))),
                    Scope::Graph(roots) => {
                        format!("resource.roots.containsAny({})", set(roots.iter().map(|r| r.as_str())))
                    }
                };
                format!("{alive} && {granted} && ({covers})")
            });
            let condition = links.collect::<Vec<_>>().join(" && ");
            writeln!(text, "permit (principal, action, resource) when {{ {condition} }};").expect("a string");
        }
        Self::new(&text)
    }

    fn new(text: &str) -> Self {
        let policies = PolicySet::from_str(text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        Self { policies, authorizer: Authorizer::new() }
    }

    /// Whether the policies allow it. A policy that cannot be evaluated is a fault of the translation.
    pub fn allows(&self, question: &Question) -> bool {
        let answer = self.authorizer.is_authorized(&question.request, &self.policies, &question.entities);
        assert_eq!(answer.diagnostics().errors().count(), 0, "{answer:?}");
        answer.decision() == Decision::Allow
    }
}

impl Question {
    /// A node before a profile.
    pub fn of_node(node: &NodeFacts<'_>) -> Self {
        // By what a reference can match each: an id as such, or a text that is an id or a name.
        let tags = node.tags.iter().flat_map(|tag| [format!("#{}", tag.id), tag.id.to_owned(), tag.name.to_string()]);
        let tags = tags.map(|tag| text(&tag));
        Self::new(HashMap::from([
            ("id".to_owned(), text(node.id)),
            ("kind".to_owned(), text(node.node_type)),
            ("schema".to_owned(), text(node.schema.unwrap_or("__freeform__"))),
            ("created".to_owned(), RestrictedExpression::new_long(micros(node.created_at))),
            ("tags".to_owned(), RestrictedExpression::new_set(tags)),
        ]))
    }

    /// A node before shares. A node is its own root.
    pub fn of_shared(node: SharedNode<'_>) -> Self {
        let roots = node.graph_root_ids.iter().map(String::as_str).chain([node.id]).map(text);
        Self::new(HashMap::from([
            ("id".to_owned(), text(node.id)),
            ("tags".to_owned(), RestrictedExpression::new_set(node.tag_ids.iter().map(|tag| text(tag)))),
            ("roots".to_owned(), RestrictedExpression::new_set(roots)),
        ]))
    }

    fn new(attributes: HashMap<String, RestrictedExpression>) -> Self {
        let uid = |text| EntityUid::from_str(text).expect("an entity");
        let resource = uid(r#"Node::"it""#);
        let entity = Entity::new(resource.clone(), attributes, Default::default()).expect("attributes");
        let entities = Entities::from_entities([entity], None).expect("one entity");
        let request = Request::new(uid(r#"App::"a""#), uid(r#"Action::"see""#), resource, Context::empty(), None);
        Self { request: request.expect("a request"), entities }
    }
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}
