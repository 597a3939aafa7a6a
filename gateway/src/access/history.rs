//! What changed in the caller's data.

use std::{cmp::Reverse, iter::Peekable, vec::IntoIter};

use axum::{extract::State, response::Response};
use http::Uri;
use ofself_proto::{exposure, sharing};
use prost_types::Timestamp;
use serde::Serialize;
use types::FieldErrors;
use utoipa::ToSchema;

use super::{checked, next_page, pair_token};
use crate::{
    answer,
    description::TokenPageParams,
    error::ApiError,
    http::query::{Query, TokenPage},
    timestamp,
    upstream::{Call, Upstreams},
};

/// A change of the caller's data
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryEvent)]
struct EventBody {
    /// Distinguishes the events of the caller
    id: String,
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Option<String>,
    /// `user:` and an id (without one: an erased person), `service:` or `operator:` and a SPIFFE id, or `system`
    actor_id: String,
    /// The kind of event, as in `ShareEventKind` and `ProfileEventKind` of the gRPC contract, in lower case
    kind: String,
    /// What happened, for a person to read
    text: String,
    /// Of a share
    #[schema(required)]
    share_id: Option<String>,
    /// Of a share: the recipient
    #[schema(required)]
    person_id: Option<String>,
    /// Of a profile
    #[schema(required)]
    profile_id: Option<String>,
    /// Of an access grant
    #[schema(required)]
    app_id: Option<String>,
}

