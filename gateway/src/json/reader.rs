//! A serde deserializer that reports every wrong member and reads the others.

use std::{cell::RefCell, fmt, mem, vec};

use serde::{
    de::{
        self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use types::{FieldErrors, ItemErrors, MAX_LIST};

use super::Json;

/// No object of the contract has nearly as many members.
const MAX_MEMBERS: usize = 100;

/// Deserializes a body. Adds to `errors`, by path: members of the wrong type, unknown members and duplicates.
pub(crate) fn read<T: DeserializeOwned + Default>(body: Json, errors: &mut FieldErrors) -> T {
    let found = RefCell::new(mem::take(errors));
    let reader = Reader { value: body, place: Place { path: Path::Body, errors: &found } };
    let body = T::deserialize(reader).unwrap_or_default();
    *errors = found.into_inner();
    body
}

/// An error that is not reported yet, or one that is.
#[derive(Debug)]
enum ReadError {
    Unreported(String),
    Reported,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreported(message) => f.write_str(message),
            Self::Reported => f.write_str("reported"),
        }
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Unreported(message.to_string())
    }
}

/// The path of a value, formatted only for an error: `tag_expression.conditions[1].op`.
#[derive(Clone, Copy)]
enum Path<'r> {
    Body,
    Member(&'r Path<'r>, &'r str),
    Item(&'r Path<'r>, usize, &'r RefCell<ItemErrors>),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("body"),
            Self::Member(Self::Body, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index, _) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Where a value is, and where its errors go.
#[derive(Clone, Copy)]
struct Place<'r> {
    path: Path<'r>,
    errors: &'r RefCell<FieldErrors>,
}

impl<'r> Place<'r> {
    fn member<'m>(&'m self, name: &'m str) -> Place<'m> {
        Place { path: Path::Member(&self.path, name), errors: self.errors }
    }

    fn report(&self, must: impl Into<String>) -> ReadError {
        let mut errors = self.errors.borrow_mut();
        let add = |errors: &mut FieldErrors| errors.add(self.path.to_string(), must);
        match self.path {
            Path::Body | Path::Member(..) => add(&mut errors),
            Path::Item(_, _, items) => items.borrow_mut().add(&mut errors, add),
        }
        ReadError::Reported
    }

    /// Reports the error of a visitor, unless it is reported already.
    fn reported<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| match error {
            ReadError::Unreported(message) => self.report(message),
            ReadError::Reported => ReadError::Reported,
        })
    }

    /// The members of an object, each once; unknown ones are reported if the names are known.
    fn members(&self, members: Vec<(String, Json)>, known: Option<&[&str]>) -> Result<Members<'r>, ReadError> {
        if members.len() > MAX_MEMBERS {
            return Err(self.report(format!("must have at most {MAX_MEMBERS} members")));
        }
        let mut once: Vec<(String, Json)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            if known.is_some_and(|known| !known.contains(&name.as_str())) {
                self.member(&name).report("is not a field of this request");
            } else if once.iter().any(|(other, _)| *other == name) {
                // It is unknown which of the two was meant.
                self.member(&name).report("must not occur twice");
            } else {
                once.push((name, value));
            }
        }
        Ok(Members { rest: once.into_iter(), current: None, place: *self })
    }
}

/// A value at its place.
struct Reader<'r> {
    value: Json,
    place: Place<'r>,
}

impl Reader<'_> {
    fn visit_list<'de, V: Visitor<'de>>(
        items: Vec<Json>,
        place: &Place<'_>,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let wrong = RefCell::default();
        let list = visitor.visit_seq(Items { rest: items.into_iter(), index: 0, wrong: &wrong, place });
        wrong.take().count_rest(place.path.to_string(), &mut place.errors.borrow_mut());
        list
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Self { value, place } = self;
        match value {
            Json::Null => visitor.visit_unit(),
            Json::Bool(truth) => visitor.visit_bool(truth),
            Json::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Json::String(text) => visitor.visit_string(text),
            Json::Array(items) => Self::visit_list(items, &place, visitor),
            Json::Object(members) => visitor.visit_map(place.members(members, None)?),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let place = self.place;
        if self.value == Json::Null { visitor.visit_unit() } else { place.reported(visitor.visit_some(self)) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        let place = self.place;
        place.reported(visitor.visit_newtype_struct(self))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Json::Bool(truth) = self.value else { return Err(self.place.report("must be true or false")) };
        visitor.visit_bool(truth)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Json::String(text) = self.value else { return Err(self.place.report("must be a string")) };
        visitor.visit_string(text)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Json::Array(items) = self.value else { return Err(self.place.report("must be a list")) };
        if items.len() > MAX_LIST {
            return Err(self.place.report(format!("must hold at most {MAX_LIST} entries")));
        }
        Self::visit_list(items, &self.place, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let Json::Object(members) = self.value else { return Err(self.place.report("must be an object")) };
        visitor.visit_map(self.place.members(members, Some(fields))?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let Json::String(word) = self.value else { return Err(self.place.report(one_of(variants))) };
        if variants.contains(&word.as_str()) {
            visitor.visit_enum(word.into_deserializer())
        } else {
            Err(self.place.report(one_of(variants)))
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct map identifier ignored_any
    }
}

/// `must be a, b or c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [words @ .., last] if !words.is_empty() => format!("must be {} or {last}", words.join(", ")),
        words => format!("must be {}", words.concat()),
    }
}

struct Members<'r> {
    rest: vec::IntoIter<(String, Json)>,
    current: Option<(String, Json)>,
    place: Place<'r>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        self.current = self.rest.next();
        let Some((name, _)) = &self.current else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let (name, value) = self.current.take().ok_or_else(|| de::Error::custom("has no value"))?;
        seed.deserialize(Reader { value, place: self.place.member(&name) })
    }
}

