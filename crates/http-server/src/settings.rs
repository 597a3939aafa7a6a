//! Limits of a server by connection and by peer.

use std::time::Duration;

/// The connections of a server.
#[derive(clap::Args, Clone, Debug)]
pub struct ConnectionSettings {
    /// Maximum connections; further ones wait until one closes
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,
    /// Maximum concurrent streams of one HTTP/2 connection
    #[arg(long, env = "MAX_STREAMS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_streams: u32,
    /// Maximum bytes of headers of a request; more are answered with 431
    #[arg(long, env = "MAX_HEADER_BYTES", default_value_t = 16 * 1024, value_parser = clap::value_parser!(u32).range(8 * 1024..))]
    pub max_header_bytes: u32,
    /// The timeout of the TLS handshake, and of the first request of a connection
    #[arg(long, env = "HANDSHAKE_TIMEOUT", default_value = "10s", value_parser = humantime::parse_duration)]
    pub handshake_timeout: Duration,
    /// The idle timeout of a connection; set it above the idle timeout of the load balancer
    #[arg(long, env = "IDLE_TIMEOUT", default_value = "75s", value_parser = humantime::parse_duration)]
    pub idle_timeout: Duration,
    /// The maximum age of a connection; it is then closed gracefully, so that clients find new replicas
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
