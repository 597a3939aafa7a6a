//! The rules of sharing (docs/sharing.md): pure data and functions. Nothing here reads a clock, a table or a wire.

pub mod access;
mod changes;
mod draft;
mod event;
mod history;
mod imported;
mod quota;
mod resharing;
mod rights;
mod scope;
mod share;
mod share_role;
mod status;
mod stop;
mod suggestion;
mod terms;

pub use changes::ShareChanges;
pub use draft::{FollowDraft, NewShare, ShareDraft};
pub use event::{EventKind, ShareEvent, SnapshotShare};
pub use history::sentence;
pub use imported::ImportedShare;
pub use quota::{MAX_PARENTS_PER_PAIR, QuotaExceeded, Quotas, Usage, UsageKind};
pub use resharing::{MAX_CHAIN, ReshareError, check_reshare};
pub use rights::Rights;
pub use scope::{Scope, ScopeKind};
pub use share::{Follow, FollowId, NodeId, Share, ShareId, Source, TagId, UserId};
pub use share_role::ShareRole;
pub use status::{InactiveReason, ShareView, Status};
pub use stop::{Stop, Stops};
pub use suggestion::{Suggestion, suggestions};
pub use terms::Terms;
