//! Ids, timestamps, pages, versions and field errors, shared by the domains of both services.
//!
//! Pure values only: no I/O, no clock, no async, no wire format, no table. A type that one service uses belongs to that service,
//! except the kinds of ids, which are listed here.

mod actor_words;
mod field_errors;
mod field_update;
mod id;
mod id_page;
mod idempotency_key;
mod item_errors;
mod origin;
mod page;
mod selection;
mod suggestion;
mod timestamp;
mod unique_vec;
mod versions;
mod write_mode;

pub use actor_words::actor_words;
pub use field_errors::FieldErrors;
pub use field_update::FieldUpdate;
pub use id::{App, Id, IdError, Node, Schema, Tag, User, minted_id};
pub use id_page::{IdPage, PageSizes};
pub use idempotency_key::{IdempotencyKey, IdempotencyKeyError};
pub use item_errors::ItemErrors;
pub use origin::{Actor, Origin};
pub use page::{DEFAULT_LIMIT, MAX_LIMIT, Page, PageRequest};
pub use selection::Selection;
pub use suggestion::{SuggestionKind, UNUSED_DAYS, UsesAreCounted};
pub use timestamp::{InstantError, Timestamp};
pub use unique_vec::UniqueVec;
pub use versions::ExpectedVersions;
pub use write_mode::WriteMode;

/// A list of ids, names or types in a request holds at most this many (docs/rest-api.md).
pub const MAX_LIST: usize = 1_000;

/// The maximum number of nodes in a batch.
pub const MAX_BATCH: usize = 10_000;
