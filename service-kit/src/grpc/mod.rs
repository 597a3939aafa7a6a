//! The gRPC side of a process: where it listens, how it serves, what it says of its health.

mod caller;
mod health;
mod serve;
mod settings;
mod timestamp;

pub use caller::{ACTING_USER, IDEMPOTENCY_KEY, acting_user, idempotent_request};
pub use health::Health;
pub use serve::{Contract, bind, serve};
pub use settings::GrpcSettings;
pub use timestamp::{read_timestamp, timestamp};
