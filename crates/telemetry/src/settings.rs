//! Where traces go.

use std::str::FromStr;

use http::Uri;

/// How a process is followed from outside.
#[derive(clap::Args, Clone, Debug)]
pub struct TelemetrySettings {
    /// The OTLP/gRPC endpoint of traces, `http://127.0.0.1:4317`; absent or empty: no traces
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", default_value = "", hide_default_value = true)]
    pub otlp_endpoint: OtlpEndpoint,
    /// The ratio of sampled traces, 0 to 1. The gateway decides for the services that it calls
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", default_value_t = DEFAULT_RATIO, value_parser = ratio)]
    pub trace_ratio: f64,
}

/// One in a hundred shows the usual requests; logs and metrics show the unusual ones.
const DEFAULT_RATIO: f64 = 0.01;

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self { otlp_endpoint: OtlpEndpoint::default(), trace_ratio: DEFAULT_RATIO }
    }
}

/// Where traces are sent, if anywhere. An empty variable counts as unset
/// (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtlpEndpoint(Option<Uri>);

impl OtlpEndpoint {
    /// The URL of the collector.
    pub fn uri(&self) -> Option<&Uri> {
        self.0.as_ref()
    }
}

impl FromStr for OtlpEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let uri: Uri = text.parse().map_err(|_| "must be a URL, as in http://127.0.0.1:4317".to_owned())?;
        match (uri.scheme_str(), uri.host()) {
            (Some("http" | "https"), Some(_)) => Ok(Self(Some(uri))),
            _ => Err("must be a URL, as in http://127.0.0.1:4317".to_owned()),
        }
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    if text.is_empty() {
        return Ok(DEFAULT_RATIO);
    }
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "must be a number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_otlp_endpoint_or_ratio_is_rejected() {
        let endpoint = str::parse::<OtlpEndpoint>;
        assert!(endpoint("http://127.0.0.1:4317").is_ok_and(|endpoint| endpoint.uri().is_some()));
        for bad in [" ", "127.0.0.1:4317", "collector", "grpc://collector:4317", "/v1/traces"] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
        assert_eq!(
            ("".parse(), ratio("")),
            (Ok(OtlpEndpoint::default()), Ok(DEFAULT_RATIO)),
            "an empty variable is unset"
        );
        assert_eq!((ratio("0"), ratio("1"), ratio("0.25")), (Ok(0.0), Ok(1.0), Ok(0.25)));
        for bad in [" ", "-0.1", "1.1", "NaN", "1%"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
    }
}
