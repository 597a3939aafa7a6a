//! Check of `doctor`: whether the OTLP collector accepts connections.

use std::time::Duration;

use runtime::doctor::Doctor;

use crate::TelemetrySettings;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Checks the collector that the settings name, if any.
pub async fn check_collector(doctor: &mut Doctor, settings: &TelemetrySettings) {
    let Some(endpoint) = settings.otlp_endpoint.uri() else { return };
    let port = endpoint.port_u16().unwrap_or(if endpoint.scheme_str() == Some("https") { 443 } else { 80 });
    let host = endpoint.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    match tokio::time::timeout(TIMEOUT, tokio::net::TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => doctor.ok("traces", format!("{endpoint} accepts connections")),
        Ok(Err(error)) => doctor.warning("traces", format!("{endpoint}: {error}; traces will be lost")),
        Err(_) => doctor.warning("traces", format!("{endpoint} does not answer; traces will be lost")),
    }
}
