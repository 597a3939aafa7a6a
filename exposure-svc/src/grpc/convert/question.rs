//! Requests for decisions: the subject and the nodes.

use ofself_proto::exposure as wire;
use prost::bytes::Bytes;
use service::consistency::Freshness;
use types::{FieldErrors, Id, IdError, ItemErrors, MAX_BATCH, MAX_LIST, Node, Schema, Tag, Timestamp};

use super::node_bytes::{Malformed, NodeParts, read_node};
use crate::{
    domain::{
        AppId, REF_CHARACTERS, UserId,
        exposure::{NodeFacts, TagFacts, WriteVerb},
    },
    operations::Subject,
};

/// The owner of the data.
pub(in crate::grpc) fn user(id: String, errors: &mut FieldErrors) -> Option<UserId> {
    required(id, "user_id", UserId::parse, errors)
}

/// An app.
pub(in crate::grpc) fn app(id: String, errors: &mut FieldErrors) -> Option<AppId> {
    required(id, "app_id", AppId::parse, errors)
}

/// The subject of a request, as each message encodes it.
pub(in crate::grpc) enum Asked {
    /// That of this app.
    App(String),
    /// This one.
    Profile(String),
}

impl From<wire::evaluate_nodes_request::Subject> for Asked {
    fn from(subject: wire::evaluate_nodes_request::Subject) -> Self {
        use wire::evaluate_nodes_request::Subject;
        match subject {
            Subject::AppId(id) => Self::App(id),
            Subject::ProfileId(id) => Self::Profile(id),
        }
    }
}

impl From<wire::get_exposure_filter_request::Subject> for Asked {
    fn from(subject: wire::get_exposure_filter_request::Subject) -> Self {
        use wire::get_exposure_filter_request::Subject;
        match subject {
            Subject::AppId(id) => Self::App(id),
            Subject::ProfileId(id) => Self::Profile(id),
        }
    }
}

impl From<wire::explain_exposure_request::Subject> for Asked {
    fn from(subject: wire::explain_exposure_request::Subject) -> Self {
        use wire::explain_exposure_request::Subject;
        match subject {
            Subject::AppId(id) => Self::App(id),
            Subject::ProfileId(id) => Self::Profile(id),
        }
    }
}

/// The subject: an app, or a profile.
pub(in crate::grpc) fn subject(asked: Option<impl Into<Asked>>, errors: &mut FieldErrors) -> Option<Subject> {
    match asked.map(Into::into) {
        Some(Asked::App(id)) => app(id, errors).map(Subject::App),
        Some(Asked::Profile(id)) if id.is_empty() => {
            errors.add("profile_id", "is required");
            None
        }
        Some(Asked::Profile(id)) => Some(Subject::Profile(id)),
        None => {
            errors.add("subject", "must be either app_id or profile_id");
            None
        }
    }
}

/// How fresh an answer must be. Every call reads the primary, so without a token every requirement holds.
pub(in crate::grpc) fn freshness(consistency: Option<wire::Consistency>, errors: &mut FieldErrors) -> Freshness {
    use wire::consistency::Requirement;
    match consistency.and_then(|consistency| consistency.requirement) {
        None | Some(Requirement::MinimizeLatency(_) | Requirement::FullyConsistent(_)) => Freshness::default(),
        Some(Requirement::AtLeastAsFresh(tokens)) => Freshness::parse(&tokens, "consistency.at_least_as_fresh", errors),
    }
}

/// Checks the number of nodes in a request.
pub(in crate::grpc) fn bounded(nodes: usize, errors: &mut FieldErrors) {
    if nodes > MAX_BATCH {
        errors.add("nodes", format!("must hold at most {MAX_BATCH} entries"));
    }
}

