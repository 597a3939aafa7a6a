//! The files of certificates and keys.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use runtime::process::ConfigurationError;
use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Permission bits of users other than the owner.
const OTHERS: u32 = 0o007;

/// The one crypto library of this product.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Rejects a file with a secret that every user of this machine may read.
pub fn refuse_readable_by_others(path: &Path) -> Result<(), ConfigurationError> {
    let metadata = fs::metadata(path)
        .map_err(|error| ConfigurationError::new(format!("cannot read {}: {error}", path.display())))?;
    if metadata.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(ConfigurationError::new(format!("every user of this machine may read the key {path}; run `chmod o= {path}`")))
}

/// The certificates of a file, the first of them its owner's.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigurationError> {
    let fault = |message: String| ConfigurationError::new(format!("{}: {message}", path.display()));
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| fault(error.to_string()))?.collect();
    let found = found.map_err(|error| fault(error.to_string()))?;
    if found.is_empty() { Err(fault("has no PEM certificate".to_owned())) } else { Ok(found) }
}

/// The private key of a file with restricted permissions.
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigurationError> {
    refuse_readable_by_others(path)?;
    PrivateKeyDer::from_pem_file(path)
        .map_err(|error| ConfigurationError::new(format!("{}: has no PEM private key: {error}", path.display())))
}

/// The authorities of a file.
pub(super) fn authorities(path: &Path) -> Result<Arc<RootCertStore>, ConfigurationError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| {
            ConfigurationError::new(format!("{}: has no certificate of an authority: {error}", path.display()))
        })?;
    }
    Ok(Arc::new(roots))
}

/// A certificate that does not go with its key, or cannot be used at all.
pub(super) fn unusable(certificate: &Path, error: &rustls::Error) -> ConfigurationError {
    ConfigurationError::new(format!("{}: cannot be used with its key: {error}", certificate.display()))
}
