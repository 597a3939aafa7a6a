//! IP addresses, by the parsers of the standard library.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use super::{candidates::is_of_a_word, digit_groups::Window};

/// Whether it is an IPv4 address, and not the number of a version.
pub(super) fn is_version_4(number: &Window<'_>) -> bool {
    number.groups() == 4
        && number.is_joined_by(&["."])
        && number.written().parse::<Ipv4Addr>().is_ok()
        && !number.context().is_of_a_version()
}

/// The IPv6 address at the beginning of a candidate.
pub(super) fn version_6(text: &str, place: &Range<usize>) -> Option<Range<usize>> {
    let word = |character: Option<char>| character.is_some_and(|c| c == ':' || is_of_a_word(c));
    if word(text.get(..place.start)?.chars().next_back()) {
        return None;
    }
    let candidate = text.get(place.clone())?;
    // A colon at the end may be the sentence's, as in "from ::1:".
    for end in [candidate.len(), candidate.trim_end_matches(':').len()] {
        let address = candidate.get(..end)?;
        let after = text.get(place.start + end..)?.chars().next();
        // `a::b` is also how programs write paths.
        let is_plain = address.bytes().any(|byte| byte.is_ascii_digit());
        // `12::` and `a::` are rather the beginning of something else.
        let is_whole = !address.ends_with("::") || address.len() > 5;
        if is_plain && is_whole && address.parse::<Ipv6Addr>().is_ok() && !after.is_some_and(is_of_a_word) {
            return Some(place.start..place.start + end);
        }
    }
    None
}