/// A page of events
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryPage, example = json!({
    "events": [{
        "id": "sharing-1764316800000000.0", "occurred_at": "2026-11-28T08:00:00Z", "actor_id": "user:alice", "kind": "created",
        "text": "You shared what is tagged `holiday` with `bob`: read", "share_id": "0198c0de-0000-7000-8000-000000000001",
        "person_id": "bob", "profile_id": null, "app_id": null
    }],
    "next_page_token": null
}))]
pub(crate) struct HistoryBody {
    /// Newest first; a page may be short, or empty, without being the last
    events: Vec<EventBody>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// An entry of either service.
struct Entry {
    body: EventBody,
    occurred_at: Option<Timestamp>,
    /// The token of the page of its service after it.
    page_token: String,
}

/// A page of the history of one service.
struct Source {
    entries: Peekable<IntoIter<Entry>>,
    /// The token of the page after the entries that were taken.
    token: String,
    /// The token of the page after all entries; empty: there is none.
    next: String,
}

/// Lists the changes of the caller's data, newest first, in words
#[utoipa::path(
    get,
    path = "/access/history",
    operation_id = "ListHistory",
    tag = "Access",
    params(TokenPageParams),
    responses((status = 200, description = "A page of events, newest first", body = HistoryBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let TokenPage { size, token } = Query::token_page_of(&uri)?;
    let mut errors = FieldErrors::new();
    let Some((of_sharing, of_exposure)) = pair_token::parse(&token) else {
        errors.add("page_token", "must be the next_page_token of an earlier response");
        return Err(ApiError::validation(errors));
    };
    let (mut sharing, mut exposure) = (upstreams.access(), upstreams.exposure_access());
    let shares = async {
        let Some(page_token) = of_sharing.clone() else { return Ok(None) };
        let request = upstreams.request(&call, sharing::ListHistoryRequest { page_size: size, page_token })?;
        Ok(Some(sharing.list_history(request).await?.into_inner()))
    };
    let profiles = async {
        let Some(page_token) = of_exposure.clone() else { return Ok(None) };
        let request = upstreams.request(&call, exposure::ListHistoryRequest { page_size: size, page_token })?;
        Ok(Some(exposure.list_history(request).await?.into_inner()))
    };
    let (shares, profiles) = tokio::join!(shares, profiles);
    let shares = checked(shares, &mut errors, str::to_owned)?.unwrap_or_default();
    let profiles = checked(profiles, &mut errors, str::to_owned)?.unwrap_or_default();
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    let shares = Source::new(of_sharing, shares.entries.into_iter().map(of_share), shares.next_page_token);
    let profiles = Source::new(of_exposure, profiles.entries.into_iter().map(of_profile), profiles.next_page_token);
    let (events, next_page_token) = merge(shares, profiles, usize::try_from(size).unwrap_or_default());
    answer::ok(&HistoryBody { events, next_page_token })
}

impl Source {
    fn new(began: pair_token::Position, entries: impl Iterator<Item = Entry>, next: String) -> Self {
        Self { entries: entries.collect::<Vec<_>>().into_iter().peekable(), token: began.unwrap_or_default(), next }
    }

    fn newest(&mut self) -> Option<Reverse<(i64, i32)>> {
        let entry = self.entries.peek()?;
        Some(Reverse(entry.occurred_at.map_or((0, 0), |at| (at.seconds, at.nanos))))
    }

    /// Whether the next entry is not known: it is on the next page of the service.
    fn is_cut(&mut self) -> bool {
        self.entries.peek().is_none() && !self.next.is_empty()
    }

    fn take(&mut self) -> Option<EventBody> {
        let Entry { body, page_token, .. } = self.entries.next()?;
        self.token = page_token;
        Some(body)
    }

    /// The token of the page after what was taken; `None`: there is none.
    fn rest(mut self) -> Option<String> {
        if self.entries.peek().is_some() { Some(self.token) } else { next_page(self.next) }
    }
}

/// The newest entries of both services, each in the order of its service, and the token of the next page.
fn merge(mut shares: Source, mut profiles: Source, size: usize) -> (Vec<EventBody>, Option<String>) {
    let mut events = Vec::new();
    while events.len() < size && !shares.is_cut() && !profiles.is_cut() {
        let next = match (shares.newest(), profiles.newest()) {
            (None, None) => break,
            (Some(share), Some(profile)) if profile < share => profiles.take(),
            (Some(_), _) => shares.take(),
            (None, Some(_)) => profiles.take(),
        };
        events.extend(next);
    }
    (events, pair_token::write(shares.rest().as_deref(), profiles.rest().as_deref()))
}

fn of_share(entry: sharing::HistoryEntry) -> Entry {
    let sharing::HistoryEntry { id, occurred_at, actor_id, text, kind, share_id, person_id, page_token } = entry;
    let kind = sharing::ShareEventKind::try_from(kind).unwrap_or_default();
    let body = EventBody {
        id: format!("sharing-{id}"),
        occurred_at: occurred_at.map(timestamp::written),
        actor_id,
        kind: written(kind.as_str_name(), "SHARE_EVENT_KIND_"),
        text,
        share_id: given(share_id),
        person_id: given(person_id),
        profile_id: None,
        app_id: None,
    };
    Entry { body, occurred_at, page_token }
}

fn of_profile(entry: exposure::HistoryEntry) -> Entry {
    let exposure::HistoryEntry { id, occurred_at, actor_id, text, kind, profile_id, app_id, page_token } = entry;
    let kind = exposure::ProfileEventKind::try_from(kind).unwrap_or_default();
    let body = EventBody {
        id: format!("exposure-{id}"),
        occurred_at: occurred_at.map(timestamp::written),
        actor_id,
        kind: written(kind.as_str_name(), "PROFILE_EVENT_KIND_"),
        text,
        share_id: None,
        person_id: None,
        profile_id: given(profile_id),
        app_id: given(app_id),
    };
    Entry { body, occurred_at, page_token }
}

fn written(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(began: &str, times: &[i64], next: &str) -> Source {
        let entry = |seconds: &i64| {
            let entry = sharing::HistoryEntry {
                id: seconds.to_string(),
                occurred_at: Some(Timestamp { seconds: *seconds, nanos: 0 }),
                page_token: format!("t{seconds}"),
                ..sharing::HistoryEntry::default()
            };
            of_share(entry)
        };
        Source::new(Some(began.to_owned()), times.iter().map(entry), next.to_owned())
    }

    #[test]
    fn pages_of_both_services_are_merged_newest_first() {
        // Each: the entries of both, how these go on, the size of the page, the page, and its token.
        for (shares, profiles, size, expected, token) in [
            (([9, 5].as_slice(), ""), ([7, 3].as_slice(), ""), 10, [9, 7, 5, 3].as_slice(), None),
            ((&[9, 5], ""), (&[7, 3], ""), 3, &[9, 7, 5], Some("n1~-~t7")),
            ((&[9, 8], "t8"), (&[7, 3], "t3"), 4, &[9, 8], Some("n1~t8~began")),
            ((&[2], ""), (&[9], "t9"), 4, &[9], Some("n1~began~t9")),
            ((&[], ""), (&[9, 4], ""), 1, &[9], Some("n1~-~t9")),
            ((&[], "t1"), (&[9], ""), 4, &[], Some("n1~t1~began")),
            ((&[], ""), (&[], ""), 4, &[], None),
        ] {
            let (events, next) =
                merge(source("began", shares.0, shares.1), source("began", profiles.0, profiles.1), size);
            let ids: Vec<_> = events.into_iter().map(|event| event.id).collect();
            let expected: Vec<_> = expected.iter().map(|seconds: &i64| format!("sharing-{seconds}")).collect();
            assert_eq!((ids, next.as_deref()), (expected, token));
        }
    }

    #[test]
    fn history_that_is_not_begun_goes_on_from_its_beginning() {
        let (_, next) = merge(source("", &[9], ""), source("", &[5], ""), 1);
        assert_eq!(next.as_deref(), Some("n1~-~"));
    }
}
