//! The words that the rules of both services are written in: ids, instants, pages, versions, field errors.
//!
//! Charter: pure values that both rule books use and whose meaning may not differ between them. No I/O, no clock, no
//! async, no wire, no table. What only one of them uses belongs to it, but for the kinds of ids, which are listed in one place.

mod distinct;
mod edit;
mod field_errors;
mod id;
mod idempotency_key;
mod instant;
mod page;
mod versions;
mod wrong_items;

pub use distinct::Distinct;
pub use edit::Edit;
pub use field_errors::FieldErrors;
pub use id::{App, Id, IdError, Node, Schema, Tag, User, minted_id};
pub use idempotency_key::{IdempotencyKey, IdempotencyKeyError};
pub use instant::{Instant, InstantError};
pub use page::{DEFAULT_LIMIT, MAX_LIMIT, Page, PageRequest};
pub use versions::ExpectedVersions;
pub use wrong_items::WrongItems;

/// A list of ids, names or types in a request holds at most this many (docs/rest-api.md).
pub const MAX_LIST: usize = 1_000;

/// A question about many nodes at once asks about at most this many.
pub const MAX_BATCH: usize = 10_000;
