//! Who can act on the caller's data.

use axum::{extract::State, response::Response};
use http::Uri;
use ofself_proto::sharing::{ListPeopleRequest, PersonAccess, SharePath};
use prost::Message;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Action, actions, next_page};
use crate::{
    answer,
    description::TokenPageParams,
    error::ApiError,
    http::query::{Query, TokenPage},
    sharing::responses::{self, ShareBody},
    timestamp,
    upstream::{Call, Upstreams},
};

/// A person who can act on some of the caller's data
#[derive(Serialize, ToSchema)]
#[schema(as = PersonAccess)]
struct PersonBody {
    user_id: String,
    /// What they can do, each on the nodes of any share
    actions: Vec<Action>,
    /// The oldest 20 of the shares that allow it
    shares: Vec<SharePathBody>,
    /// The number of shares that allow it
    shares_total: i64,
    /// When the oldest of these shares was created
    #[schema(required, value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// When the last of these shares ends by itself; `null`: never
    #[schema(required, value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// When the person last used what is shared with them, up to a minute ago; `null`: not within `--usage-retention`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_used_at: Option<String>,
}

/// A share, and the people through whom it was re-shared
#[derive(Serialize, ToSchema)]
#[schema(as = SharePath)]
struct SharePathBody {
    #[serde(flatten)]
    share: ShareBody,
    /// The recipients of the shares above it, beginning with the person with whom the owner shared; empty: the owner's own share
    through_user_ids: Vec<String>,
}

/// A page of people
#[derive(Serialize, ToSchema)]
#[schema(as = PeoplePage, example = json!({
    "people": [{
        "user_id": "bob", "actions": ["read"], "shares": [{
            "id": "0198c0de-0000-7000-8000-000000000001", "owner_id": "alice", "shared_with_user_id": "bob", "scope": "all",
            "tag_ids": [], "node_ids": [], "can_read": true, "can_write": false, "can_delete": false, "can_share": false,
            "expires_at": null, "status": "active", "is_active": true, "source": "direct", "parent_share_id": null,
            "created_at": "2026-11-21T09:00:00Z", "updated_at": "2026-11-21T09:00:00Z", "revoked_at": null,
            "shared_by_user_id": "alice", "narrowed": false, "inactive_reason": null, "effective": {
                "scope": "all", "tag_ids": [], "node_ids": [], "can_read": true, "can_write": false, "can_delete": false,
                "can_share": false, "expires_at": null
            },
            "through_user_ids": []
        }],
        "shares_total": 1, "since": "2026-11-21T09:00:00Z", "until": null, "last_used_at": "2026-11-27T18:30:00Z"
    }],
    "next_page_token": null
}))]
pub(crate) struct PeopleBody {
    /// Ordered by id; a page may be short, or empty, without being the last
    people: Vec<PersonBody>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists everyone who can act on some of the caller's data
#[utoipa::path(
    get,
    path = "/access/people",
    operation_id = "ListPeople",
    tag = "Access",
    params(TokenPageParams),
    responses((status = 200, description = "A page of people, ordered by id", body = PeopleBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let TokenPage { size: page_size, token: page_token } = Query::token_page_of(&uri)?;
    let request = upstreams.request(&call, ListPeopleRequest { page_size, page_token })?;
    let page = upstreams.access().list_people(request).await?.into_inner();
    answer::page(page.encoded_len(), move || PeopleBody {
        people: page.people.into_iter().map(person).collect(),
        next_page_token: next_page(page.next_page_token),
    })
    .await
}

fn person(person: PersonAccess) -> PersonBody {
    let PersonAccess { user_id, actions: allowed, shares, shares_total, since, until, last_used_at } = person;
    let path = |SharePath { share, through_user_ids }| {
        Some(SharePathBody { share: responses::body(share?), through_user_ids })
    };
    PersonBody {
        user_id,
        actions: actions(&allowed),
        shares: shares.into_iter().filter_map(path).collect(),
        shares_total,
        since: since.map(timestamp::written),
        until: until.map(timestamp::written),
        last_used_at: last_used_at.map(timestamp::written),
    }
}
