//! Limits of a server by connection and by peer.

use std::time::Duration;

/// The connections of a server.
#[derive(clap::Args, Clone, Debug)]
pub struct ConnectionSettings {
    /// Connections at most; more wait until one ends
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,
    /// Calls in flight at most on one connection of HTTP/2
    #[arg(long, env = "MAX_STREAMS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_streams: u32,
    /// Maximum bytes of headers of a request; more are answered with 431
    #[arg(long, env = "MAX_HEADER_BYTES", default_value_t = 16 * 1024, value_parser = clap::value_parser!(u32).range(8 * 1024..))]
    pub max_header_bytes: u32,
    /// How long a client may take to shake hands, or to send its first request once it connected
    #[arg(long, env = "HANDSHAKE_TIMEOUT", default_value = "10s", value_parser = humantime::parse_duration)]
    pub handshake_timeout: Duration,
    /// A connection on which nothing happens for this long is closed; longer than a load balancer keeps one
    #[arg(long, env = "IDLE_TIMEOUT", default_value = "75s", value_parser = humantime::parse_duration)]
    pub idle_timeout: Duration,
    /// A connection is ended in good order after about this long, so that clients find new replicas
    #[arg(long, env = "CONNECTION_AGE", default_value = "30m", value_parser = humantime::parse_duration)]
    pub connection_age: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            max_streams: 256,
            max_header_bytes: 16 * 1024,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            connection_age: Duration::from_mins(30),
        }
    }
}
