//! Nodes with their content.

use grpc_server::timestamp;
use ofself_proto::exposure::{self as wire};
use prost_types::{Struct, Value, value::Kind};
use serde_json::{Map, Number};

use crate::domain::view::NodeView;

/// The fields of a node. A number that JSON cannot express becomes null.
pub(in crate::grpc) fn fields(fields: Option<Struct>) -> Map<String, serde_json::Value> {
    let members = fields.unwrap_or_default().fields.into_iter();
    members.map(|(name, value)| (name, read(value))).collect()
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
        fields: Some(written(fields)),
    }
}

fn read(value: Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::NumberValue(number)) => Number::from_f64(number).map_or(serde_json::Value::Null, Into::into),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::StructValue(members)) => fields(Some(members)).into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(read).collect(),
    }
}

fn written(fields: Map<String, serde_json::Value>) -> Struct {
    Struct { fields: fields.into_iter().map(|(name, value)| (name, written_value(value))).collect() }
}

fn written_value(value: serde_json::Value) -> Value {
    let kind = match value {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(value) => Kind::BoolValue(value),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Kind::StringValue(text),
        serde_json::Value::Array(items) => {
            Kind::ListValue(prost_types::ListValue { values: items.into_iter().map(written_value).collect() })
        }
        serde_json::Value::Object(members) => Kind::StructValue(written(members)),
    };
    Value { kind: Some(kind) }
}
