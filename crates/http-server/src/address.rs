//! Where a server listens.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// An address of this machine to listen on: `127.0.0.1:50051`, or `unix:/run/sharing.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP port; 0 selects a free one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Text that is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddressError;

impl ListenAddress {
    /// Whether only this machine can reach it.
    pub fn is_of_this_machine(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }

    /// The URL by which a client on this machine reaches a server that speaks plain text there.
    pub fn url(&self) -> String {
        match self {
            Self::Tcp(address) => format!("http://{address}"),
            Self::Unix(_) => self.to_string(),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(_) => Err(ListenAddressError),
            None => text.parse().map(Self::Tcp).map_err(|_| ListenAddressError),
        }
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for ListenAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an address and a port, as in `127.0.0.1:50051`, or `unix:` and an absolute path")
    }
}

impl std::error::Error for ListenAddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_a_port_or_a_socket_file() {
        for (text, is_local) in
            [("127.0.0.1:1", true), ("[::1]:1", true), ("0.0.0.0:1", false), ("[::]:1", false), ("unix:/run/s", true)]
        {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.is_of_this_machine()), (text, is_local));
        }
        for bad in ["", "localhost:1", "127.0.0.1", "unix:", "unix:run/s", "/run/s", "127.0.0.1:70000"] {
            assert_eq!(bad.parse::<ListenAddress>(), Err(ListenAddressError), "{bad}");
        }
    }
}
