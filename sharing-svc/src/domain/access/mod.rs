//! The decision: may this person do this to that node? Facts in, answer and reasons out (docs/sharing.md, "Access decision").
//!
//! [`Chain`] says what one share and those above it allow, link by link, and is what explanations are read from.
//! [`AccessSet`] is every chain between two people, indexed once and asked many times. [`AccessFilter`] is the same set as a
//! predicate for a store to push into its query. They never differ: properties over random shares hold them together.

mod access_set;
mod action;
mod chain;
mod explanation;
mod filter;
mod node_facts;
mod people;
mod selected;
mod viewers;

pub use access_set::AccessSet;
pub use action::Action;
pub use chain::{BrokenChain, Chain, Obstacle, chains};
pub use explanation::{Explanation, NodeReason, Verdict, explain, explain_nodes};
pub use filter::{AccessFilter, Clause, FilteredNodes, Selection};
pub use node_facts::{NodeFacts, Resource};
pub use people::{PersonAccess, owners, recipients};
pub use viewers::{Viewer, viewers};
