//! Settings of a gRPC server: addresses and limits.

use std::time::Duration;

use admission::AdmissionSettings;
use clap::ArgAction;
use http_server::{ConnectionSettings, PlainText};

use crate::MutualTls;

/// The gRPC server of a service.
#[derive(clap::Args, Clone, Debug)]
pub struct GrpcSettings {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub tls: MutualTls,
    /// Listen in plain text on an address that is not loopback; every peer then has every role
    #[arg(long, env = "INSECURE_PLAINTEXT", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub insecure_plaintext: bool,
    /// Serve gRPC reflection
    #[arg(long, env = "REFLECTION", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub reflection: bool,
    /// The deadline of a call, unless the caller sets a shorter one
    #[arg(long, env = "DEADLINE", default_value = "5s", value_parser = humantime::parse_duration)]
    pub deadline: Duration,
    /// Concurrent streams (watches, filters); more are rejected
    #[arg(long, env = "MAX_OPEN_STREAMS", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_open_streams: u32,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub load: AdmissionSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub connections: ConnectionSettings,
}

impl GrpcSettings {
    /// Whether plain text may be spoken beyond this machine.
    pub fn plain_text(&self) -> PlainText {
        if self.insecure_plaintext { PlainText::Anywhere } else { PlainText::OnThisMachine }
    }
}

impl Default for GrpcSettings {
    fn default() -> Self {
        Self {
            tls: MutualTls::default(),
            insecure_plaintext: false,
            reflection: true,
            deadline: Duration::from_secs(5),
            max_open_streams: 2_000,
            load: AdmissionSettings::default(),
            connections: ConnectionSettings::default(),
        }
    }
}
