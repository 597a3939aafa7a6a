//! Nodes with their content.

use grpc_server::{json_struct, read_struct, timestamp};
use ofself_proto::exposure::{self as wire};
use prost_types::Struct;
use serde_json::{Map, Value};

use crate::domain::view::NodeView;

/// The fields of a node. A number that JSON cannot express becomes null.
pub(in crate::grpc) fn fields(fields: Option<Struct>) -> Map<String, Value> {
    read_struct(fields.unwrap_or_default())
}

pub(in crate::grpc) fn view(view: NodeView) -> wire::NodeContent {
    let NodeView { id, node_type, tags, schema, created_at, fields } = view;
    wire::NodeContent {
        description: Some(wire::NodeDescription {
            id,
            node_type,
            tags: tags.into_iter().map(|(id, name)| wire::Tag { id, name }).collect(),
            schema_id: schema,
            created_at: Some(timestamp(created_at)),
        }),
        fields: Some(json_struct(fields)),
    }
}
