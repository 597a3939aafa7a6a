//! A node description read where it stands on the wire (<https://protobuf.dev/programming-guides/encoding>): nothing of it is
//! copied.

use prost_types::Timestamp;
use types::MAX_LIST;

use crate::domain::exposure::TagFacts;

/// The parts of a node description, borrowed from its message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NodeParts<'a> {
    pub(super) id: &'a str,
    pub(super) node_type: &'a str,
    pub(super) schema_id: Option<&'a str>,
    pub(super) created_at: Option<Timestamp>,
}

/// The bytes are not a message of their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Fields of a message, one after another.
struct Fields<'a> {
    rest: &'a [u8],
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes; no known field has this wire type.
    Fixed,
}

/// Reads a description; its tags are added to `tags`. Of a field that comes twice the last counts, and fields that are not
/// known are passed over, as everywhere.
pub(super) fn read_node<'a>(bytes: &'a [u8], tags: &mut Vec<TagFacts<'a>>) -> Result<NodeParts<'a>, Malformed> {
    let mut node = NodeParts::default();
    let mut fields = Fields { rest: bytes };
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Bytes(id)) => node.id = text(id)?,
            (2, Value::Bytes(kind)) => node.node_type = text(kind)?,
            // One too many is enough for an error.
            (3, Value::Bytes(_)) if tags.len() > MAX_LIST => {}
            (3, Value::Bytes(tag)) => tags.push(read_tag(tag)?),
            (4, Value::Bytes(schema)) => node.schema_id = Some(text(schema)?),
            (5, Value::Bytes(timestamp)) => {
                let before = node.created_at.unwrap_or_default();
                node.created_at = Some(read_timestamp(timestamp, before)?);
            }
            (1..=5, Value::Varint(_) | Value::Fixed) => return Err(Malformed),
            _ => {}
        }
    }
    Ok(node)
}

fn read_tag(bytes: &[u8]) -> Result<TagFacts<'_>, Malformed> {
    if let Some((id, name)) = read_usual_tag(bytes) {
        return Ok(TagFacts::new(id, name));
    }
    let (mut id, mut name) = ("", "");
    let mut fields = Fields { rest: bytes };
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Bytes(bytes)) => id = text(bytes)?,
            (2, Value::Bytes(bytes)) => name = text(bytes)?,
            (1 | 2, Value::Varint(_) | Value::Fixed) => return Err(Malformed),
            _ => {}
        }
    }
    Ok(TagFacts::new(id, name))
}

/// An id and a name in this order, each shorter than 128 bytes: all of the message is validated as UTF-8 at once.
#[inline]
fn read_usual_tag(bytes: &[u8]) -> Option<(&str, &str)> {
    let message = std::str::from_utf8(bytes).ok()?;
    let [0x0a, id_length @ 0..=127, rest @ ..] = bytes else { return None };
    let (id_length, name_key) = (usize::from(*id_length), rest.get(usize::from(*id_length)..)?);
    let [0x12, name_length @ 0..=127, name @ ..] = name_key else { return None };
    if name.len() != usize::from(*name_length) {
        return None;
    }
    Some((message.get(2..2 + id_length)?, message.get(4 + id_length..)?))
}

fn read_timestamp(bytes: &[u8], before: Timestamp) -> Result<Timestamp, Malformed> {
    let mut timestamp = before;
    let mut fields = Fields { rest: bytes };
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Varint(seconds)) => timestamp.seconds = seconds.cast_signed(),
            // Protobuf truncates a number that is too wide for its field.
            #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is meant")]
            (2, Value::Varint(nanos)) => timestamp.nanos = nanos as i32,
            (1 | 2, Value::Bytes(_) | Value::Fixed) => return Err(Malformed),
            _ => {}
        }
    }
    Ok(timestamp)
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}

impl<'a> Fields<'a> {
    // Small enough to be inlined, so that a field is returned in registers: this is half the work of a large request.
    #[inline]
    fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, Malformed> {
        // A text or a message, with a key and a length of one byte each.
        if let [key, length @ 0..=127, rest @ ..] = self.rest
            && key & 0x87 == 2
            && *key != 2
            && let Some((taken, rest)) = rest.split_at_checked(usize::from(*length))
        {
            self.rest = rest;
            return Ok(Some((u32::from(key >> 3), Value::Bytes(taken))));
        }
        self.next_of_any_type()
    }

    fn next_of_any_type(&mut self) -> Result<Option<(u32, Value<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        let number = key >> 3;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed),
        };
        if number == 0 { Err(Malformed) } else { Ok(Some((number, value))) }
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        if let [byte @ 0..=127, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        let mut value = 0_u64;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 127) << (7 * index);
            if index == 9 && *byte > 1 {
                return Err(Malformed);
            }
            if byte & 128 == 0 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use ofself_proto::exposure::{NodeDescription, Tag};
    use proptest::{collection::vec, option, prelude::*};
    use prost::Message;

    use super::*;
    use crate::domain::normalized_name;

    fn description() -> impl Strategy<Value = NodeDescription> {
        let tag = (".{0,8}", ".{0,8}").prop_map(|(id, name)| Tag { id, name });
        let timestamp = (any::<i64>(), any::<i32>()).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos });
        (".{0,8}", ".{0,200}", vec(tag, 0..5), option::of(".{0,8}"), option::of(timestamp)).prop_map(
            |(id, node_type, tags, schema_id, created_at)| NodeDescription {
                id,
                node_type,
                tags,
                schema_id,
                created_at,
            },
        )
    }

    /// A description with the names of its tags as they are compared.
    fn normalized(mut node: NodeDescription) -> NodeDescription {
        for tag in &mut node.tags {
            tag.name = normalized_name(&tag.name).into_owned();
        }
        node
    }

    fn read(bytes: &[u8]) -> Option<NodeDescription> {
        let mut tags = Vec::new();
        let node = read_node(bytes, &mut tags).ok()?;
        Some(NodeDescription {
            id: node.id.to_owned(),
            node_type: node.node_type.to_owned(),
            tags: tags.iter().map(|tag| Tag { id: tag.id.to_owned(), name: tag.name.to_string() }).collect(),
            schema_id: node.schema_id.map(str::to_owned),
            created_at: node.created_at,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reader_agrees_with_prost_encoding(one in description(), other in description()) {
            prop_assert_eq!(read(&one.encode_to_vec()), Some(normalized(one.clone())));
            // Two messages in a row are their merger.
            let both = [one.encode_to_vec(), other.encode_to_vec()].concat();
            prop_assert_eq!(read(&both), NodeDescription::decode(both.as_slice()).ok().map(normalized));
        }

        #[test]
        fn reader_agrees_with_prost_on_any_bytes(
            bytes in vec(any::<u8>(), 0..40),
            from in description(),
            at in any::<prop::sample::Index>(),
        ) {
            let mut message = from.encode_to_vec();
            message.splice(at.index(message.len() + 1).., bytes.clone());
            for bytes in [bytes, message] {
                if let Some(node) = read(&bytes) {
                    prop_assert_eq!(NodeDescription::decode(bytes.as_slice()).map(normalized), Ok(node));
                }
            }
        }
    }

    #[test]
    fn malformed_message_is_rejected() {
        let wrong: [&[u8]; 7] =
            [b"\x0a", b"\x0a\x02a", b"\x08\x01", b"\x0a\x01\xff", b"\x0b", b"\x02\x00", &[0xff; 11]];
        for bytes in wrong {
            assert_eq!(read(bytes), None, "{bytes:?}");
            assert!(NodeDescription::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
