//! What each target does with the bytes it is given. A target fails by a panic: its own, when an answer is none that the
//! contract knows, or one of the code under it.

mod plane;
mod redaction;
mod rest;
mod rpc;
mod token;

pub use redaction::redaction;
pub use rest::rest;
pub use rpc::{exposure_rpc, methods, sharing_rpc};
pub use token::token;
