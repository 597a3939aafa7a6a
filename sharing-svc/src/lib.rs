//! Sharing.

pub mod domain;
pub mod error;
pub mod operations;
pub mod storage;
