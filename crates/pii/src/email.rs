//! E-mail addresses: a name, an at sign and a domain.

use std::ops::Range;

use super::characters::{is_of_a_word, is_unspaced};

/// Bytes of a quoted name at most (RFC 5321, 4.5.3.1.1).
const MOST_QUOTED: usize = 64;
/// Bytes of the user and the password in a URL at most.
const MOST_USER_INFO: usize = 256;
/// Endings of files that are named with an at sign.
const FILES: [&str; 8] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js"];
/// Consecutive at signs that count as one.
const MOST_AT_SIGNS: usize = 3;

/// The address around an at sign; it begins at `taken` or later.
pub(super) fn address(text: &str, at_sign: usize, taken: usize) -> Option<Range<usize>> {
    let before = text.get(taken..at_sign)?;
    let user_info = user_info(before);
    let at_sign = user_info.and_then(|_| last_at_sign(text, at_sign)).unwrap_or(at_sign);
    let signs = text.get(at_sign..)?.bytes().take(MOST_AT_SIGNS).take_while(|byte| *byte == b'@').count();
    let after = text.get(at_sign + signs..)?;
    // A sentence's full stop is not the domain's.
    let domain = after.get(..domain_length(after))?.trim_end_matches(['.', '-', '_']);
    let (host, last) = domain.rsplit_once('.')?;
    let is_named = last.starts_with(char::is_alphabetic) && last.chars().nth(1).is_some();
    let is_whole = !host.is_empty() && !host.starts_with('.') && !host.contains("..");
    if !is_named || !is_whole {
        return None;
    }
    // `icon@2x.png` is a file.
    if FILES.contains(&last.to_lowercase().as_str()) {
        return None;
    }
    let end = at_sign + signs + domain.len();
    if let Some(length) = user_info {
        return Some(taken + before.len() - length..end);
    }
    let behind = text.get(end..)?;
    let is_emphasized = behind.starts_with('_');
    let name = name_before(before);
    let name = if is_emphasized { name.trim_start_matches('_') } else { name };
    // `git@github.com:ann/plotter` is the location of a repository.
    if name == "git" && behind.starts_with([':', '/']) {
        return None;
    }
    // `@ann@social.example` is an account of a network, not a mailbox.
    let is_handle = before.get(..before.len() - name.len())?.ends_with('@');
    (!is_handle && !name.is_empty()).then(|| at_sign - name.len()..end)
}

/// The length of `user:password` at the end of a text that is the beginning of a URL.
fn user_info(before: &str) -> Option<usize> {
    let mut from = before.len().saturating_sub(MOST_USER_INFO);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    let near = before.get(from..)?;
    // There is no other slash in it.
    let authority = near.rfind('/')? + 1;
    let user_info = near.get(authority..)?;
    let is_one = near.get(..authority)?.ends_with("://")
        && !user_info.is_empty()
        && !user_info.contains(|character: char| character.is_whitespace() || "/?#\"'<>,;".contains(character));
    is_one.then_some(user_info.len())
}

/// The last at sign of a URL's authority: a password may hold others.
fn last_at_sign(text: &str, at_sign: usize) -> Option<usize> {
    let rest = text.get(at_sign..)?;
    let authority = rest
        .char_indices()
        .take(MOST_USER_INFO)
        .take_while(|(_, character)| !character.is_whitespace() && !"/?#\"'<>,;".contains(*character));
    authority.filter(|(_, character)| *character == '@').last().map(|(place, _)| at_sign + place)
}

/// The name of an address that ends with this text. Where words are not set apart, the letters at the sign are taken for it; in
/// quotes it may hold spaces.
fn name_before(text: &str) -> &str {
    if let Some(quoted) = text.strip_suffix('"') {
        let mut from = quoted.len().saturating_sub(MOST_QUOTED);
        while !quoted.is_char_boundary(from) {
            from += 1;
        }
        let near = quoted.get(from..).unwrap_or_default();
        let line = near.get(near.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or_default();
        let length = line.rfind('"').map_or(0, |open| line.len() - open + 1);
        return text.get(text.len() - length..).unwrap_or_default();
    }
    let is_its = if text.ends_with(is_unspaced) { is_unspaced } else { is_of_a_name };
    let name = text.get(text.trim_end_matches(is_its).len()..).unwrap_or_default();
    // `to=ann@…` and `?to=ann@…&cc=bob@…` name a parameter first; `bounce-ann=example.org@…` does not.
    let name = match name.rsplit_once(['?', '&']) {
        Some((_, parameter)) if parameter.contains('=') => parameter,
        Some(_) | None => name,
    };
    let name = match name.split_once('=') {
        Some((parameter, value)) if is_parameter(parameter) => value,
        Some(_) | None => name,
    };
    name.trim_start_matches(|sign: char| ".'`*{|=-~%$!^}/?&#".contains(sign))
}

fn is_parameter(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

fn is_of_a_name(character: char) -> bool {
    is_of_a_word(character) || ".!#$%&'*+/=?^_`{|}~-".contains(character)
}

/// The length of the domain that this text begins with: each part of it is of the script that it begins with, so that a sentence
/// in a script without spaces may go on behind it.
fn domain_length(text: &str) -> usize {
    let (mut length, mut begins, mut is_of_unspaced) = (0, true, false);
    for character in text.chars() {
        if begins {
            is_of_unspaced = is_unspaced(character);
        }
        begins = character == '.';
        let is_of_a_domain = is_of_a_word(character) || matches!(character, '.' | '-' | '_');
        let is_its = if is_of_unspaced { is_unspaced(character) } else { is_of_a_domain };
        if !is_its && !begins {
            break;
        }
        length += character.len_utf8();
    }
    length
}
