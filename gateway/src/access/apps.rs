//! The apps that the caller connected.

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::{Request, Uri};
use ofself_proto::exposure::{self as wire, DisconnectAppRequest, ListConnectedAppsRequest, RebindAppRequest};
use prost::Message;
use serde::{Deserialize, Serialize};
use types::{App, FieldErrors, Id};
use utoipa::{IntoParams, ToSchema};

use super::next_page;
use crate::{
    answer,
    body_errors::merge_validation_errors,
    description::TokenPageParams,
    error::{ApiError, ErrorCode},
    http::{
        body::read_body,
        query::{NoQuery, Query, TokenPage},
    },
    json::{Field, Mask},
    timestamp::{self, Rfc3339},
    upstream::{Call, Upstreams},
};

/// The app that a path names
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AppIdParam {
    /// The id of an app
    #[param(example = "reading-list")]
    app_id: String,
}

type AppId = Result<Path<AppIdParam>, PathRejection>;

/// Whether an app is native (`L1`) or third-party (`L2`)
#[derive(Serialize, ToSchema)]
enum AppTier {
    L1,
    L2,
}

/// An app with an active grant
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectedApp, example = json!({
    "app_id": "reading-list", "tier": "L2",
    "profile": {"id": "0198c0de-0000-7000-8000-000000000002", "name": "Books", "is_active": true},
    "granted_at": "2026-11-21T09:00:00Z", "expires_at": null, "last_asked_at": "2026-11-27T18:30:00Z", "asked_30d": 1200,
    "shown_30d": 310
}))]
pub(crate) struct AppBody {
    app_id: String,
    #[schema(required)]
    tier: Option<AppTier>,
    profile: BoundProfile,
    #[schema(required, value_type = String, format = DateTime)]
    granted_at: Option<String>,
    /// When the grant ends by itself; `null`: never
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// When the app last asked, up to a minute ago; `null`: not within `--usage-retention`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_asked_at: Option<String>,
    /// Nodes about which the app asked in the last 30 days; filters are not counted, as they name no node
    asked_30d: i64,
    /// Those of them that it was shown
    shown_30d: i64,
}

/// The profile that decides what the app sees
#[derive(Serialize, ToSchema)]
struct BoundProfile {
    id: String,
    name: String,
    /// An inactive profile exposes nothing
    is_active: bool,
}

/// A page of apps
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectedAppsPage, example = json!({
    "apps": [{
        "app_id": "reading-list", "tier": "L2",
        "profile": {"id": "0198c0de-0000-7000-8000-000000000002", "name": "Books", "is_active": true},
        "granted_at": "2026-11-21T09:00:00Z", "expires_at": null, "last_asked_at": "2026-11-27T18:30:00Z", "asked_30d": 1200,
    "shown_30d": 310
    }],
    "next_page_token": null
}))]
pub(crate) struct AppsBody {
    /// Ordered by id
    apps: Vec<AppBody>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// What to change of an app's grant. What is absent stays as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"profile_id": "0198c0de-0000-7000-8000-000000000002"}))]
pub(crate) struct Rebinding {
    /// A profile of the caller's
    #[schema(value_type = Option<String>, format = "uuid", nullable = false)]
    profile_id: Field<String>,
    /// When the grant ends by itself; `null`: never
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Field<Rfc3339>,
}

/// Lists the apps with a grant to the caller's data
#[utoipa::path(
    get,
    path = "/access/apps",
    operation_id = "ListConnectedApps",
    tag = "Access",
    params(TokenPageParams),
    responses((status = 200, description = "A page of apps, ordered by id", body = AppsBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let TokenPage { size: page_size, token: page_token } = Query::token_page_of(&uri)?;
    let request = upstreams.request(&call, ListConnectedAppsRequest { page_size, page_token })?;
    let page = upstreams.exposure_access().list_connected_apps(request).await?.into_inner();
    answer::page(page.encoded_len(), move || AppsBody {
        apps: page.apps.into_iter().filter_map(app).collect(),
        next_page_token: next_page(page.next_page_token),
    })
    .await
}

/// Binds a connected app to another profile, or moves the end of its grant
#[utoipa::path(
    put,
    path = "/access/apps/{app_id}",
    operation_id = "RebindApp",
    tag = "Access",
    params(AppIdParam),
    request_body = Rebinding,
    responses((status = 200, description = "The app with its new profile", body = AppBody)),
)]
pub(crate) async fn rebind(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    app_id: AppId,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let app_id = named(app_id)?;
    let mut errors = FieldErrors::new();
    let Rebinding { profile_id, expires_at } = read_body(request, &mut errors).await?;
    if profile_id.is_missing() && matches!(expires_at, Field::Absent) {
        errors.add_unless_known("profile_id", "is required, unless there is expires_at");
    }
    if !errors.is_empty() {
        return Err(merge_validation_errors(errors, None));
    }
    let mut mask = Mask::default();
    let message = RebindAppRequest {
        app_id,
        profile_id: mask.add("profile_id", profile_id).unwrap_or_default(),
        expires_at: mask.add("expires_at", expires_at).map(Into::into),
        update_mask: Some(mask.into()),
    };
    let request = upstreams.request(&call, message)?;
    let bound = upstreams.exposure_access().rebind_app(request).await?.into_inner();
    let body = bound.app.and_then(app).ok_or_else(ApiError::internal)?;
    Ok(answer::stamped(answer::ok(&body)?, &bound.written_at))
}

/// Revokes the grant of an app
#[utoipa::path(
    delete,
    path = "/access/apps/{app_id}",
    operation_id = "DisconnectApp",
    tag = "Access",
    params(AppIdParam),
    responses((status = 204, description = "The app sees and does nothing; the operation is idempotent")),
)]
pub(crate) async fn disconnect(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    app_id: AppId,
) -> Result<Response, ApiError> {
    let request = upstreams.request(&call, DisconnectAppRequest { app_id: named(app_id)? })?;
    let ended = upstreams.exposure_access().disconnect_app(request).await?.into_inner();
    Ok(answer::stamped(answer::no_content(), &ended.written_at))
}

/// A malformed id names no app.
fn named(app_id: AppId) -> Result<String, ApiError> {
    let named = app_id.ok().map(|Path(AppIdParam { app_id })| app_id);
    named
        .filter(|id| Id::<App>::check(id).is_ok())
        .ok_or_else(|| ApiError::new(ErrorCode::AppAccessNotFound, "the app has no access grant"))
}

fn app(app: wire::ConnectedApp) -> Option<AppBody> {
    let wire::ConnectedApp { access, profile_name, profile_is_active, last_asked_at, asked_30d, shown_30d } = app;
    let wire::AppAccess {
        id: _,
        user_id: _,
        app_id,
        tier,
        profile_id,
        granted_at,
        expires_at,
        revoked_at: _,
        is_active: _,
        version: _,
    } = access?;
    Some(AppBody {
        app_id,
        tier: match wire::AppTier::try_from(tier).unwrap_or_default() {
            wire::AppTier::Unspecified => None,
            wire::AppTier::L1 => Some(AppTier::L1),
            wire::AppTier::L2 => Some(AppTier::L2),
        },
        profile: BoundProfile { id: profile_id, name: profile_name, is_active: profile_is_active },
        granted_at: granted_at.map(timestamp::written),
        expires_at: expires_at.map(timestamp::written),
        last_asked_at: last_asked_at.map(timestamp::written),
        asked_30d,
        shown_30d,
    })
}
