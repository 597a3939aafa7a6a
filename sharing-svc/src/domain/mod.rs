//! The rules of sharing (docs/sharing.md): pure data and functions. Nothing here reads a clock, a table or a wire.

pub mod access;
mod changes;
mod crowding;
mod draft;
mod party;
mod resharing;
mod rights;
mod scope;
mod share;
mod terms;

pub use changes::ShareChanges;
pub use crowding::{Between, Crowding};
pub use draft::{FollowDraft, NewShare, ShareDraft};
pub use party::Party;
pub use resharing::{MAX_CHAIN, ReshareRefusal, check_reshare};
pub use rights::Rights;
pub use scope::{Scope, ScopeKind};
pub use share::{Follow, FollowId, NodeId, Share, ShareId, Source, Status, TagId, UserId};
pub use terms::Terms;
