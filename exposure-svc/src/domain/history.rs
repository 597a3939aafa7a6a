//! Events in words, for the person whose data it is.

use types::{Timestamp, actor_words};

use super::{AppAccess, ChangedRow, EventKind, ProfileEvent};

/// What happened, as a sentence to the person.
pub fn sentence(event: &ProfileEvent) -> String {
    let ProfileEvent { kind, actor, user, before, after, app, .. } = event;
    let actor = actor_words(actor, user);
    match (after.as_ref().or(before.as_ref()), kind) {
        (Some(ChangedRow::Profile(profile)), kind) => {
            format!("{actor} {} the profile `{}`", profile_verb(*kind), profile.name.as_str())
        }
        (Some(ChangedRow::Grant(grant)), kind) => {
            let earlier = match before {
                Some(ChangedRow::Grant(earlier)) => Some(earlier),
                Some(ChangedRow::Profile(_) | ChangedRow::Tag(_)) | None => None,
            };
            grant_sentence(*kind, &actor, grant, earlier)
        }
        (Some(ChangedRow::Tag(tag)), _) if after.is_none() => format!("{actor} deleted the tag `{}`", tag.id),
        (Some(ChangedRow::Tag(tag)), _) => match &tag.name {
            Some(name) => format!("{actor} named the tag `{}` `{}`", tag.id, name.as_str()),
            None => format!("{actor} deleted the tag `{}`", tag.id),
        },
        (None, EventKind::Erased) => "A person was erased".to_owned(),
        (None, EventKind::Stopped) => match app {
            Some(app) => format!("{actor} stopped the app `{app}`"),
            None => format!("{actor} stopped all apps"),
        },
        // The row of an event whose earlier ones are pruned.
        (None, EventKind::TagsChanged) => format!("{actor} deleted a tag"),
        (None, kind) => format!("{actor} {} a profile", profile_verb(*kind)),
    }
}

fn profile_verb(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created => "created",
        EventKind::Deactivated => "deactivated",
        EventKind::Deleted => "deleted",
        EventKind::Updated
        | EventKind::Granted
        | EventKind::GrantUpdated
        | EventKind::GrantRevoked
        | EventKind::GrantExpired
        | EventKind::TagsChanged
        | EventKind::Erased
        | EventKind::Stopped => "changed",
    }
}

fn grant_sentence(kind: EventKind, actor: &str, grant: &AppAccess, before: Option<&AppAccess>) -> String {
    let app = &grant.app;
    match kind {
        EventKind::Granted => format!("{actor} gave the app `{app}` access{}", end_words(grant.expires_at)),
        EventKind::GrantRevoked => format!("{actor} revoked the access of the app `{app}`"),
        EventKind::GrantExpired => format!("The access of the app `{app}` expired"),
        EventKind::Created
        | EventKind::Updated
        | EventKind::Deactivated
        | EventKind::Deleted
        | EventKind::GrantUpdated
        | EventKind::TagsChanged
        | EventKind::Erased
        | EventKind::Stopped => match before {
            Some(before) if before.profile != grant.profile && grant.profile.is_some() => {
                format!("{actor} bound the app `{app}` to another profile")
            }
            Some(before) if before.expires_at != grant.expires_at => match grant.expires_at {
                Some(end) => format!("{actor} let the access of the app `{app}` end at {end}"),
                None => format!("{actor} let the access of the app `{app}` last until it is revoked"),
            },
            Some(_) | None => format!("{actor} changed the access of the app `{app}`"),
        },
    }
}

fn end_words(end: Option<Timestamp>) -> String {
    end.map(|end| format!(", until {end}")).unwrap_or_default()
}
