//! SPIFFE id of a service
//! (<https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md>).

use std::{fmt, str::FromStr};

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The maximum length of a SPIFFE id.
const MAX_BYTES: usize = 2048;

/// The name of a service, `spiffe://trust.domain/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId(String);

/// Text that is no SPIFFE id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpiffeIdError;

impl SpiffeId {
    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SPIFFE id of a certificate: its only URI SAN. `None` if there are several or none
    /// (<https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md>, 5.2).
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = EndEntityCert::try_from(certificate).ok()?;
        let mut names = certificate.valid_uri_names();
        let (Some(name), None) = (names.next(), names.next()) else { return None };
        name.parse().ok()
    }
}

impl FromStr for SpiffeId {
    type Err = SpiffeIdError;

    fn from_str(text: &str) -> Result<Self, SpiffeIdError> {
        let (domain, path) =
            text.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')).ok_or(SpiffeIdError)?;
        let of_domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        let of_segment = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(of_segment);
        let is_id = text.len() <= MAX_BYTES
            && !domain.is_empty()
            && domain.bytes().all(of_domain)
            && path.split('/').all(is_segment);
        if is_id { Ok(Self(text.to_owned())) } else { Err(SpiffeIdError) }
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SpiffeIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a SPIFFE id, as in `spiffe://ofself.ai/gateway`")
    }
}

impl std::error::Error for SpiffeIdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_parsed_only_in_standard_form() {
        for good in ["spiffe://ofself.ai/gateway", "spiffe://a/b/C_d-1.2"] {
            assert_eq!(good.parse::<SpiffeId>().unwrap().as_str(), good);
        }
        let long = format!("spiffe://a/{}", "b".repeat(MAX_BYTES));
        for bad in [
            "",
            "spiffe://",
            "spiffe://a",
            "spiffe://a/",
            "spiffe:///b",
            "spiffe://a//b",
            "spiffe://a/./b",
            "spiffe://a/../b",
            "spiffe://A/b",
            "spiffe://a:1/b",
            "spiffe://u@a/b",
            "spiffe://a/b?c",
            "spiffe://a/b#c",
            "spiffe://a/%62",
            "SPIFFE://a/b",
            "https://a/b",
            " spiffe://a/b",
            long.as_str(),
        ] {
            assert_eq!(bad.parse::<SpiffeId>(), Err(SpiffeIdError), "{bad}");
        }
    }
}
