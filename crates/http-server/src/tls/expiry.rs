//! Until when a certificate is good.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use metrics::{describe_gauge, gauge};
use runtime::process::ConfigurationError;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

use super::files::certificates;

/// Some moment that every certificate has ended before: just after the last one that X.509 can write, which stands for no end
/// (RFC 5280, 4.1.2.5).
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_801);

const EXPIRY: &str = "tls_certificate_expiry_timestamp_seconds";
const START: &str = "tls_certificate_not_before_timestamp_seconds";

/// Shows in the metrics from when until when the certificate of `path` is good. `which`: `server` or `client`.
pub(super) fn show(which: &'static str, path: &Path) {
    describe_gauge!(EXPIRY, "Expiry of the certificate in use, in Unix seconds");
    describe_gauge!(START, "Start of validity of the certificate in use, in Unix seconds");
    for (name, timestamp) in [(EXPIRY, valid_until(path)), (START, valid_from(path))] {
        if let Ok(timestamp) = timestamp {
            #[expect(clippy::cast_precision_loss, reason = "seconds are exact enough")]
            gauge!(name, "certificate" => which).set(timestamp as f64);
        }
    }
}

/// The earliest expiry among the certificates of a file, in seconds since 1970.
pub fn valid_until(path: &Path) -> Result<i64, ConfigurationError> {
    held_against(path, END_OF_TIME, |error| {
        if let Error::CertExpired { not_after, .. } = error { Some(*not_after) } else { None }
    })
}

/// Until when a certificate is good; `None`: without end.
pub(super) fn not_after(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let then = UnixTime::since_unix_epoch(END_OF_TIME);
    match certificate.verify_for_usage(&[], &[], &[], then, KeyUsage::client_auth(), None, None) {
        Err(Error::CertExpired { not_after, .. }) => {
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(not_after.as_secs()))
        }
        Err(_) | Ok(_) => None,
    }
}

/// Start of validity, which the verifier reports when it checks an earlier time.
fn valid_from(path: &Path) -> Result<i64, ConfigurationError> {
    held_against(path, Duration::ZERO, |error| {
        if let Error::CertNotValidYet { not_before, .. } = error { Some(*not_before) } else { None }
    })
}

fn held_against(
    path: &Path,
    then: Duration,
    read: impl Fn(&Error) -> Option<UnixTime>,
) -> Result<i64, ConfigurationError> {
    let fault = |error: &dyn std::fmt::Display| ConfigurationError::new(format!("{}: {error}", path.display()));
    let certificates = certificates(path)?;
    let first = certificates.first().ok_or_else(|| fault(&"holds no certificate"))?;
    let certificate = EndEntityCert::try_from(first).map_err(|error| fault(&error))?;
    let then = UnixTime::since_unix_epoch(then);
    match certificate.verify_for_usage(&[], &[], &[], then, KeyUsage::server_auth(), None, None) {
        Err(error) => {
            let timestamp = read(&error).ok_or_else(|| fault(&error))?;
            i64::try_from(timestamp.as_secs()).map_err(|error| fault(&error))
        }
        // It is not good then; what was asked for could not be answered.
        Ok(_) => Err(fault(&"has no validity period")),
    }
}
