//! What HTTP says beside the resources themselves: bodies, queries, preconditions, the context of a request.

pub mod accept;
pub mod admission;
pub mod body;
pub mod context;
pub mod entity_tag;
pub mod idempotency_key;
pub mod query;
pub(crate) mod requests;
