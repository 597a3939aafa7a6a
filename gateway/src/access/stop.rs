//! Ends the access of people and apps at once.

use axum::{body::Body, extract::State, response::Response};
use http::Request;
use ofself_proto::{
    exposure::{StopAppsRequest, StopAppsResponse},
    sharing::{StopSharingRequest, StopSharingResponse},
};
use prost_types::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use types::{FieldErrors, Id, Selection, User};
use utoipa::ToSchema;

use super::{checked, next_page, pair_token};
use crate::{
    answer,
    description::IdText,
    error::{ApiError, ErrorCode},
    http::{body::read_body, query::NoQuery},
    json::Field,
    timestamp,
    upstream::{Call, Upstreams},
};

/// Whose access ends; `people`, `apps` or both are required
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"people": ["bob"], "apps": "all"}))]
pub(crate) struct Stop {
    /// These people, or `"all"`
    #[schema(value_type = Option<PeopleOrApps>)]
    people: Field<Selected>,
    /// These apps, or `"all"`
    #[schema(value_type = Option<PeopleOrApps>)]
    apps: Field<Selected>,
    /// The `next_page_token` of an earlier response to the same body: nothing is stopped, and more of what ended is listed
    #[schema(value_type = Option<String>)]
    page_token: Field<String>,
}

/// Ids, or all of them
#[derive(ToSchema)]
#[schema(as = Selection)]
#[serde(untagged)]
#[expect(dead_code, reason = "described, never built")]
enum PeopleOrApps {
    All(All),
    Ids(Ids),
}

/// Ids of people, or of apps
#[derive(ToSchema)]
#[schema(min_items = 1, max_items = 1000)]
#[expect(dead_code, reason = "described, never built")]
struct Ids(Vec<IdText>);

/// All of them
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "described, never built")]
enum All {
    All,
}

/// The people or apps of a request.
enum Selected {
    All,
    Ids(Vec<String>),
}

impl<'de> Deserialize<'de> for Selected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ids = |items: Vec<Value>| -> Option<Vec<String>> {
            items.into_iter().map(|item| if let Value::String(id) = item { Some(id) } else { None }).collect()
        };
        let selected = match Value::deserialize(deserializer)? {
            Value::String(word) if word == "all" => Some(Self::All),
            Value::Array(items) => ids(items).map(Self::Ids),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
        };
        selected.ok_or_else(|| D::Error::custom("must be \"all\" or a list of ids"))
    }
}

/// What ended
#[derive(Serialize, ToSchema)]
#[schema(as = Stopped, example = json!({
    "effective_from": "2026-11-28T08:00:01Z", "ended": {"shares": 1, "apps": 1},
    "share_ids": ["0198c0de-0000-7000-8000-000000000001"], "app_ids": ["reading-list"], "next_page_token": null
}))]
pub(crate) struct StopBody {
    /// No decision that begins at this time or later is a yes by what ended; `null`: nothing ended, or the request had a page token
    #[schema(required, value_type = Option<String>, format = DateTime)]
    effective_from: Option<String>,
    ended: Ended,
    /// Ids of the shares that ended; those re-shared from them ended too and are not listed
    share_ids: Vec<String>,
    /// The apps whose grants ended
    app_ids: Vec<String>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// How many ended; 0 if the request had a page token
#[derive(Serialize, ToSchema)]
struct Ended {
    /// Shares, without those re-shared from them
    shares: i64,
    /// Grants of apps
    apps: i64,
}

/// Ends everything that the caller shares and every grant of an app, or that of some people and apps
#[utoipa::path(
    post,
    path = "/access/stop",
    operation_id = "StopAccess",
    tag = "Access",
    request_body = Stop,
    responses((status = 200, description = "What ended; the operation is idempotent", body = StopBody)),
)]
pub(crate) async fn stop(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let Stop { people, apps, page_token } = read_body(request, &mut errors).await?;
    if people.is_missing() && apps.is_missing() {
        errors.add("people", "is required, unless there are apps");
    }
    let (people, apps) = (people.into_option(), apps.into_option());
    // Both before either is stopped.
    for (ids, field) in [(&people, "people"), (&apps, "apps")] {
        if let Some(Selected::Ids(ids)) = ids {
            // The ids of people and apps have the same form.
            Selection::<Id<User>>::parse(false, ids.clone(), field, &mut errors);
        }
    }
    let token = page_token.into_option().unwrap_or_default();
    let (of_people, of_apps) = pair_token::parse(&token).unwrap_or_else(|| {
        errors.add("page_token", "must be the next_page_token of an earlier response");
        Default::default()
    });
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    let is_page = !token.is_empty();
    let (mut sharing, mut exposure) = (upstreams.access(), upstreams.exposure_access());
    let shares = async {
        let (Some(people), Some(page_token)) = (people, of_people) else { return Ok(None) };
        if is_page && page_token.is_empty() {
            return Ok(None);
        }
        let (everyone, people) = people.into_parts();
        let request = upstreams.request(&call, StopSharingRequest { everyone, people, page_token })?;
        Ok(Some(sharing.stop_sharing(request).await?.into_inner()))
    };
    let grants = async {
        let (Some(apps), Some(page_token)) = (apps, of_apps) else { return Ok(None) };
        if is_page && page_token.is_empty() {
            return Ok(None);
        }
        let (all_apps, apps) = apps.into_parts();
        let request = upstreams.request(&call, StopAppsRequest { all_apps, apps, page_token })?;
        Ok(Some(exposure.stop_apps(request).await?.into_inner()))
    };
    let (shares, grants): (Result<_, ApiError>, Result<_, ApiError>) = tokio::join!(shares, grants);
    if !is_page {
        name_what_is_stopped(&shares, &grants)?;
    }
    let shares = checked(shares, &mut errors, str::to_owned)?;
    let grants = checked(grants, &mut errors, str::to_owned)?;
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    respond(shares.unwrap_or_default(), grants.unwrap_or_default())
}

