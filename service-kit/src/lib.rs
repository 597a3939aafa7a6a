//! What every process of the permission plane does the same way: settings, logs, traces, metrics, clock, database, gRPC
//! server, health, shutdown.
//!
//! Charter: a thing that a *process* does, with two users at least. It knows neither sharing nor exposure, and not the
//! contract between them. What one service alone needs belongs to that service; what both rule books need belongs to
//! `vocabulary`.

pub mod admin;
pub mod clock;
pub mod database;
pub mod detached;
pub mod digest;
pub mod doctor;
pub mod grpc;
pub mod idempotency;
pub mod misspelled_variables;
pub mod process;
pub mod refusal;
pub mod retention;
pub mod server;
pub mod service;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod tls;
