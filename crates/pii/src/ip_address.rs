//! IP addresses, by the parsers of the standard library.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use super::{
    characters::is_of_a_word,
    digit_groups::{Sequence, Window},
};

/// The IPv4 address that begins with this group.
pub(super) fn version_4<'a>(sequence: &'a Sequence<'a>, first: usize) -> Option<Window<'a>> {
    (first + 4 <= sequence.len()).then(|| sequence.window(first, first + 4)).filter(is_version_4)
}

/// Words that people glue to an address.
fn is_label(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "ip" | "addr" | "address" | "host" | "src" | "dst" | "client" | "server" | "from" | "to"
    )
}

/// Whether it is an IPv4 address, and not the number of a version.
fn is_version_4(number: &Window<'_>) -> bool {
    let is_address = number.is_joined_by(&["."])
        && !number.is_joined_to_others(&["."])
        && number.written().parse::<Ipv4Addr>().is_ok()
        && (!number.follows_a_letter() || number.glued_word().is_some_and(is_label));
    if !is_address {
        return false;
    }
    let context = number.context();
    let is_small = number.shape().all(|length| length == 1);
    !(context.mentions_version || (context.is_near_version && is_small))
}

/// The IPv6 address that a colon is in, and the end of the hexadecimal digits and colons around it. A label may stand before the
/// address (`IPv6:`, `ip:`) and a port behind it.
pub(super) fn version_6(text: &str, colon: usize, taken: usize) -> (Option<Range<usize>>, usize) {
    let bytes = text.as_bytes();
    let before = bytes.get(taken..colon).unwrap_or_default();
    let start = colon - before.iter().rev().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let after = bytes.get(colon..).unwrap_or_default();
    let run = after.iter().take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')).count();
    let end = colon + run;
    // The longest, `0000:0000:0000:0000:0000:ffff:255.255.255.255`, and a label and a port.
    if run > 60 || after.get(1..run).is_none_or(|rest| !rest.contains(&b':')) {
        return (None, end);
    }
    let written = text.get(start..end).unwrap_or_default();
    let labels = written.match_indices(':').take(2).map(|(place, _)| start + place + 1);
    let found = std::iter::once(start).chain(labels).find_map(|from| address(text, from, end));
    (found, end)
}

/// The address that begins here and ends at `end`, or before a sign or a port there.
fn address(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let before = text.get(..start)?.chars().next_back();
    let goes_on = match before {
        Some(':') => {
            text.get(..start - 1)?.ends_with(|last: char| last == ':' || last.is_ascii_digit()) && {
                // `6:` of `IPv6:` is a label's.
                !text
                    .get(..start - 1)?
                    .trim_end_matches(|last: char| last.is_ascii_digit())
                    .ends_with(char::is_alphabetic)
            }
        }
        Some(before) => is_of_a_word(before),
        None => false,
    };
    if goes_on {
        return None;
    }
    let written = text.get(start..end)?;
    // A colon or a full stop at the end may be the sentence's, as in "from ::1:".
    let trimmed = written.trim_end_matches('.');
    let without_port = trimmed.rsplit_once(':').map_or(trimmed, |(address, _)| address);
    [trimmed, trimmed.trim_end_matches(':'), without_port].into_iter().find_map(|address| {
        let end = start + address.len();
        let after = text.get(end..)?.chars().next();
        // `a::b` is also how programs write paths.
        let is_plain = address.bytes().any(|byte| byte.is_ascii_digit());
        // `12::` and `a::` are rather the beginning of something else.
        let is_whole = !address.ends_with("::") || address.len() > 5;
        // Fingerprints and hardware addresses have two digits in each part.
        let is_fingerprint = address.split(':').all(|part| part.len() == 2);
        let is_address = is_plain
            && is_whole
            && !is_fingerprint
            && address.parse::<Ipv6Addr>().is_ok()
            && !after.is_some_and(is_of_a_word);
        is_address.then_some(start..end)
    })
}
