//! The gRPC side of a process: where it listens, how it serves, what it says of its health.

mod health;
mod serve;
mod settings;

pub use health::Health;
pub use serve::{bind, serve};
pub use settings::GrpcSettings;
