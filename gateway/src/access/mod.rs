//! Who can act on the caller's data, and on whose data the caller can act: one file for each resource (docs/access.md).

pub(crate) mod apps;
pub(crate) mod blocked;
pub(crate) mod erasure;
pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod incoming;
mod node;
pub(crate) mod owners;
mod pair_token;
pub(crate) mod people;
pub(crate) mod preview;
pub(crate) mod stop;
pub(crate) mod suggestions;
pub(crate) mod tags;
pub(crate) mod view_as;
pub(crate) mod viewers;

use ofself_proto::sharing as wire;
use serde::Serialize;
use types::FieldErrors;
use utoipa::ToSchema;

use crate::{
    body_errors::{merge_fields, renamed},
    error::ApiError,
};

/// Something that a person can do to a node
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Read,
    Write,
    Delete,
    Share,
}

fn actions(actions: &[i32]) -> Vec<Action> {
    let action = |action: &i32| match wire::Action::try_from(*action).unwrap_or_default() {
        wire::Action::Unspecified => None,
        wire::Action::Read => Some(Action::Read),
        wire::Action::Write => Some(Action::Write),
        wire::Action::Delete => Some(Action::Delete),
        wire::Action::Share => Some(Action::Share),
    };
    actions.iter().filter_map(action).collect()
}

/// The token of the next page; `None`: there is none.
fn next_page(token: String) -> Option<String> {
    (!token.is_empty()).then_some(token)
}

/// A response of a service; `None` if it is an error of fields, which are added to `errors`. `rename`: the path of a field in the request.
fn checked<T>(
    response: Result<Option<T>, ApiError>,
    errors: &mut FieldErrors,
    rename: impl Fn(&str) -> String,
) -> Result<Option<T>, ApiError> {
    response.or_else(|error| {
        let Some(fields) = error.wrong_fields() else { return Err(error) };
        *errors = merge_fields(errors, &renamed(fields, rename));
        Ok(None)
    })
}
