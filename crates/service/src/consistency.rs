//! Consistency tokens: the version of a person's data that an answer was computed from, or that a write made.

use std::fmt;

use grpc_server::CONSISTENCY_TOKEN;
use persistence::feed::Epoch;
use runtime::digest::sha256;
use tonic::metadata::MetadataMap;
use types::{FieldErrors, Timestamp};

/// The first byte: the version of the format.
const FORMAT: u8 = 1;
const CHECKSUM: usize = 4;
/// Tokens in one request.
const MAX_TOKENS: usize = 64;

/// The service whose data a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOf {
    /// Sharing.
    Sharing,
    /// Exposure.
    Exposure,
}

/// The version of a person's data at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The person.
    pub owner: String,
    /// The version; 0: nothing is stored about this person.
    pub version: i64,
    /// The time of the decision or of the write.
    pub time: Timestamp,
}

/// A result, with the version of the owner's data that it was computed from or that it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped<T> {
    /// The result.
    pub value: T,
    /// The version; `None`: it depends on none, or nothing was changed.
    pub stamp: Option<Stamp>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyToken {
    /// The service.
    pub of: TokenOf,
    /// The epoch of the version.
    pub epoch: Epoch,
    /// The version.
    pub stamp: Stamp,
}

/// How fresh an answer must be: at least as fresh as each of these tokens. Without tokens any answer will do; every answer is read from
/// the primary, so it is current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness(Vec<ConsistencyToken>);

/// What tokens demand of an answer about one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    version: i64,
    time: Option<Timestamp>,
}

/// A token is ahead of the database, in the same epoch: this is not the primary, or it lost changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenAhead;

impl<T> Stamped<T> {
    /// The same with another value.
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Stamped<U> {
        Stamped { value: to(self.value), stamp: self.stamp }
    }
}

impl ConsistencyToken {
    /// Parses a token; `None`: the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = hex::decode(text).ok()?;
        let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        if checksum_of(content) != checksum {
            return None;
        }
        let mut rest = content;
        let [format, of] = take(&mut rest)?;
        let of = match (format, of) {
            (FORMAT, 1) => TokenOf::Sharing,
            (FORMAT, 2) => TokenOf::Exposure,
            _ => return None,
        };
        let epoch = Epoch(u128::from_be_bytes(take(&mut rest)?));
        let version = i64::from_be_bytes(take(&mut rest)?);
        let micros = i64::from_be_bytes(take(&mut rest)?);
        let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).ok()?;
        let time = Timestamp::from_parts(micros.div_euclid(1_000_000), nanos).ok()?;
        let owner = String::from_utf8(rest.to_vec()).ok()?;
        Some(Self { of, epoch, stamp: Stamp { owner, version, time } })
    }
}

impl fmt::Display for ConsistencyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, epoch, stamp: Stamp { owner, version, time } } = self;
        let of = match of {
            TokenOf::Sharing => 1,
            TokenOf::Exposure => 2,
        };
        let mut content = Vec::with_capacity(2 + 16 + 8 + 8 + owner.len() + CHECKSUM);
        content.extend([FORMAT, of]);
        content.extend(epoch.0.to_be_bytes());
        content.extend(version.to_be_bytes());
        content.extend(time.utc().timestamp_micros().to_be_bytes());
        content.extend(owner.as_bytes());
        content.extend(checksum_of(&content));
        f.write_str(&hex::encode(content))
    }
}

