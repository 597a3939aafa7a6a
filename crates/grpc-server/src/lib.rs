//! gRPC server: method table, authorization by role, admission control, deadlines, error details, health and reflection.
//!
//! It serves any set of tonic services. It knows no database.

mod caller;
pub mod callers;
pub mod calls;
mod deadline;
mod error_info;
mod field_count;
mod guard;
mod health;
mod json_struct;
mod local_channel;
mod messages;
mod mutual_tls;
mod origin;
mod roles;
pub mod rpc_error;
mod serve;
mod settings;
mod stream;
mod timestamp;

pub use caller::{ACTING_USER, CONSISTENCY_TOKEN, IDEMPOTENCY_KEY, acting_user, idempotency_key};
pub use health::{Health, WRITES};
pub use json_struct::{json_struct, read_struct};
pub use local_channel::LocalChannel;
pub use mutual_tls::MutualTls;
pub use origin::{peer_origin, user_origin};
pub use roles::{Callers, Method, Role};
pub use serve::{Contract, GrpcServer};
pub use settings::GrpcSettings;
pub use timestamp::{read_timestamp, timestamp};
