//! Where a service is.

use std::{fmt, path::PathBuf, str::FromStr};

use http::{Uri, uri::Scheme};
use runtime::loopback::is_this_machine;

/// The address of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamUrl {
    /// `https://host:port`: by mutual TLS.
    Tls(Uri),
    /// `http://host:port`: in plain text.
    Plain(Uri),
    /// `unix:/path`: a socket file of this machine.
    Unix(PathBuf),
}

/// Text that is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamUrlError;

impl UpstreamUrl {
    /// Whether others could read the traffic to this address.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Plain(uri) => !is_this_machine(uri.host().unwrap_or_default()),
            Self::Tls(_) | Self::Unix(_) => false,
        }
    }
}

impl FromStr for UpstreamUrl {
    type Err = UpstreamUrlError;

    fn from_str(text: &str) -> Result<Self, UpstreamUrlError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Self::Unix(path.into())) } else { Err(UpstreamUrlError) };
        }
        let uri: Uri = text.parse().map_err(|_| UpstreamUrlError)?;
        let names_more = !matches!(uri.path(), "" | "/") || uri.query().is_some();
        if uri.host().is_none_or(str::is_empty) || names_more {
            return Err(UpstreamUrlError);
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => Ok(Self::Tls(uri)),
            Some(scheme) if *scheme == Scheme::HTTP => Ok(Self::Plain(uri)),
            Some(_) | None => Err(UpstreamUrlError),
        }
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(uri) | Self::Plain(uri) => uri.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for UpstreamUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be `https://host:port`, `http://host:port`, or `unix:` and an absolute path")
    }
}

impl std::error::Error for UpstreamUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaintext_is_local_only() {
        for (text, is_open) in [
            ("http://127.0.0.1:1", false),
            ("http://[::1]:1", false),
            ("http://localhost:1", false),
            ("unix:/run/s", false),
            ("https://sharing:50051", false),
            ("http://sharing:50051", true),
            ("http://10.0.0.1:1", true),
            ("http://127.0.0.1.example.com:1", true),
        ] {
            assert_eq!(text.parse::<UpstreamUrl>().unwrap().is_open(), is_open, "{text}");
        }
        for bad in ["", "sharing:50051", "grpc://sharing:1", "unix:s", "http://", "https://h:1/path", "https://h:1?q"] {
            assert_eq!(bad.parse::<UpstreamUrl>(), Err(UpstreamUrlError), "{bad}");
        }
    }
}
