//! How a gRPC server listens and what it bounds.

use std::{net::SocketAddr, time::Duration};

use clap::ArgAction;

use crate::settings::duration;

/// The gRPC server of a service.
#[derive(clap::Args, Clone, Debug)]
pub struct GrpcSettings {
    /// Listen in plain text on an address that is not loopback; whoever reaches it has every role
    #[arg(long, env = "INSECURE_PLAINTEXT", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub insecure_plaintext: bool,
    /// Answer reflection requests
    #[arg(long, env = "REFLECTION", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub reflection: bool,
    /// How long a call may take, where its caller does not ask for less
    #[arg(long, env = "DEADLINE", default_value = "5s", value_parser = duration)]
    pub deadline: Duration,
    /// Calls under way at most on one connection
    #[arg(long, env = "MAX_STREAMS", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_streams: u32,
}

impl GrpcSettings {
    /// Whether plain text may be spoken on this address.
    pub fn admits(&self, address: SocketAddr) -> bool {
        address.ip().is_loopback() || self.insecure_plaintext
    }
}
