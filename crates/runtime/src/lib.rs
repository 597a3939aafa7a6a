//! Process lifecycle: settings, exit codes, graceful shutdown, clock, metrics registry, configuration check.
//!
//! It knows no protocol and no database, so every other crate may depend on it.

pub mod clock;
pub mod digest;
pub mod doctor;
pub mod loopback;
pub mod metrics;
pub mod misspelled_variables;
pub mod process;
pub mod settings;
pub mod shutdown;
