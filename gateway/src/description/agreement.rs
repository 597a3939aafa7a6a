//! Whether what is described is what is read: for the tests of those who read.

use serde_json::Value;
use types::FieldErrors;
use utoipa::openapi::{RefOr, Schema};

use crate::json::Json;

/// A value that no field of the contract takes.
const NOTHING_LIKE_IT: f64 = 0.5;

/// Reads each member that `schema` describes, and one that it does not: all but the last are known.
pub(crate) fn holds(schema: &RefOr<Schema>, read: impl Fn(Vec<(String, Json)>, &mut FieldErrors)) {
    let described = serde_json::to_value(schema).unwrap();
    assert_eq!(described["additionalProperties"], Value::Bool(false), "{described}");
    let names: Vec<_> = described["properties"].as_object().unwrap().keys().cloned().collect();
    assert!(!names.is_empty());
    let strange = || Json::Number(serde_json::Number::from_f64(NOTHING_LIKE_IT).unwrap());
    let unknown = |name: &str| {
        let mut errors = FieldErrors::new();
        read(vec![(name.to_owned(), strange())], &mut errors);
        let written = errors.iter().find(|(path, _)| path.rsplit('.').next() == Some(name));
        written.is_some_and(|(_, found)| found.iter().any(|message| message == "is not a field of this request"))
    };
    for name in &names {
        assert!(!unknown(name), "`{name}` is described and not read");
    }
    assert!(unknown("made_up"));
}

/// Reads each word that `schema` describes in the member `name`, and one that it does not: all but the last are taken.
pub(crate) fn words(schema: &RefOr<Schema>, name: &str, read: impl Fn(Vec<(String, Json)>, &mut FieldErrors)) {
    let described = serde_json::to_value(schema).unwrap();
    let words = described["enum"].as_array().unwrap().clone();
    let refused = |word: &str| {
        let mut errors = FieldErrors::new();
        read(vec![(name.to_owned(), Json::String(word.to_owned()))], &mut errors);
        errors.iter().any(|(path, _)| path == name)
    };
    for word in &words {
        assert!(!refused(word.as_str().unwrap()), "{word} is described and not read");
    }
    assert!(refused("made_up"));
}
