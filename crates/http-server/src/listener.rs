//! Binds addresses, and rejects those where plain text would be readable by others.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt},
        net::UnixStream,
    },
    path::Path,
};

use runtime::process::ConfigurationError;
use tokio::net::{TcpListener, UnixListener};
use tracing::warn;

use super::ListenAddress;
use crate::tls::TlsAcceptor;

/// Permissions of a socket file: its owner and group.
const OWNER_AND_GROUP: u32 = 0o660;
const OWNER_ONLY_FOLDER: u32 = 0o700;

/// Whether plain text may be spoken where others than this machine can listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainText {
    /// On loopback and on socket files.
    OnThisMachine,
    /// Any address, by explicit setting; logs a warning.
    Anywhere,
    /// Any address: the responses are public.
    NothingToHide,
}

/// A bound address.
pub struct Listener {
    pub(super) socket: Socket,
    pub(super) tls: Option<TlsAcceptor>,
}

pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Binds `address`.
    pub async fn bind(
        address: &ListenAddress,
        tls: Option<TlsAcceptor>,
        plain_text: PlainText,
    ) -> Result<Self, ConfigurationError> {
        if tls.is_none() && !address.is_of_this_machine() {
            match plain_text {
                PlainText::OnThisMachine => {
                    return Err(plain_text_refused(address));
                }
                PlainText::Anywhere => {
                    warn!(%address, "listening in plain text: every peer can read the traffic and has every role");
                }
                PlainText::NothingToHide => {}
            }
        }
        let socket = match address {
            ListenAddress::Tcp(address) => TcpListener::bind(address).await.map(Socket::Tcp),
            ListenAddress::Unix(_) if tls.is_some() => {
                return Err(ConfigurationError::new(format!("{address} needs no TLS; leave out TLS_CERT and TLS_KEY")));
            }
            ListenAddress::Unix(path) => bind_socket_file(path).map(Socket::Unix),
        };
        let socket = socket.map_err(|error| ConfigurationError::new(format!("cannot listen on {address}: {error}")))?;
        Ok(Self { socket, tls })
    }

    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> io::Result<ListenAddress> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().map(ListenAddress::Tcp),
            Socket::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().ok_or_else(|| io::Error::other("a socket without a name"))?;
                // It was bound under another name than it is reached by.
                let name = path.file_name().ok_or_else(|| io::Error::other("a socket without a name"))?;
                let folder =
                    path.parent().and_then(Path::parent).ok_or_else(|| io::Error::other("a socket in no folder"))?;
                Ok(ListenAddress::Unix(folder.join(name)))
            }
        }
    }
}

/// The error of an address where others could read plain text, with the alternatives.
pub(crate) fn plain_text_refused(address: &ListenAddress) -> ConfigurationError {
    ConfigurationError::new(format!(
        "{address} is not a loopback address, and plain text would let anyone in; listen on 127.0.0.1 or a socket file, \
         serve TLS with TLS_CERT and TLS_KEY (`gateway`, `sharing-svc` and `exposure-svc`; `ofself` serves plain text only), \
         or pass --insecure-plaintext"
    ))
}

/// Creates a socket file. It is bound in a private directory and then moved, so that no peer connects before
/// its permissions are set, and what an ended process left behind is replaced.
fn bind_socket_file(path: &Path) -> io::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there"));
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("this is no path of a file"))?;
    let folder = path.with_extension(format!("{}.new", std::process::id()));
    DirBuilder::new().mode(OWNER_ONLY_FOLDER).create(&folder)?;
    let place = || {
        let draft = folder.join(name);
        let listener = UnixListener::bind(&draft)?;
        fs::set_permissions(&draft, Permissions::from_mode(OWNER_AND_GROUP))?;
        fs::rename(&draft, path)?;
        Ok(listener)
    };
    let placed = place();
    fs::remove_dir_all(&folder)?;
    placed
}