/// The result of `exposes` for each message, in order, in one pass.
pub(in crate::grpc) fn each_encoded(
    nodes: &[Bytes],
    exposes: impl Fn(&NodeFacts<'_>) -> bool,
) -> Result<Vec<bool>, FieldErrors> {
    let mut tags = Vec::new();
    each(nodes.len(), |index, errors| {
        tags.clear();
        let path = || format!("nodes[{index}]");
        match read_node(nodes.get(index)?, &mut tags) {
            Ok(parts) => {
                let node = facts(parts, &tags, path, errors)?;
                demand_ids(&node, path, errors);
                Some(exposes(&node))
            }
            Err(Malformed) => {
                errors.add(path(), "is not a node description");
                None
            }
        }
    })
}

/// The result of `exposes` for each node, in order, in one pass.
pub(in crate::grpc) fn each_node(
    nodes: &[wire::NodeDescription],
    exposes: impl Fn(&NodeFacts<'_>) -> bool,
) -> Result<Vec<bool>, FieldErrors> {
    each(nodes.len(), |index, errors| {
        let mut tags = Vec::new();
        let node = node(nodes.get(index)?, &mut tags, || format!("nodes[{index}]"), errors)?;
        Some(exposes(&node))
    })
}

/// Decisions about so many nodes; of those that cannot be decided about the first are named and the rest counted.
fn each(
    count: usize,
    mut decide: impl FnMut(usize, &mut FieldErrors) -> Option<bool>,
) -> Result<Vec<bool>, FieldErrors> {
    let mut errors = FieldErrors::new();
    let mut wrong = ItemErrors::default();
    let mut decisions = Vec::with_capacity(count);
    for index in 0..count {
        let mut here = FieldErrors::new();
        decisions.extend(decide(index, &mut here));
        if !here.is_empty() {
            wrong.add(&mut errors, |errors| errors.append(here));
        }
    }
    wrong.count_rest("nodes", &mut errors);
    errors.into_result(decisions)
}

/// The descriptions of nodes with content, 1 to 1,000, each with an id for every tag. Their tags are kept in `tags`.
pub(in crate::grpc) fn nodes<'a: 'tags, 'tags>(
    nodes: &'a [Option<wire::NodeDescription>],
    tags: &'tags mut Vec<Vec<TagFacts<'a>>>,
    errors: &mut FieldErrors,
) -> Vec<NodeFacts<'tags>> {
    if nodes.is_empty() || nodes.len() > MAX_LIST {
        errors.add("nodes", format!("must hold 1 to {MAX_LIST} entries"));
        return Vec::new();
    }
    tags.resize_with(nodes.len(), Vec::new);
    let mut found = Vec::with_capacity(nodes.len());
    let mut wrong = ItemErrors::default();
    for ((index, description), tags) in nodes.iter().enumerate().zip(tags) {
        let mut here = FieldErrors::new();
        let path = || format!("nodes[{index}].description");
        match description {
            Some(description) => found.extend(node(description, tags, path, &mut here).inspect(|node| {
                demand_ids(node, path, &mut here);
            })),
            None => here.add(path(), "is required"),
        }
        if !here.is_empty() {
            wrong.add(errors, |errors| errors.append(here));
        }
    }
    wrong.count_rest("nodes", errors);
    found
}

/// A node at `path`. Its tags are added to `tags`.
pub(in crate::grpc) fn node<'a: 'tags, 'tags>(
    node: &'a wire::NodeDescription,
    tags: &'tags mut Vec<TagFacts<'a>>,
    path: impl Fn() -> String,
    errors: &mut FieldErrors,
) -> Option<NodeFacts<'tags>> {
    let wire::NodeDescription { id, node_type, tags: given, schema_id, created_at } = node;
    tags.extend(given.iter().take(MAX_LIST + 1).map(|wire::Tag { id, name }| TagFacts::new(id, name)));
    let schema_id = schema_id.as_deref();
    facts(NodeParts { id, node_type, schema_id, created_at: *created_at }, tags, path, errors)
}

/// A valid description, or its errors.
fn facts<'tags>(
    parts: NodeParts<'tags>,
    tags: &'tags [TagFacts<'tags>],
    path: impl Fn() -> String,
    errors: &mut FieldErrors,
) -> Option<NodeFacts<'tags>> {
    let NodeParts { id, node_type, schema_id, created_at } = parts;
    let mut wrong = |field: &str, must: String| errors.add(format!("{}.{field}", path()), must);
    if let Err(error) = Id::<Node>::check(id) {
        wrong("id", if id.is_empty() { "is required".to_owned() } else { error.to_string() });
    }
    if node_type.is_empty() {
        wrong("node_type", "is required".to_owned());
    } else if node_type.len() > REF_CHARACTERS && node_type.chars().nth(REF_CHARACTERS).is_some() {
        wrong("node_type", format!("must be at most {REF_CHARACTERS} characters"));
    }
    if tags.len() > MAX_LIST || !tags.iter().all(is_valid_tag) {
        tag_errors(tags, &mut wrong);
    }
    match schema_id.map(Id::<Schema>::check) {
        Some(Err(IdError::Empty)) => {
            wrong("schema_id", "must not be empty; leave it out for a node without a schema".to_owned());
        }
        Some(Err(error)) => wrong("schema_id", error.to_string()),
        Some(Ok(())) | None => {}
    }
    let created_at = match created_at {
        None => {
            wrong("created_at", "is required".to_owned());
            None
        }
        Some(at) => {
            Timestamp::from_parts(at.seconds, at.nanos).map_err(|error| wrong("created_at", error.to_string())).ok()
        }
    };
    Some(NodeFacts { id, node_type, tags, schema: schema_id, created_at: created_at? })
}

