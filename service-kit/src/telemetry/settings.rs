//! Where traces go.

use http::Uri;

/// How a process is followed from outside.
#[derive(clap::Args, Clone, Debug)]
pub struct TelemetrySettings {
    /// Where traces are sent by OTLP over gRPC, `http://127.0.0.1:4317`; without it none are made
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_parser = endpoint)]
    pub otlp_endpoint: Option<Uri>,
    /// The part of all traces that is kept, 0 to 1. The gateway decides it for the services that it calls
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", default_value_t = DEFAULT_RATIO, value_parser = ratio)]
    pub trace_ratio: f64,
}

/// One in a hundred tells what is usual; what is not, logs and metrics tell.
const DEFAULT_RATIO: f64 = 0.01;

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self { otlp_endpoint: None, trace_ratio: DEFAULT_RATIO }
    }
}

fn endpoint(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|_| "must be a URL, as in http://127.0.0.1:4317".to_owned())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err("must be a URL, as in http://127.0.0.1:4317".to_owned()),
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "must be a number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_endpoint_or_a_part_of_all_is_refused() {
        assert!(endpoint("http://127.0.0.1:4317").is_ok());
        for bad in ["", "127.0.0.1:4317", "collector", "grpc://collector:4317", "/v1/traces"] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
        assert_eq!((ratio("0"), ratio("1"), ratio("0.25")), (Ok(0.0), Ok(1.0), Ok(0.25)));
        for bad in ["", "-0.1", "1.1", "NaN", "1%"] {
            assert!(ratio(bad).is_err(), "{bad}");
        }
    }
}
