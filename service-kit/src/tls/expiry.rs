//! Until when a certificate is good.

use std::{path::Path, time::Duration};

use rustls::pki_types::UnixTime;
use webpki::{EndEntityCert, Error, KeyUsage};

use super::files::certificates;
use crate::process::ConfigurationError;

/// Some moment that every certificate has ended before (the year 9999).
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);

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
        // Not ended by then: as good as for ever.
        Ok(_) => Ok(i64::MAX),
    }
}
