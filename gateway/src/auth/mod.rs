//! Authentication: JWTs, the keys that verify them, and the rule for first-party apps (docs/security.md).

mod caller;
mod claims;
mod counts;
mod first_party;
mod jwks;
mod keys;
mod settings;
mod token;

pub use caller::{Authentication, Caller, require_caller};
pub use settings::AuthSettings;
