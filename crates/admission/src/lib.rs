//! Admission control: concurrency limiters with fair queues, memory shared between callers, a rate limit.
//!
//! A server reserves memory before it buffers a message, and waits for a permit before it works on it. The share of a caller (a user,
//! or a service by its SPIFFE id) binds only while others need the rest. Why this is code of ours:
//! `docs/decisions/0012-concurrency-limit-with-a-fair-queue.md`.

mod caller;
pub mod completion;
mod concurrency_limiter;
mod limit_metrics;
mod message_memory;
mod metered_body;
pub mod rate_limit;
mod response_memory;
mod settings;
mod shared_pool;
mod standing_queue;

pub use caller::Caller;
pub use completion::with_permit;
pub use concurrency_limiter::{ConcurrencyLimiter, ConcurrencyLimits, LimiterPermit};
pub use limit_metrics::RejectionReason;
pub use message_memory::{BufferError, BufferedBody, MessageMemory, MessageReservation, SMALL_MESSAGE};
pub use metered_body::MeteredBody;
pub use response_memory::ResponseMemory;
pub use settings::AdmissionSettings;
pub use shared_pool::{Reservation, SharedPool};
