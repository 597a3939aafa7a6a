//! Admission control: an adaptive concurrency limiter, a memory budget, per-user limits and a rate limit.
//!
//! A server acquires a permit before it works on a request, and reserves memory before it buffers a body. Without either, the
//! request is rejected at once. Why this is code of ours: `docs/decisions/0012-adaptive-concurrency-limit.md`.

mod adaptive_limiter;
pub mod completion;
mod controller;
mod metered_body;
mod per_user;
pub mod rate_limit;

pub use adaptive_limiter::AdaptiveLimiter;
pub(crate) use controller::current_permit;
pub use controller::{
    AdmissionController, AdmissionSettings, BufferError, BufferedBody, MemoryReservation, Overloaded, Permit,
    with_permit,
};
pub use metered_body::MeteredBody;
pub use per_user::{OperationKind, OperationPermit, PerUserLimiter, UserPermit};
