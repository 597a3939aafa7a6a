//! The decision: does this profile expose that node? Facts in, answer and reasons out (docs/exposure.md, "Which nodes are
//! exposed").
//!
//! [`CompiledProfile`] is a profile made ready to be asked many times. [`Predicate`] is the same formula as a tree, for a
//! store to push into its query. [`explain`] walks the rules one by one, in words. They never differ: properties over random
//! profiles hold them together.

mod compiled_profile;
mod explanation;
mod expression_program;
mod node_facts;
mod predicate;
mod rule_values;
mod tag_index;
mod write;

pub use compiled_profile::CompiledProfile;
pub use explanation::{Explanation, explain};
pub use node_facts::{FREEFORM, NodeFacts, TagFacts};
pub use predicate::Predicate;
pub use rule_values::RuleValue;
pub use write::{WriteDecision, WriteVerb, check_write};