struct Items<'r> {
    rest: vec::IntoIter<Json>,
    index: usize,
    wrong: &'r RefCell<ItemErrors>,
    place: &'r Place<'r>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(value) = self.rest.next() else { return Ok(None) };
        let path = Path::Item(&self.place.path, self.index, self.wrong);
        self.index += 1;
        seed.deserialize(Reader { value, place: Place { path, errors: self.place.errors } }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::{
        json::{Field, List},
        timestamp::Rfc3339,
    };

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Body {
        text: Field<String>,
        truth: Field<bool>,
        word: Field<Word>,
        list: Field<List<String>>,
        inner: Field<Inner>,
        time: Field<Rfc3339>,
        any: Field<Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        One,
        Two,
        ThreeFour,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        parts: Field<List<Inner>>,
        truth: Field<bool>,
    }

    fn body(text: &str) -> (Body, String) {
        let mut errors = FieldErrors::new();
        let body = read(serde_json::from_str(text).unwrap(), &mut errors);
        (body, errors.to_string())
    }

    #[test]
    fn every_wrong_member_is_reported_and_others_are_read() {
        let (body, errors) = body(
            r#"{"text": 1, "truth": "x", "word": "three", "list": [1, "y"], "text": "2", "time": "2026-12-31",
                "inner": {"parts": [{}, {"parts": 1, "truth": true}, 5], "other": 3}, "unknown": 1, "any": {"a": 1, "a": 2}}"#,
        );
        assert_eq!(
            errors,
            "any.a must not occur twice; inner.other is not a field of this request; inner.parts[1].parts must be a list; \
             inner.parts[2] must be an object; list[0] must be a string; text must not occur twice and must be a string; \
             time must be a date and time with its zone, as in 2026-12-31T00:00:00Z; truth must be true or false; \
             unknown is not a field of this request; word must be one, two or three_four"
        );
        let Field::Value(list) = body.list else { panic!("{:?}", body.list) };
        assert_eq!(Vec::from(list), ["", "y"]);
        let Field::Value(Inner { parts: Field::Value(parts), .. }) = body.inner else { panic!("{:?}", body.inner) };
        assert_eq!(
            parts.map(|_, part| part.map(|part| part.truth)),
            [Some(Field::Absent), Some(Field::Value(true)), None]
        );
    }

    #[test]
    fn null_and_absence_differ() {
        let (body, errors) = body(r#"{"text": null, "inner": null, "any": null, "list": [null]}"#);
        assert_eq!(errors, "list[0] must be a string");
        assert_eq!(
            (body.text, body.truth, body.inner, body.any),
            (Field::Null, Field::Absent, Field::Null, Field::Null)
        );
    }

    #[test]
    fn values_of_any_type_are_read_unchanged() {
        let text = r#"{"any":[null,true,-1,1.5,18446744073709551615,"x",{"a":{"b":[]}}]}"#;
        let (body, errors) = body(text);
        assert_eq!(errors, "");
        assert_eq!(serde_json::json!({ "any": body.any.into_option() }).to_string(), text);
    }

    #[test]
    fn errors_are_bounded() {
        let (_, errors) = body(&serde_json::json!({ "list": vec![1; 1_000] }).to_string());
        assert!(
            errors.starts_with("list has 990 more invalid entries; list[0] must be a string; list[1] "),
            "{errors}"
        );
        let (_, errors) = body(&serde_json::json!({ "list": vec!["x"; 1_001] }).to_string());
        assert_eq!(errors, "list must hold at most 1000 entries");
        let many: Vec<_> = (0..=MAX_MEMBERS).map(|name| format!(r#""{name}": 1"#)).collect();
        let (_, errors) = body(&format!("{{{}}}", many.join(",")));
        assert_eq!(errors, "body must have at most 100 members");
    }

    #[test]
    fn timestamps_need_a_zone() {
        let time = |text: &str| body(&serde_json::json!({ "time": text }).to_string()).1;
        assert_eq!(time("2026-12-31T01:00:00.5+01:00"), "");
        for bad in ["2026-12-31T00:00:00", "2026-12-31", "", "tomorrow", "2026-12-31T00:00:60Z"] {
            assert!(time(bad).starts_with("time must be a date and time with its zone"), "{bad}");
        }
    }
}
