//! The contract between OfSelf's permission services and those who call them, generated from the `.proto` files of this
//! package. No logic is written here; one message is read in a way of its own.

#![forbid(unsafe_code)]
#![allow(
    clippy::pedantic,
    clippy::doc_markdown,
    clippy::large_enum_variant,
    reason = "generated code answers to its generator, not to our lints"
)]

/// Shares: the package `ofself.sharing.v1`.
pub mod sharing {
    tonic::include_proto!("ofself.sharing.v1");
}

/// Exposure profiles: the package `ofself.exposure.v1`.
pub mod exposure {
    tonic::include_proto!("ofself.exposure.v1");

    pub use crate::evaluate_nodes::{EvaluateNodesRequest, encoded, evaluate_nodes_request};
}

mod evaluate_nodes;

/// Every file of the contract with its imports and comments, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
