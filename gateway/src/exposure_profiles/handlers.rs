//! One handler an endpoint.

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Request, StatusCode, Uri, header};
use ofself_proto::exposure::{
    DeleteProfileRequest, GetDefaultProfileRequest, GetProfileRequest, GetProfileYamlRequest, ListProfilesRequest,
    Profile,
};
use prost::Message;
use serde::Deserialize;
use types::FieldErrors;
use utoipa::IntoParams;

use super::{
    requests::{NewProfile, ProfileChange, ProfileFromTemplate},
    responses::{ProfileBody, ProfileYaml, ProfilesBody, body, entity},
};
use crate::{
    BASE,
    answer::{self, Paging},
    body_errors::merge_validation_errors,
    description::{IdempotencyKeyParam, IfMatchParam, IfNoneMatchParam, PageParams, ValidateOnlyParam},
    error::{ApiError, ErrorCode},
    http::{
        accept::prefers_json,
        body::read_body,
        entity_tag::{entity_tag, expected_versions},
        idempotency_key::idempotency_key,
        query::{NoQuery, PageQuery, Query, ValidateOnlyQuery},
    },
    upstream::{Call, Upstreams},
};

/// The profile that a path names
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ProfileIdParam {
    /// The id of an exposure profile; one that is no UUID is not found
    #[param(example = "0198c0de-0000-7000-8000-000000000002")]
    profile_id: String,
}

/// Optional parts of a profile
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
struct WithYaml {
    /// Whether to include its YAML
    #[param(default = true)]
    include_yaml: Option<bool>,
    /// Whether tags are shown by name, if it is known
    #[param(default = true)]
    resolve_tag_names: Option<bool>,
}

/// How to write a profile
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
struct AsYaml {
    /// Whether tags are shown by name, if it is known
    #[param(default = true)]
    resolve_tag_names: Option<bool>,
}

type ProfileId = Result<Path<ProfileIdParam>, PathRejection>;

/// Creates an exposure profile
#[utoipa::path(
    post,
    path = "/exposure-profiles",
    operation_id = "CreateProfile",
    tag = "Exposure profiles",
    params(IdempotencyKeyParam, ValidateOnlyParam),
    request_body = NewProfile,
    responses(
        (status = 201, description = "The profile that was created", body = ProfileBody),
        (status = 200, description = "With `validate_only`: the profile after the change", body = ProfileBody),
    ),
)]
pub(crate) async fn create(
    State(upstreams): State<Upstreams>,
    call: Call,
    ValidateOnlyQuery(validate_only): ValidateOnlyQuery,
    headers: HeaderMap,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let key = idempotency_key(&headers, &mut errors);
    let profile: NewProfile = read_body(request, &mut errors).await?;
    let mut message = profile.into_message(&mut errors);
    let mut exposure = upstreams.exposure();
    if !errors.is_empty() {
        message.validate_only = true;
        let checked = exposure.create_profile(upstreams.request(&call, message)?).await;
        return Err(merge_validation_errors(errors, checked.err()));
    }
    if validate_only {
        message.dry_run = true;
        let checked = exposure.create_profile(upstreams.request(&call, message)?).await?.into_inner();
        return answer::unsaved(&body(checked.profile.ok_or_else(ApiError::internal)?));
    }
    let request = upstreams.repeatable_request(&call, message, key.as_ref())?;
    let created = exposure.create_profile(request).await?.into_inner();
    let location = location(created.profile.as_ref());
    let response = entity(created.profile, None)?.created(&location, created.replayed)?;
    Ok(answer::stamped(response, &created.written_at))
}

