//! What the caller should look at.

use axum::{extract::State, response::Response};
use http::Uri;
use ofself_proto::{exposure, sharing};
use prost::Message;
use serde::Serialize;
use serde_json::{Value, json};
use types::FieldErrors;
use utoipa::ToSchema;

use super::{checked, next_page, pair_token};
use crate::{
    BASE, answer,
    description::TokenPageParams,
    error::ApiError,
    http::query::{Query, TokenPage},
    timestamp,
    upstream::{Call, Upstreams},
};

/// Why a suggestion is made
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// What is shared with a person, or the grant of an app, was not used for 90 days
    Unused,
    /// A share or a grant never ends
    NeverExpires,
    /// A share covers every node, or an app sees every node
    ExposesEverything,
}

/// Something that the caller should look at, with the call that resolves it
#[derive(Serialize, ToSchema)]
#[schema(as = Suggestion)]
struct SuggestionBody {
    kind: Kind,
    /// For a person to read
    text: String,
    /// The person; `null`: it is about an app
    #[schema(required)]
    person_id: Option<String>,
    /// The share; `null`: it is about all shares with the person, or about an app
    #[schema(required)]
    share_id: Option<String>,
    /// The app; `null`: it is about a person
    #[schema(required)]
    app_id: Option<String>,
    /// The method of the call that resolves it
    method: &'static str,
    /// The path of the call
    path: String,
    /// The body of the call; `null`: none
    #[schema(required, value_type = Option<HashMap<String, Value>>)]
    body: Option<Value>,
}

/// A page of suggestions
#[derive(Serialize, ToSchema)]
#[schema(as = SuggestionsPage, example = json!({
    "suggestions": [{
        "kind": "unused", "text": "the app `reading-list` has not asked for 90 days; you can disconnect it", "person_id": null,
        "share_id": null, "app_id": "reading-list", "method": "DELETE", "path": "/api/v1/access/apps/reading-list", "body": null
    }],
    "next_page_token": null
}))]
pub(crate) struct SuggestionsBody {
    /// About people, then about apps, each ordered by id; a page may be short, or empty, without being the last
    suggestions: Vec<SuggestionBody>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists what the caller should look at: access that is not used, that never ends, or that covers everything
#[utoipa::path(
    get,
    path = "/access/suggestions",
    operation_id = "ListSuggestions",
    tag = "Access",
    params(TokenPageParams),
    responses((status = 200, description = "The suggestions about a page of people and a page of apps", body = SuggestionsBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let TokenPage { size: page_size, token } = Query::token_page_of(&uri)?;
    let mut errors = FieldErrors::new();
    let Some((of_people, of_apps)) = pair_token::parse(&token) else {
        errors.add("page_token", "must be the next_page_token of an earlier response");
        return Err(ApiError::validation(errors));
    };
    let (mut sharing, mut exposure) = (upstreams.access(), upstreams.exposure_access());
    let people = async {
        let Some(page_token) = of_people else { return Ok(None) };
        let request = upstreams.request(&call, sharing::ListSuggestionsRequest { page_size, page_token })?;
        Ok(Some(sharing.list_suggestions(request).await?.into_inner()))
    };
    let apps = async {
        let Some(page_token) = of_apps else { return Ok(None) };
        let request = upstreams.request(&call, exposure::ListSuggestionsRequest { page_size, page_token })?;
        Ok(Some(exposure.list_suggestions(request).await?.into_inner()))
    };
    let (people, apps): (Result<_, ApiError>, Result<_, ApiError>) = tokio::join!(people, apps);
    let people = checked(people, &mut errors, str::to_owned)?.unwrap_or_default();
    let apps = checked(apps, &mut errors, str::to_owned)?.unwrap_or_default();
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    let bytes = people.encoded_len() + apps.encoded_len();
    answer::page(bytes, move || {
        let (more_people, more_apps) = (next_page(people.next_page_token), next_page(apps.next_page_token));
        let about_people = people.suggestions.into_iter().filter_map(about_person);
        SuggestionsBody {
            suggestions: about_people.chain(apps.suggestions.into_iter().filter_map(about_app)).collect(),
            next_page_token: pair_token::write(more_people.as_deref(), more_apps.as_deref()),
        }
    })
    .await
}

/// An id as a part of a path.
fn in_path(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// `None`: of a kind that this gateway does not know.
fn about_person(suggestion: sharing::Suggestion) -> Option<SuggestionBody> {
    let sharing::Suggestion { kind, text, person_id, share_id, proposed_end } = suggestion;
    let end = proposed_end.map(timestamp::written);
    let share = format!("{BASE}/sharing/{share_id}");
    let (kind, method, path, body) = match sharing::SuggestionKind::try_from(kind).unwrap_or_default() {
        sharing::SuggestionKind::Unspecified => return None,
        sharing::SuggestionKind::Unused => {
            (Kind::Unused, "POST", format!("{BASE}/access/stop"), Some(json!({"people": [person_id]})))
        }
        sharing::SuggestionKind::NeverExpires => (Kind::NeverExpires, "PUT", share, Some(json!({"expires_at": end}))),
        sharing::SuggestionKind::ExposesEverything => (Kind::ExposesEverything, "DELETE", share, None),
    };
    let (person_id, share_id) = (Some(person_id), (!share_id.is_empty()).then_some(share_id));
    Some(SuggestionBody { kind, text, person_id, share_id, app_id: None, method, path, body })
}

/// `None`: of a kind that this gateway does not know.
fn about_app(suggestion: exposure::Suggestion) -> Option<SuggestionBody> {
    let exposure::Suggestion { kind, text, app_id, profile_id: _, proposed_end } = suggestion;
    let end = proposed_end.map(timestamp::written);
    let path = format!("{BASE}/access/apps/{}", in_path(&app_id));
    let (kind, method, body) = match exposure::SuggestionKind::try_from(kind).unwrap_or_default() {
        exposure::SuggestionKind::Unspecified => return None,
        exposure::SuggestionKind::Unused => (Kind::Unused, "DELETE", None),
        exposure::SuggestionKind::NeverExpires => (Kind::NeverExpires, "PUT", Some(json!({"expires_at": end}))),
        exposure::SuggestionKind::ExposesEverything => (Kind::ExposesEverything, "DELETE", None),
    };
    Some(SuggestionBody { kind, text, person_id: None, share_id: None, app_id: Some(app_id), method, path, body })
}
