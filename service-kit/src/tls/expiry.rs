//! Until when a certificate is good.

use std::{path::Path, time::Duration};

use metrics::{describe_gauge, gauge};
use rustls::pki_types::UnixTime;
use webpki::{EndEntityCert, Error, KeyUsage};

use super::files::certificates;
use crate::process::ConfigurationError;

/// Some moment that every certificate has ended before: just after the last one that X.509 can write, which stands for no end
/// (RFC 5280, 4.1.2.5).
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_801);

/// Shows in the metrics until when the certificate of `path` is good. `which`: `server` or `client`.
pub(super) fn show(which: &'static str, path: &Path) {
    const EXPIRY: &str = "tls_certificate_expiry_timestamp_seconds";
    describe_gauge!(EXPIRY, "When the certificate in use ends, in Unix seconds");
    if let Ok(end) = valid_until(path) {
        #[expect(clippy::cast_precision_loss, reason = "a second more or less is nobody's")]
        gauge!(EXPIRY, "certificate" => which).set(end as f64);
    }
}

/// When the first certificate of a file ends, in seconds since 1970. Held against a moment after its end, it says when that was.
pub fn valid_until(path: &Path) -> Result<i64, ConfigurationError> {
    let fault = |error: &dyn std::fmt::Display| ConfigurationError::new(format!("{}: {error}", path.display()));
    let certificates = certificates(path)?;
    let first = certificates.first().ok_or_else(|| fault(&"holds no certificate"))?;
    let certificate = EndEntityCert::try_from(first).map_err(|error| fault(&error))?;
    let then = UnixTime::since_unix_epoch(END_OF_TIME);
    let held = certificate.verify_for_usage(&[], &[], &[], then, KeyUsage::server_auth(), None, None);
    match held {
        Err(Error::CertExpired { not_after, .. }) => i64::try_from(not_after.as_secs()).map_err(|error| fault(&error)),
        Err(error) => Err(fault(&error)),
        // It would have ended; what was asked for could not be answered.
        Ok(_) => Err(fault(&"does not say until when it is good")),
    }
}