/// Whether [`tag_errors`] finds nothing wrong with it.
#[inline]
fn is_valid_tag(tag: &TagFacts<'_>) -> bool {
    (if tag.id.is_empty() { !tag.name.is_empty() } else { Id::<Tag>::check(tag.id).is_ok() })
        && tag.name.len() <= REF_CHARACTERS
}

#[cold]
fn tag_errors(tags: &[TagFacts<'_>], wrong: &mut impl FnMut(&str, String)) {
    if tags.len() > MAX_LIST {
        wrong("tags", format!("must hold at most {MAX_LIST} entries"));
    }
    if tags.iter().any(|tag| tag.id.is_empty() && tag.name.is_empty()) {
        wrong("tags", "must each have an id or a name".to_owned());
    }
    if let Some(error) = tags.iter().filter(|tag| !tag.id.is_empty()).find_map(|tag| Id::<Tag>::check(tag.id).err()) {
        wrong("tags", format!("has an id that {error}"));
    }
    if tags.iter().any(|tag| tag.name.len() > REF_CHARACTERS && tag.name.chars().nth(REF_CHARACTERS).is_some()) {
        wrong("tags", format!("must have names of at most {REF_CHARACTERS} characters"));
    }
}

/// Says so of a node one of whose tags comes without an id: a profile that keeps the id would not know it, and what it excludes
/// would be exposed.
pub(in crate::grpc) fn demand_ids(node: &NodeFacts<'_>, path: impl Fn() -> String, errors: &mut FieldErrors) {
    if node.tags.iter().any(|tag| tag.id.is_empty() && !tag.name.is_empty()) {
        errors.add(format!("{}.tags", path()), "must each have an id");
    }
}

/// The nodes that a preview is asked about; at most 1,000.
pub(in crate::grpc) fn descriptions<'a: 'tags, 'tags>(
    nodes: &'a [wire::NodeDescription],
    tags: &'tags mut Vec<Vec<TagFacts<'a>>>,
    errors: &mut FieldErrors,
) -> Vec<NodeFacts<'tags>> {
    if nodes.len() > MAX_LIST {
        errors.add("nodes", format!("must hold at most {MAX_LIST} entries"));
        return Vec::new();
    }
    tags.resize_with(nodes.len(), Vec::new);
    let mut found = Vec::with_capacity(nodes.len());
    let mut wrong = ItemErrors::default();
    for ((index, description), tags) in nodes.iter().enumerate().zip(tags) {
        let mut here = FieldErrors::new();
        found.extend(node(description, tags, || format!("nodes[{index}]"), &mut here));
        if !here.is_empty() {
            wrong.add(errors, |errors| errors.append(here));
        }
    }
    wrong.count_rest("nodes", errors);
    found
}

/// The kind of write, and the node.
pub(in crate::grpc) fn verb(
    verb: i32,
    has_before: bool,
    has_after: bool,
    errors: &mut FieldErrors,
) -> Option<WriteVerb> {
    let verb = match wire::WriteVerb::try_from(verb) {
        Ok(wire::WriteVerb::Propose) => WriteVerb::Propose,
        Ok(wire::WriteVerb::Edit) => WriteVerb::Edit,
        Ok(wire::WriteVerb::Create) => WriteVerb::Create,
        Ok(wire::WriteVerb::Delete) => WriteVerb::Delete,
        Ok(wire::WriteVerb::Unspecified) | Err(_) => {
            errors.add("verb", "must be propose, edit, create or delete");
            return None;
        }
    };
    let (needs_before, needs_after) = match verb {
        WriteVerb::Edit => (Some(true), Some(true)),
        WriteVerb::Create => (Some(false), Some(true)),
        WriteVerb::Delete => (Some(true), Some(false)),
        // A proposal may be any of these.
        WriteVerb::Propose if has_before || has_after => (None, None),
        WriteVerb::Propose => (None, Some(true)),
    };
    for (field, needed, there) in [("before", needs_before, has_before), ("after", needs_after, has_after)] {
        match needed {
            Some(true) if !there => errors.add(field, "is required for this verb"),
            Some(false) if there => errors.add(field, "must be absent for this verb"),
            Some(_) | None => {}
        }
    }
    Some(verb)
}

fn required<T, E: std::fmt::Display>(
    text: String,
    field: &str,
    parse: impl Fn(String) -> Result<T, E>,
    errors: &mut FieldErrors,
) -> Option<T> {
    if text.is_empty() {
        errors.add(field, "is required");
        return None;
    }
    parse(text).map_err(|error| errors.add(field, error.to_string())).ok()
}
