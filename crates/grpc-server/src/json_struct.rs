//! JSON objects as `google.protobuf.Struct`.

use prost_types::{ListValue, Struct, Value, value::Kind};
use serde_json::{Map, Number};

/// Reads a struct. A number that JSON cannot express becomes null.
pub fn read_struct(fields: Struct) -> Map<String, serde_json::Value> {
    fields.fields.into_iter().map(|(name, value)| (name, read(value))).collect()
}

/// Encodes a JSON object. Numbers become doubles.
pub fn json_struct(fields: Map<String, serde_json::Value>) -> Struct {
    Struct { fields: fields.into_iter().map(|(name, value)| (name, written(value))).collect() }
}

fn read(value: Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::NumberValue(number)) => read_number(number),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::StructValue(members)) => read_struct(members).into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(read).collect(),
    }
}

fn read_number(number: f64) -> serde_json::Value {
    Number::from_f64(number).map_or(serde_json::Value::Null, Into::into)
}

fn written(value: serde_json::Value) -> Value {
    let kind = match value {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(value) => Kind::BoolValue(value),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Kind::StringValue(text),
        serde_json::Value::Array(items) => {
            Kind::ListValue(ListValue { values: items.into_iter().map(written).collect() })
        }
        serde_json::Value::Object(members) => Kind::StructValue(json_struct(members)),
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_read_back() {
        let json = json!({"a": null, "b": [true, -1.5, "x", {"c": []}], "d": {}});
        let object = json.as_object().unwrap().clone();
        assert_eq!(read_struct(json_struct(object.clone())), object);
        let infinite = Struct { fields: [("x".to_owned(), Value { kind: Some(Kind::NumberValue(f64::NAN)) })].into() };
        assert_eq!(json!(read_struct(infinite)), json!({"x": null}));
    }
}
