//! A service that holds nodes, as small as can be: it asks who may see what, and keeps to the answer.
//!
//! [`Nodes`] is its store. [`Question`] is a person who reads another's nodes through an app: allowed by a share AND by the
//! app's profile. Of one node both services are asked; a list is narrowed by both filters, in the store's own query
//! ([`Condition`]), so that it needs no check per node.

mod condition;
mod nodes;
mod question;

pub use condition::{Condition, Dialect, UnknownPredicate, Value};
pub use nodes::{Node, Nodes};
pub use question::Question;
