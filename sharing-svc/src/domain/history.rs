//! Events in words, for the owner of the data.

use types::{Timestamp, actor_words};

use super::{EventKind, Rights, Scope, Share, ShareEvent, Source};

/// Ids that a sentence names; the others are counted.
const NAMED: usize = 5;

/// What happened, as a sentence to the owner.
pub fn sentence(event: &ShareEvent) -> String {
    let ShareEvent { kind, actor, owner, before, after, has_reshares, person, is_of_everyone, .. } = event;
    let actor = actor_words(actor, owner);
    let Some(share) = after.as_ref().or(before.as_ref()) else {
        return without_share(*kind, &actor, person.as_deref(), *is_of_everyone);
    };
    let recipient = &share.recipient;
    let below = if *has_reshares { ", and everything that was re-shared from it" } else { "" };
    match kind {
        EventKind::Created => {
            let verb = if matches!(share.source, Source::Reshare { .. }) { "re-shared" } else { "shared" };
            let (scope, rights) = (scope_words(&share.terms.scope), rights_words(share.terms.rights));
            format!("{actor} {verb} {scope} with `{recipient}`: {rights}{}", end_words(share.terms.expires_at))
        }
        EventKind::Updated => {
            let changes = before.as_ref().map(|before| changes(before, share)).unwrap_or_default();
            let colon = if changes.is_empty() { "" } else { ": " };
            format!("{actor} changed the share with `{recipient}`{colon}{}", changes.join("; "))
        }
        EventKind::Revoked if event.actor == format!("user:{recipient}") => {
            format!("`{recipient}` left the share{below}")
        }
        EventKind::Revoked => format!("{actor} ended the share with `{recipient}`{below}"),
        EventKind::Renewed => {
            format!("{actor} renewed the share with `{recipient}`{}", end_words(share.terms.expires_at))
        }
        EventKind::Expired => format!("The share with `{recipient}` expired{below}"),
        EventKind::Erased | EventKind::Stopped | EventKind::Blocked | EventKind::Unblocked => {
            without_share(*kind, &actor, person.as_deref(), *is_of_everyone)
        }
    }
}

/// Of an event about a person, or about a share whose row was erased with a person.
fn without_share(kind: EventKind, actor: &str, person: Option<&str>, is_of_everyone: bool) -> String {
    let person = match (person, is_of_everyone) {
        (Some(person), _) => format!("`{person}`"),
        (None, true) => "everyone".to_owned(),
        (None, false) => "a person who was erased".to_owned(),
    };
    match kind {
        EventKind::Created => format!("{actor} made a share with a person who was erased"),
        EventKind::Updated => format!("{actor} changed the share with a person who was erased"),
        EventKind::Revoked => format!("{actor} ended the share with a person who was erased"),
        EventKind::Renewed => format!("{actor} renewed the share with a person who was erased"),
        EventKind::Expired => "The share with a person who was erased expired".to_owned(),
        EventKind::Erased => "A person was erased".to_owned(),
        EventKind::Stopped => format!("{actor} stopped sharing with {person}"),
        EventKind::Blocked => format!("{person} blocked the owner"),
        EventKind::Unblocked => format!("{person} no longer blocks the owner"),
    }
}

fn changes(before: &Share, after: &Share) -> Vec<String> {
    let (old, new) = (&before.terms, &after.terms);
    let scope = (old.scope != new.scope).then(|| format!("it covers {}", scope_words(&new.scope)));
    let rights = (old.rights != new.rights).then(|| format!("it allows to {}", rights_words(new.rights)));
    let end = (old.expires_at != new.expires_at).then(|| match new.expires_at {
        Some(end) => format!("it ends at {end}"),
        None => "it no longer ends by itself".to_owned(),
    });
    [scope, rights, end].into_iter().flatten().collect()
}

fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::All => "everything".to_owned(),
        Scope::Tags(tags) => format!("what is tagged {}", list(tags.iter().map(ToString::to_string), "or")),
        Scope::Nodes(nodes) => format!("the nodes {}", list(nodes.iter().map(ToString::to_string), "and")),
        Scope::Graph(roots) => format!("what is reachable from {}", list(roots.iter().map(ToString::to_string), "or")),
    }
}

fn rights_words(rights: Rights) -> String {
    let Rights { read, write, delete, share } = rights;
    let granted = [(read, "read"), (write, "write"), (delete, "delete"), (share, "re-share")];
    let words: Vec<_> = granted.into_iter().filter(|(granted, _)| *granted).map(|(_, word)| word).collect();
    words.join(", ")
}

fn end_words(end: Option<Timestamp>) -> String {
    end.map(|end| format!(", until {end}")).unwrap_or_default()
}

/// `a`, `b` or `c`.
fn list(ids: impl ExactSizeIterator<Item = String>, conjunction: &str) -> String {
    let more = ids.len().saturating_sub(NAMED);
    let mut words: Vec<_> = ids.take(NAMED).map(|id| format!("`{id}`")).collect();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    match words.as_slice() {
        [words @ .., last] if !words.is_empty() => format!("{} {conjunction} {last}", words.join(", ")),
        words => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_without_its_row_keeps_what_happened() {
        for kind in EventKind::ALL {
            let event = ShareEvent {
                id: "1.0".to_owned(),
                occurred_at: Timestamp::from_parts(0, 0).unwrap(),
                actor: "user:".to_owned(),
                request_id: String::new(),
                kind,
                owner: "ann".to_owned(),
                owner_version: 1,
                has_reshares: false,
                person: None,
                is_of_everyone: false,
                before: None,
                after: None,
            };
            let text = sentence(&event);
            let verb = match kind {
                EventKind::Created => "made",
                EventKind::Updated => "changed",
                EventKind::Revoked => "ended",
                EventKind::Renewed => "renewed",
                EventKind::Expired => "expired",
                EventKind::Erased => "A person was erased",
                EventKind::Stopped => "stopped",
                EventKind::Blocked => "blocked",
                EventKind::Unblocked => "blocks",
            };
            assert!(text.contains(verb) && text.contains("erased") && !text.contains('`'), "{text}");
        }
    }
}
