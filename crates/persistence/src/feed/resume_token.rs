//! Resume tokens of watchers.

use std::fmt;

use runtime::digest::sha256;

use super::{Epoch, FeedPosition};

/// The first byte: the version of the format.
const FORMAT: u8 = 2;
/// Without [`ResumeToken::seen`].
const FIRST_FORMAT: u8 = 1;
const CHECKSUM: usize = 4;

/// Where a reader of the feed goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumeToken {
    /// The epoch of the position.
    pub epoch: Epoch,
    /// The last position that was read; within a snapshot, the one noted before it.
    pub position: FeedPosition,
    /// The highest position of a change that the reader may have seen: rows of a snapshot may be newer than `position`.
    pub seen: i64,
    /// The last row of the snapshot; `None`: not within a snapshot.
    pub snapshot: Option<SnapshotKey>,
}

/// The key of a row in the order of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotKey {
    /// The kind of row.
    pub part: u8,
    /// The owner.
    pub owner: String,
    /// The id of the row.
    pub row: String,
}

/// The text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeTokenError;

impl ResumeToken {
    /// Parses a token.
    pub fn parse(text: &str) -> Result<Self, ResumeTokenError> {
        let bytes = hex::decode(text).map_err(|_| ResumeTokenError)?;
        let (content, checksum) =
            bytes.split_at_checked(bytes.len().saturating_sub(CHECKSUM)).ok_or(ResumeTokenError)?;
        if checksum_of(content) != checksum {
            return Err(ResumeTokenError);
        }
        let mut rest = content;
        let [format] = take(&mut rest)?;
        if !(FIRST_FORMAT..=FORMAT).contains(&format) {
            return Err(ResumeTokenError);
        }
        let epoch = Epoch(u128::from_be_bytes(take(&mut rest)?));
        let position =
            FeedPosition { position: i64::from_be_bytes(take(&mut rest)?), seq: i32::from_be_bytes(take(&mut rest)?) };
        let seen = if format == FIRST_FORMAT { position.position } else { i64::from_be_bytes(take(&mut rest)?) };
        if rest.is_empty() {
            return Ok(Self { epoch, position, seen, snapshot: None });
        }
        let [part] = take(&mut rest)?;
        let length = usize::from(u16::from_be_bytes(take(&mut rest)?));
        let (owner, row) = rest.split_at_checked(length).ok_or(ResumeTokenError)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| ResumeTokenError);
        Ok(Self { epoch, position, seen, snapshot: Some(SnapshotKey { part, owner: text(owner)?, row: text(row)? }) })
    }
}

impl fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, position: FeedPosition { position, seq }, seen, snapshot } = self;
        let mut content = vec![FORMAT];
        content.extend(epoch.0.to_be_bytes());
        content.extend(position.to_be_bytes());
        content.extend(seq.to_be_bytes());
        content.extend(seen.to_be_bytes());
        if let Some(SnapshotKey { part, owner, row }) = snapshot {
            content.push(*part);
            // Ids have 128 bytes at most.
            content.extend(u16::try_from(owner.len()).unwrap_or(u16::MAX).to_be_bytes());
            content.extend(owner.as_bytes());
            content.extend(row.as_bytes());
        }
        content.extend(checksum_of(&content));
        f.write_str(&hex::encode(content))
    }
}

fn checksum_of(content: &[u8]) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = sha256(&[b"resume token", content]);
    [a, b, c, d]
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], ResumeTokenError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(ResumeTokenError)?;
    *bytes = rest;
    Ok(*taken)
}

impl fmt::Display for ResumeTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be the token of an earlier response")
    }
}

impl std::error::Error for ResumeTokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_back_and_others_rejected() {
        let position = FeedPosition { position: 1 << 40, seq: 7 };
        let key = SnapshotKey { part: 2, owner: "ann".into(), row: "0192f0c1".into() };
        for snapshot in [None, Some(key), Some(SnapshotKey::default())] {
            let token = ResumeToken { epoch: Epoch(u128::MAX - 5), position, seen: 3 << 40, snapshot };
            let text = token.to_string();
            assert_eq!(ResumeToken::parse(&text), Ok(token));
            for place in 0..text.len() {
                let mut changed = text.clone().into_bytes();
                changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
                assert!(ResumeToken::parse(std::str::from_utf8(&changed).unwrap()).is_err());
                assert!(ResumeToken::parse(&text[..place]).is_err());
            }
        }
        let token = ResumeToken { epoch: Epoch(3), position, seen: position.position, snapshot: None };
        let mut first = vec![FIRST_FORMAT];
        first.extend(3_u128.to_be_bytes());
        first.extend((1_i64 << 40).to_be_bytes());
        first.extend(7_i32.to_be_bytes());
        first.extend(checksum_of(&first));
        assert_eq!(ResumeToken::parse(&hex::encode(first)), Ok(token));
        for text in ["", "x", "00", &"00".repeat(41)] {
            assert_eq!(ResumeToken::parse(text), Err(ResumeTokenError), "{text}");
        }
    }
}
