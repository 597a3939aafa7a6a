//! Nodes in requests.

use std::collections::HashSet;

use ofself_proto::{
    exposure::{NodeDescription, Tag},
    sharing::Node,
};
use serde::Deserialize;
use types::{FieldErrors, Id, MAX_LIST};
use utoipa::ToSchema;

use crate::{
    description::IdText,
    json::{Field, List},
    timestamp::Rfc3339,
};

/// A node, as the graph service describes it
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DescribedNode)]
pub(super) struct NodeBody {
    #[schema(value_type = IdText)]
    id: Field<String>,
    /// Tags whose names are not given: that of the tag directory counts
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    tag_ids: Field<List<String>>,
    /// The roots of `graph` shares from which the node is reachable
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    graph_root_ids: Field<List<String>>,
    /// Tags with their names
    #[schema(value_type = Option<Vec<TagBody>>, max_items = 1000)]
    tags: Field<List<TagBody>>,
    /// Without it and `created_at` the answer is about people only
    #[schema(value_type = Option<String>, max_length = 128)]
    node_type: Field<String>,
    /// Absent: freeform
    #[schema(value_type = Option<IdText>)]
    schema_id: Field<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Field<Rfc3339>,
}

/// A tag of a node
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DescribedTag)]
struct TagBody {
    #[schema(value_type = IdText)]
    id: Field<String>,
    #[schema(value_type = Option<String>, max_length = 128)]
    name: Field<String>,
}

/// A node as each service takes it.
pub(super) struct DescribedNode {
    pub(super) node: Node,
    pub(super) description: NodeDescription,
    /// A profile can decide about it.
    pub(super) is_described: bool,
}

impl NodeBody {
    /// The node at `path` as each service takes it.
    pub(super) fn into_messages(self, path: &str, errors: &mut FieldErrors) -> DescribedNode {
        let Self { id, tag_ids, graph_root_ids, tags, node_type, schema_id, created_at } = self;
        let id = id.into_option().unwrap_or_default();
        let graph_root_ids = graph_root_ids.into_option().map(Vec::from).unwrap_or_default();
        let tags = read_tags(tag_ids, tags, path, errors);
        let tag_ids = tags.iter().map(|tag| tag.id.clone()).collect();
        let (node_type, created_at) = (node_type.into_option(), created_at.into_option());
        let (schema_id, is_described) = (schema_id.into_option(), node_type.is_some() || created_at.is_some());
        if schema_id.is_some() && !is_described {
            errors.add(format!("{path}.schema_id"), "needs node_type and created_at");
        }
        let node = Node { id: id.clone(), tag_ids, graph_root_ids };
        let description = NodeDescription {
            id,
            node_type: node_type.unwrap_or_default(),
            tags,
            schema_id,
            created_at: created_at.map(Into::into),
        };
        DescribedNode { node, description, is_described }
    }
}

/// The tags of the node at `path`, each once; one with a name before one without. The services name their fields otherwise.
fn read_tags(
    tag_ids: Field<List<String>>,
    tags: Field<List<TagBody>>,
    path: &str,
    errors: &mut FieldErrors,
) -> Vec<Tag> {
    let mut known = HashSet::new();
    let mut found = Vec::new();
    let tags = tags.into_option().map(|tags| tags.map(|index, tag| (index, tag))).unwrap_or_default();
    for (index, tag) in tags {
        let Some(TagBody { id, name }) = tag else { continue };
        let (id, name) = (id.into_option().unwrap_or_default(), name.into_option().unwrap_or_default());
        if is_tag_id(&id, &format!("{path}.tags[{index}].id"), errors) && known.insert(id.clone()) {
            found.push(Tag { id, name });
        }
    }
    let tag_ids = tag_ids.into_option().map(|ids| ids.map(|index, id| (index, id))).unwrap_or_default();
    for (index, id) in tag_ids {
        let Some(id) = id else { continue };
        if is_tag_id(&id, &format!("{path}.tag_ids[{index}]"), errors) && known.insert(id.clone()) {
            found.push(Tag { id, name: String::new() });
        }
    }
    if found.len() > MAX_LIST {
        errors.add(format!("{path}.tags"), format!("must hold at most {MAX_LIST} tags, those of tag_ids included"));
        found.truncate(MAX_LIST);
    }
    found
}

fn is_tag_id(id: &str, path: &str, errors: &mut FieldErrors) -> bool {
    let Err(error) = Id::<types::Tag>::check(id) else { return true };
    let must = if id.is_empty() { "is required".to_owned() } else { error.to_string() };
    errors.add_unless_known(path, must);
    false
}
