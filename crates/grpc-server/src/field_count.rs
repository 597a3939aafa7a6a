//! A limit on the fields of a message, checked before it is decoded: an empty element of a list takes two bytes in the message, and a
//! hundred in memory.

/// The maximum number of fields of a message, without those of nested messages. The longest list of the contract has 10,000 elements.
pub(super) const MAX_FIELDS: usize = 20_000;

/// Whether an encoded message in chunks has more than [`MAX_FIELDS`], or groups, which the contract does not use. An invalid message has
/// not: its decoder rejects it.
pub(super) fn has_too_many_fields<'a>(chunks: impl Iterator<Item = &'a [u8]>, prefix: usize) -> bool {
    let mut message = Reader { chunks, chunk: &[] };
    count(&mut message, prefix).is_some_and(|fields| fields > MAX_FIELDS)
}

/// Counts fields up to one more than the limit; `None`: the message is invalid.
fn count<'a>(message: &mut Reader<'a, impl Iterator<Item = &'a [u8]>>, prefix: usize) -> Option<usize> {
    message.skip(prefix)?;
    let mut fields = 0;
    while fields <= MAX_FIELDS && !message.is_empty() {
        fields += 1;
        // https://protobuf.dev/programming-guides/encoding/#structure
        let tag = message.varint()?;
        if tag >> 3 == 0 {
            return None;
        }
        match tag & 7 {
            0 => {
                message.varint()?;
            }
            1 => message.skip(8)?,
            2 => {
                let length = usize::try_from(message.varint()?).ok()?;
                message.skip(length)?;
            }
            5 => message.skip(4)?,
            // Decoders skip unknown groups, whatever is in them.
            3 | 4 => return Some(usize::MAX),
            _ => return None,
        }
    }
    Some(fields)
}

/// Reads bytes over the borders of chunks.
struct Reader<'a, I> {
    chunks: I,
    chunk: &'a [u8],
}

impl<'a, I: Iterator<Item = &'a [u8]>> Reader<'a, I> {
    fn is_empty(&mut self) -> bool {
        while self.chunk.is_empty() {
            let Some(next) = self.chunks.next() else { return true };
            self.chunk = next;
        }
        false
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            if self.is_empty() {
                return None;
            }
            let (skipped, rest) = self.chunk.split_at(bytes.min(self.chunk.len()));
            bytes -= skipped.len();
            self.chunk = rest;
        }
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            if self.is_empty() {
                return None;
            }
            let (byte, rest) = self.chunk.split_first()?;
            self.chunk = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_too_much(message: &[u8], chunk: usize) -> bool {
        let framed = [&[0; 5], message].concat();
        has_too_many_fields(framed.chunks(chunk), 5)
    }

    #[test]
    fn fields_are_counted_over_chunks() {
        // A varint, 64 bits, a text of 300 bytes, 32 bits.
        let text = [&[0x1a, 0xac, 0x02][..], &[0x22; 300]].concat();
        let four = [&[0x08, 0x96, 0x01][..], &[0x11; 9], &text, &[0x25; 5]].concat();
        for chunk in [1, 7, 4_096, 1 << 20] {
            assert!(!is_too_much(&four.repeat(MAX_FIELDS / 4), chunk), "{chunk}");
            assert!(is_too_much(&[four.repeat(MAX_FIELDS / 4), vec![0x22, 0x00]].concat(), chunk), "{chunk}");
        }
        // Empty elements.
        assert!(is_too_much(&[0x22, 0x00].repeat(8 << 20), 4_096));
        // A group, which the decoder skips.
        assert!(is_too_much(&[0x7b, 0x7c, 0x22, 0x00], 4_096));
        // The decoder rejects these.
        assert!(!is_too_much(&[0x0f].repeat(MAX_FIELDS * 2), 4_096) && !is_too_much(&[0xff; 40], 7));
        assert!(!is_too_much(&[0x22, 0x7f, 0x00], 4_096) && !is_too_much(&[], 1));
    }
}
