//! Change feed: the events of committed changes, in the order in which they were committed.
//!
//! A change writes its events in its own transaction. A position is given after the commit: on PostgreSQL by the
//! [sequencer](Sequencer), which moves rows of `pending` to `feed`, on SQLite by the one writer itself. So positions are dense, an
//! owner's versions come in order, and a change that commits late is never passed over.

mod epoch;
mod event;
mod history;
mod hub;
mod list;
mod prune;
mod read;
mod resume_token;
mod schema;
mod sequencer;
mod usage;

pub use epoch::Epoch;
pub(crate) use event::append_statement;
pub use event::{EventLimit, EventLog, NewEvent, Recorded};
pub use history::HistoryPosition;
pub use hub::{FeedHub, Subscription, SubscriptionEnd};
pub use list::EventFilter;
pub use read::{END_OF_CHANGE, EventRow, FeedPage, FeedPosition, FeedState};
pub use resume_token::{ResumeToken, ResumeTokenError, SnapshotKey};
pub use schema::create_feed;
pub use sequencer::Sequencer;
