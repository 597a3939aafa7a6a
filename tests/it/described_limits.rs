//! Every limit of the description, tried: what is at it is taken, what is beyond it is refused by the field's name.

use http::Method;
use serde_json::{Map, Value, json};
use test_kit::Backend;

use crate::test_server::TestServer;

/// A limit of one field: a value at it and one beyond.
struct Limit {
    field: String,
    at: Value,
    beyond: Value,
}

struct Description(Value);

impl Description {
    fn schema(&self, name: &str) -> &Value {
        &self.0["components"]["schemas"][name]
    }

    /// What a schema stands for: behind a reference, and beside null.
    fn behind<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.behind(self.0.pointer(reference.trim_start_matches('#')).unwrap());
        }
        let parts = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        match parts.iter().find(|part| part["$ref"].is_string()) {
            Some(part) if parts.len() == 2 => self.behind(part),
            _ => schema,
        }
    }

    /// A text that every pattern of the description takes, `length` long.
    fn text(length: u64) -> String {
        "t".repeat(usize::try_from(length).unwrap())
    }

    /// Every limit of the members of an object, within `inside` of the body.
    fn limits(&self, schema: &Value, inside: &str) -> Vec<Limit> {
        let mut limits = Vec::new();
        for (name, member) in schema["properties"].as_object().unwrap() {
            let member = self.behind(member);
            let field = if inside.is_empty() { name.clone() } else { format!("{inside}.{name}") };
            let longest = |schema: &Value| match schema["pattern"].as_str() {
                Some("^[A-Za-z0-9_.:-]{1,128}$") => Some(128),
                _ => schema["maxLength"].as_u64(),
            };
            if let Some(longest) = longest(member) {
                let [at, beyond] = [longest, longest + 1].map(|length| json!(Self::text(length)));
                limits.push(Limit { field: field.clone(), at, beyond });
            }
            if let Some(most) = member["maxItems"].as_u64() {
                let item = self.behind(&member["items"]);
                let words = item["enum"].as_array();
                let list = |count: u64| {
                    (0..count).map(|n| words.map_or_else(|| json!(format!("t{n}")), |words| words[0].clone()))
                };
                let [at, beyond] = [most, most + 1].map(|count| list(count).collect());
                limits.push(Limit { field: field.clone(), at, beyond });
                if let Some(longest) = longest(item) {
                    let [at, beyond] = [longest, longest + 1].map(|length| json!([Self::text(length)]));
                    limits.push(Limit { field: field.clone(), at, beyond });
                }
            }
            if member["properties"].is_object() {
                limits.extend(self.limits(member, &field));
            }
        }
        limits
    }
}

/// `value` at `path` of an object that is otherwise `body`.
fn with(body: &Value, path: &str, value: &Value) -> Value {
    let mut body = body.clone();
    let (mut at, mut parts) = (&mut body, path.split('.').peekable());
    while let Some(part) = parts.next() {
        let members = at.as_object_mut().unwrap();
        if parts.peek().is_none() {
            members.insert(part.to_owned(), value.clone());
            break;
        }
        at = members.entry(part).or_insert_with(|| Value::Object(Map::new()));
    }
    body
}

#[tokio::test]
async fn described_limits_are_exact() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let description = server.http.send(Method::GET, "/openapi.json", &[], "").await.unwrap();
    let description = Description(description.json());
    let share = json!({"shared_with_user_id": "bob", "scope": "all"});
    let mut tried = 0;
    for (schema, path, body) in [
        ("NewShare", "/sharing", share),
        ("NewProfile", "/exposure-profiles", json!({"name": "x"})),
        ("ProfileFromTemplate", "/exposure-profiles/from-template", json!({"template": "restrictive"})),
    ] {
        for Limit { field, at, beyond } in description.limits(description.schema(schema), "") {
            if field.starts_with("scope.") {
                // Refused by the names of the fields that it stands for, which are tried themselves.
                continue;
            }
            // Other things may be wrong with it, as ids are of a scope that needs none.
            let names = async |value: &Value| {
                let answer = server.post("ann", path, &with(&body, &field, value)).await;
                let wrong = if answer.status == 400 { answer.wrong_fields() } else { Vec::new() };
                let outermost = field.split('.').next().unwrap().to_owned();
                wrong.iter().any(|wrong| {
                    let size = format!("{:?}", answer.json()["errors"][wrong.as_str()]);
                    let is_of_size = ["at most", "characters"].iter().any(|message| size.contains(message));
                    wrong.starts_with(&outermost) && is_of_size
                })
            };
            assert!(!names(&at).await, "{schema}.{field} is refused at its limit");
            assert!(names(&beyond).await, "{schema}.{field} is taken beyond its limit");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried} limits");
}
