//! HTTP aspects of all resources: bodies, queries, preconditions, the context of a request.

pub(crate) mod accept;
pub mod admission;
pub(crate) mod body;
pub(crate) mod context;
pub(crate) mod cpu_work;
pub(crate) mod entity_tag;
pub(crate) mod idempotency_key;
pub(crate) mod query;
pub(crate) mod requests;
pub(crate) mod require_host;
