//! The gRPC side of a process: who may call it, how it serves, what it says of its health.

mod caller;
pub mod callers;
pub mod calls;
mod deadline;
mod explained;
mod guard;
mod health;
mod roles;
mod serve;
mod settings;
mod stream;
mod timestamp;

pub use caller::{ACTING_USER, IDEMPOTENCY_KEY, acting_user, idempotent_request};
pub use health::{Health, WRITES};
pub use roles::{Callers, Method, Role};
pub use serve::{Contract, GrpcServer};
pub use settings::GrpcSettings;
pub use timestamp::{read_timestamp, timestamp};