fn respond(shares: StopSharingResponse, grants: StopAppsResponse) -> Result<Response, ApiError> {
    let StopSharingResponse { effective_from: shares_end, shares, share_ids, next_page_token: more_shares, written_at } =
        shares;
    let StopAppsResponse {
        effective_from: grants_end,
        grants,
        app_ids,
        next_page_token: more_apps,
        written_at: grants_written_at,
    } = grants;
    let body = StopBody {
        effective_from: later(shares_end, grants_end).map(timestamp::written),
        ended: Ended { shares, apps: grants },
        share_ids,
        app_ids,
        next_page_token: pair_token::write(next_page(more_shares).as_deref(), next_page(more_apps).as_deref()),
    };
    let tokens = [written_at, grants_written_at];
    let tokens: Vec<_> = tokens.iter().filter(|token| !token.is_empty()).map(String::as_str).collect();
    Ok(answer::stamped(answer::ok(&body)?, &tokens.join(",")))
}

fn later(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    let key = |time: &Timestamp| (time.seconds, time.nanos);
    one.into_iter().chain(other).max_by_key(key)
}

/// If one service stopped its part and the other failed, the error names both parts.
fn name_what_is_stopped(
    shares: &Result<Option<StopSharingResponse>, ApiError>,
    grants: &Result<Option<StopAppsResponse>, ApiError>,
) -> Result<(), ApiError> {
    let (stopped, failed, error) = match (shares, grants) {
        (Ok(Some(_)), Err(error)) => ("people", "apps", error),
        (Err(error), Ok(Some(_))) => ("apps", "people", error),
        (Ok(_), Ok(_)) | (Err(_) | Ok(None), Err(_)) | (Err(_), Ok(None)) => return Ok(()),
    };
    // An erasure ends the rest: a repeat is of no use.
    if error.wrong_fields().is_some() || error.code() == ErrorCode::UserBeingErased {
        return Err(error.clone());
    }
    let message = format!("{stopped} are stopped, {failed} may not be: {}; repeat the request", error.message());
    Err(ApiError::new(ErrorCode::ServiceUnavailable, message)
        .with_detail("stopped", stopped)
        .with_detail("not_stopped", failed)
        .with_retry_of(error))
}

impl Selected {
    /// Whether all of them are selected, and the ids.
    fn into_parts(self) -> (bool, Vec<String>) {
        match self {
            Self::All => (true, Vec::new()),
            Self::Ids(ids) => (false, ids),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_stop_is_reported() {
        let done = || Ok(Some(StopSharingResponse::default()));
        let unstopped = || Err(ApiError::unavailable());
        let failed = || Err(ApiError::unavailable());
        let error = name_what_is_stopped(&done(), &failed()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ServiceUnavailable);
        assert!(error.message().starts_with("people are stopped, apps may not be: "), "{}", error.message());
        let error = name_what_is_stopped(&unstopped(), &Ok(Some(StopAppsResponse::default()))).unwrap_err();
        assert!(error.message().starts_with("apps are stopped, people may not be: "), "{}", error.message());
        let erased = || Err(ApiError::new(ErrorCode::UserBeingErased, "erased"));
        let error = name_what_is_stopped(&erased(), &Ok(Some(StopAppsResponse::default()))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UserBeingErased);
        assert!(name_what_is_stopped(&unstopped(), &failed()).is_ok(), "neither is stopped");
        assert!(name_what_is_stopped(&Ok(None), &failed()).is_ok());
    }

    #[test]
    fn stop_is_effective_when_both_parts_are() {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        assert_eq!(later(at(1), at(2)), at(2));
        assert_eq!(later(at(3), None), at(3));
        assert_eq!(later(None, None), None);
    }
}
