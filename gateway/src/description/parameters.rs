//! Parameters that several operations take.

use utoipa::{
    IntoParams,
    openapi::{
        Object,
        schema::{ObjectBuilder, Type},
    },
};
use vocabulary::DEFAULT_LIMIT;

/// A page of a list: by `limit` and `offset`, or by `page` and `per_page`
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
pub struct PageParams {
    /// Only those that are active, or only those that are not; empty is the same as absent
    is_active: Option<bool>,
    /// Rows at most; above 100 taken as 100
    #[param(schema_with = rows)]
    limit: Option<i32>,
    /// Rows to pass over
    #[param(schema_with = from_zero)]
    offset: Option<i64>,
    /// Which page, from 1; not beside `limit` and `offset`
    #[param(schema_with = from_one)]
    page: Option<i64>,
    /// Rows on a page; above 100 taken as 100
    #[param(schema_with = rows)]
    per_page: Option<i64>,
}

fn from_one() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build()
}

/// Of any size: a limit that is too large is taken as the largest there is.
fn rows() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).default(Some(DEFAULT_LIMIT.into())).build()
}

fn from_zero() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build()
}

/// A key under which a repeat is harmless
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described, never built")]
pub struct IdempotencyKeyParam {
    /// The same key and body within 24 hours get the first answer again
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]{1,255}$",
        nullable = false
    )]
    idempotency_key: Option<String>,
}

/// The version that is to be changed
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described, never built")]
pub struct IfMatchParam {
    /// Refused unless the row stands at one of these versions
    #[param(rename = "If-Match", nullable = false)]
    if_match: Option<String>,
}

/// What the client has
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "described, never built")]
pub struct IfNoneMatchParam {
    /// Answered by 304 where that is what it would be sent
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}