impl Freshness {
    /// Parses tokens, separated by commas. `field`: where they stand, for errors.
    pub fn parse(text: &str, field: &str, errors: &mut FieldErrors) -> Self {
        let mut tokens = Vec::new();
        for token in text.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            match ConsistencyToken::parse(token) {
                Some(token) if tokens.len() < MAX_TOKENS => tokens.push(token),
                Some(_) => {
                    errors.add(field, format!("must hold at most {MAX_TOKENS} tokens"));
                    break;
                }
                None => {
                    errors.add(field, "must be a `checked_at` or `written_at` of an earlier response");
                    break;
                }
            }
        }
        Self(tokens)
    }

    /// The tokens that the gateway passes on.
    pub fn of_request(metadata: &MetadataMap) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let mut all = Self::default();
        for value in metadata.get_all(CONSISTENCY_TOKEN) {
            all.0.extend(Self::parse(value.to_str().unwrap_or("?"), CONSISTENCY_TOKEN, &mut errors).0);
        }
        errors.into_result(all)
    }

    /// What they demand of an answer about `owner`. Tokens of other services and persons demand nothing, and those of another epoch no more
    /// than a current answer, which every answer is.
    pub fn demand(&self, of: TokenOf, epoch: Epoch, owner: &str) -> Demand {
        let mut demand = Demand::default();
        for token in &self.0 {
            if token.of == of && token.epoch == epoch && token.stamp.owner == owner {
                demand.version = demand.version.max(token.stamp.version);
                demand.time = demand.time.max(Some(token.stamp.time));
            }
        }
        demand
    }

    /// The persons that its tokens of this service and epoch are about.
    pub fn owners(&self, of: TokenOf, epoch: Epoch) -> impl Iterator<Item = &str> {
        let ours = self.0.iter().filter(move |token| token.of == of && token.epoch == epoch);
        ours.map(|token| token.stamp.owner.as_str())
    }
}

impl Demand {
    /// The time of the answer: the later of the clock's and the tokens'.
    pub fn time(self, now: Timestamp) -> Timestamp {
        self.time.map_or(now, |time| time.max(now))
    }

    /// Whether the version that an answer was computed from meets it. Without a version nothing is stored about the person, and any token
    /// is as good as none.
    pub fn check(self, version: Option<i64>) -> Result<(), TokenAhead> {
        if version.is_none_or(|version| version >= self.version) { Ok(()) } else { Err(TokenAhead) }
    }
}

fn checksum_of(content: &[u8]) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = sha256(&[b"consistency token", content]);
    [a, b, c, d]
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

impl fmt::Display for TokenAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a consistency token is ahead of the database; send it to the primary, or call without it")
    }
}

impl std::error::Error for TokenAhead {}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(of: TokenOf, owner: &str, version: i64, seconds: i64) -> ConsistencyToken {
        let time = Timestamp::from_parts(seconds, 123_456_000).unwrap();
        ConsistencyToken { of, epoch: Epoch(7), stamp: Stamp { owner: owner.into(), version, time } }
    }

    #[test]
    fn tokens_are_read_back_and_others_rejected() {
        for (of, owner, version) in [
            (TokenOf::Sharing, "ann", 1 << 50),
            (TokenOf::Exposure, "b", 0),
            (TokenOf::Sharing, &"x".repeat(128), i64::MAX),
        ] {
            let token = token(of, owner, version, -5);
            let text = token.to_string();
            assert_eq!(ConsistencyToken::parse(&text), Some(token));
            for place in 0..text.len() {
                let mut changed = text.clone().into_bytes();
                changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
                assert_eq!(ConsistencyToken::parse(std::str::from_utf8(&changed).unwrap()), None);
                assert_eq!(ConsistencyToken::parse(&text[..place]), None);
            }
        }
    }

    #[test]
    fn demand_is_that_of_the_newest_token_of_the_person() {
        let tokens = [
            token(TokenOf::Sharing, "ann", 5, 10),
            token(TokenOf::Sharing, "ann", 3, 20),
            token(TokenOf::Sharing, "bob", 9, 30),
            token(TokenOf::Exposure, "ann", 8, 40),
        ];
        let text = tokens.map(|token| token.to_string()).join(", ");
        let mut errors = FieldErrors::new();
        let freshness = Freshness::parse(&text, "f", &mut errors);
        assert!(errors.is_empty());
        let demand = freshness.demand(TokenOf::Sharing, Epoch(7), "ann");
        assert_eq!(
            (demand.check(Some(4)), demand.check(Some(5)), demand.check(None)),
            (Err(TokenAhead), Ok(()), Ok(()))
        );
        let at = |seconds| Timestamp::from_parts(seconds, 0).unwrap();
        assert_eq!((demand.time(at(15)).utc().timestamp(), demand.time(at(25))), (20, at(25)));
        assert_eq!(freshness.demand(TokenOf::Sharing, Epoch(8), "ann"), Demand::default());
        assert!(freshness.owners(TokenOf::Sharing, Epoch(7)).eq(["ann", "ann", "bob"]));
        Freshness::parse("nonsense", "f", &mut errors);
        assert_eq!(errors.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["f"]);
    }
}