/// Lists the caller's exposure profiles
#[utoipa::path(
    get,
    path = "/exposure-profiles",
    operation_id = "ListProfiles",
    tag = "Exposure profiles",
    params(PageParams),
    responses((status = 200, description = "A page of profiles, newest first", body = ProfilesBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let mut query = Query::parse(uri.query());
    let (PageQuery { limit, offset }, is_active) = (query.page(), query.boolean("is_active"));
    query.finish()?;
    let request = upstreams.request(&call, ListProfilesRequest { limit, offset, is_active })?;
    let page = upstreams.exposure().list_profiles(request).await?.into_inner();
    let paging = Paging::new(page.profiles.len(), page.total, page.limit, page.offset);
    let bytes = page.encoded_len();
    answer::page(bytes, move || ProfilesBody {
        exposure_profiles: page.profiles.into_iter().map(body).collect(),
        paging,
    })
    .await
}

/// Gets the default profile, created on the first request
#[utoipa::path(
    get,
    path = "/exposure-profiles/default",
    operation_id = "GetDefaultProfile",
    tag = "Exposure profiles",
    params(IfNoneMatchParam),
    responses((status = 200, description = "The default profile", body = ProfileBody)),
)]
pub(crate) async fn default(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let request = upstreams.request(&call, GetDefaultProfileRequest {})?;
    let found = upstreams.exposure().get_default_profile(request).await?.into_inner();
    let response = answer::unless_known(&headers, entity(found.profile, None)?.ok());
    Ok(answer::stamped(response, &found.written_at))
}

/// Shows an exposure profile
#[utoipa::path(
    get,
    path = "/exposure-profiles/{profile_id}",
    operation_id = "GetProfile",
    tag = "Exposure profiles",
    params(ProfileIdParam, WithYaml, IfNoneMatchParam),
    responses((status = 200, description = "The profile", body = ProfileBody)),
)]
pub(crate) async fn get(
    State(upstreams): State<Upstreams>,
    call: Call,
    profile_id: ProfileId,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(uri.query());
    let include_yaml = query.boolean("include_yaml").unwrap_or(true);
    let resolve_tag_names = query.boolean("resolve_tag_names").unwrap_or(true);
    query.finish()?;
    let message = GetProfileRequest { profile_id: named(profile_id)?, include_yaml, resolve_tag_names };
    let found = upstreams.exposure().get_profile(upstreams.request(&call, message)?).await?.into_inner();
    Ok(answer::unless_known(&headers, entity(found.profile, found.yaml)?.ok()))
}

/// Shows an exposure profile in YAML
#[utoipa::path(
    get,
    path = "/exposure-profiles/{profile_id}/yaml",
    operation_id = "GetProfileYaml",
    tag = "Exposure profiles",
    params(ProfileIdParam, AsYaml, IfNoneMatchParam),
    responses((status = 200, description = "The profile as YAML, or as JSON if `Accept` prefers it", content(
        (serde_json::Value = "application/yaml", example = "name: Work apps\n"),
        (ProfileYaml = "application/json"),
    ))),
)]
pub(crate) async fn yaml(
    State(upstreams): State<Upstreams>,
    call: Call,
    profile_id: ProfileId,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(uri.query());
    let resolve_tag_names = query.boolean("resolve_tag_names").unwrap_or(true);
    query.finish()?;
    let message = GetProfileYamlRequest { profile_id: named(profile_id)?, resolve_tag_names };
    let found = upstreams.exposure().get_profile_yaml(upstreams.request(&call, message)?).await?.into_inner();
    let (kind, text) = if prefers_json(&headers) {
        (
            "application/json",
            serde_json::to_string(&ProfileYaml { yaml: found.yaml }).map_err(|_| ApiError::internal())?,
        )
    } else {
        ("application/yaml", found.yaml)
    };
    // Both representations of this path have their own tag.
    let tag = entity_tag(found.version, text.as_bytes()).ok_or_else(ApiError::internal)?;
    let mut response = ([(header::CONTENT_TYPE, kind), (header::VARY, "accept")], text).into_response();
    response.headers_mut().insert(header::ETAG, tag);
    Ok(answer::unless_known(&headers, response))
}

