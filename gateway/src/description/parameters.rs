//! Parameters that several operations take.

use types::DEFAULT_LIMIT;
use utoipa::{
    IntoParams,
    openapi::{
        Object,
        schema::{ObjectBuilder, Type},
    },
};

/// A page of a list: by `limit` and `offset`, or by `page` and `per_page`
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct PageParams {
    /// Only those that are active, or only those that are not; empty is the same as absent
    is_active: Option<bool>,
    #[param(schema_with = limit)]
    limit: Option<i32>,
    #[param(schema_with = offset)]
    offset: Option<i64>,
    #[param(schema_with = page)]
    page: Option<i64>,
    #[param(schema_with = per_page)]
    per_page: Option<i64>,
}

/// Of any size, as the three below. Of the two kinds of paging only this one has a default, which the page at /docs fills in:
/// both at once are refused.
fn limit() -> Object {
    number(1, "Maximum rows; above 100 it counts as 100").default(Some(DEFAULT_LIMIT.into())).build()
}

fn offset() -> Object {
    number(0, "Rows to skip").build()
}

fn page() -> Object {
    number(1, "Which page, from 1; not beside `limit` and `offset`").build()
}

fn per_page() -> Object {
    number(1, "Rows on a page, by default 20; above 100 it counts as 100").build()
}

fn number(least: i32, message: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).description(Some(message))
}

/// A page of a list: by `limit`, and the token of the page before
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct TokenPageParams {
    #[param(schema_with = limit)]
    limit: Option<i32>,
    /// The `next_page_token` of the page before; absent: the first page
    #[param(nullable = false)]
    page_token: Option<String>,
}

/// A key under which a repeat is harmless
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct IdempotencyKeyParam {
    /// The same key and body within 24 hours return the first response again
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]{1,255}$",
        nullable = false
    )]
    idempotency_key: Option<String>,
}

/// Checks without changes
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct ValidateOnlyParam {
    /// `true`: run all checks and change nothing. The response is 200 with the entity after the change: `id` and the times are `null`,
    /// without `ETag` and `Location`. An idempotency key is not stored
    validate_only: Option<bool>,
}

/// The version that is to be changed
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct IfMatchParam {
    /// Rejected unless one of these is the current version
    #[param(rename = "If-Match", nullable = false)]
    if_match: Option<String>,
}

/// The representation of the client
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct IfNoneMatchParam {
    /// Answered by 304 if it is current
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}
