//! The whole permission plane in one process, on SQLite, with a signing key of its own. Nothing here is another
//! implementation of anything: it is the three crates, assembled.

pub mod banner;
pub mod certificates;
pub mod config;
mod demo;
pub mod plane;
mod program;
pub mod signing_key;
pub mod token;

pub use self::program::main;