/// Changes an exposure profile
#[utoipa::path(
    put,
    path = "/exposure-profiles/{profile_id}",
    operation_id = "UpdateProfile",
    tag = "Exposure profiles",
    params(ProfileIdParam, IfMatchParam, ValidateOnlyParam),
    request_body = ProfileChange,
    responses((status = 200, description = "The changed profile", body = ProfileBody)),
)]
pub(crate) async fn update(
    State(upstreams): State<Upstreams>,
    call: Call,
    ValidateOnlyQuery(validate_only): ValidateOnlyQuery,
    profile_id: ProfileId,
    headers: HeaderMap,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let profile_id = named(profile_id)?;
    let expected = expected_versions(&headers);
    let changes: ProfileChange = read_body(request, &mut errors).await?;
    let (mut message, read_only) = changes.into_message(profile_id.clone(), expected, &mut errors);
    let mut exposure = upstreams.exposure();
    if !read_only.is_empty() {
        let include_yaml = read_only.has("yaml");
        let request = GetProfileRequest { profile_id, include_yaml, resolve_tag_names: false };
        let current = exposure.get_profile(upstreams.request(&call, request)?).await?.into_inner();
        let profile = current.profile.ok_or_else(ApiError::internal)?;
        read_only.compare(&body(profile).with_yaml(current.yaml), &mut errors);
    }
    if !errors.is_empty() {
        message.validate_only = true;
        let checked = exposure.update_profile(upstreams.request(&call, message)?).await;
        return Err(merge_validation_errors(errors, checked.err()));
    }
    message.dry_run = validate_only;
    let updated = exposure.update_profile(upstreams.request(&call, message)?).await?.into_inner();
    if validate_only {
        return answer::unsaved(&body(updated.profile.ok_or_else(ApiError::internal)?));
    }
    Ok(answer::stamped(entity(updated.profile, None)?.ok(), &updated.written_at))
}

/// Deletes an exposure profile that is not the default and that no app is bound to
#[utoipa::path(
    delete,
    path = "/exposure-profiles/{profile_id}",
    operation_id = "DeleteProfile",
    tag = "Exposure profiles",
    params(ProfileIdParam, IfMatchParam),
    responses((status = 204, description = "The profile was deleted")),
)]
pub(crate) async fn delete(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    profile_id: ProfileId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let message =
        DeleteProfileRequest { profile_id: named(profile_id)?, expected_versions: expected_versions(&headers) };
    let deleted = upstreams.exposure().delete_profile(upstreams.request(&call, message)?).await?.into_inner();
    Ok(answer::stamped(StatusCode::NO_CONTENT.into_response(), &deleted.written_at))
}

/// Creates an exposure profile from a template
#[utoipa::path(
    post,
    path = "/exposure-profiles/from-template",
    operation_id = "CreateProfileFromTemplate",
    tag = "Exposure profiles",
    params(IdempotencyKeyParam),
    request_body = ProfileFromTemplate,
    responses(
        (status = 201, description = "The profile that was created", body = ProfileBody),
        (status = 200, description = "The existing default profile", body = ProfileBody),
    ),
)]
pub(crate) async fn create_from_template(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    headers: HeaderMap,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let key = idempotency_key(&headers, &mut errors);
    let mut message = read_body::<ProfileFromTemplate>(request, &mut errors).await?.into_message();
    let mut exposure = upstreams.exposure();
    if !errors.is_empty() {
        message.validate_only = true;
        let checked = exposure.create_profile_from_template(upstreams.request(&call, message)?).await;
        return Err(merge_validation_errors(errors, checked.err()));
    }
    let request = upstreams.repeatable_request(&call, message, key.as_ref())?;
    let made = exposure.create_profile_from_template(request).await?.into_inner();
    let location = location(made.profile.as_ref());
    let entity = entity(made.profile, None)?;
    let response = if made.created { entity.created(&location, made.replayed)? } else { entity.found(made.replayed) };
    Ok(answer::stamped(response, &made.written_at))
}

/// An id that cannot even be read from the path names no profile.
fn named(profile_id: ProfileId) -> Result<String, ApiError> {
    profile_id
        .map(|Path(ProfileIdParam { profile_id })| profile_id)
        .map_err(|_| ApiError::new(ErrorCode::ProfileNotFound, "there is no such exposure profile"))
}

fn location(profile: Option<&Profile>) -> String {
    format!("{BASE}/exposure-profiles/{}", profile.map(|profile| profile.id.as_str()).unwrap_or_default())
}
