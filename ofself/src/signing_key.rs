//! The token signing key of a standalone plane: created at the first start, readable by its owner only.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use aws_lc_rs::signature::Ed25519KeyPair;
use http_server::tls::refuse_readable_by_others;
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, JwkSet},
};
use runtime::process::ConfigurationError;

const PRIVATE: &str = "signing-key.der";
const PUBLIC: &str = "jwks.json";
/// The only permissions that a private key has: its owner's.
const OWNER_ONLY: u32 = 0o600;
/// The permissions of the directory, which holds the databases as well.
const OWNER_ONLY_FOLDER: u32 = 0o700;

/// A key that signs tokens.
pub struct SigningKey {
    /// Signs.
    pub encoding: EncodingKey,
    /// The path of the public key, a JWKS.
    pub jwks: PathBuf,
}

/// The path of the key of `data_dir`.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(PRIVATE)
}

impl SigningKey {
    /// The key of `data_dir`. Without one there is no plane that a token of this key would be good for.
    pub fn load(data_dir: &Path) -> anyhow::Result<Self> {
        let path = path(data_dir);
        let der = match fs::read(&path) {
            Ok(der) => der,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let message = format!(
                    "no signing key in {}: {PRIVATE} is missing; set --data-dir to the directory that `ofself` serves from, or run `ofself init` to create one",
                    data_dir.display()
                );
                return Err(ConfigurationError::new(message).into());
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Self::from_der(&der, data_dir)
    }

    /// The key of `data_dir`, created if there is none.
    pub fn load_or_create(data_dir: &Path) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(OWNER_ONLY_FOLDER)
            .create(data_dir)
            .with_context(|| format!("cannot make {}", data_dir.display()))?;
        let path = path(data_dir);
        let der = match fs::read(&path) {
            Ok(der) => der,
            Err(error) if error.kind() == ErrorKind::NotFound => make(&path)?,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Self::from_der(&der, data_dir)
    }

    fn from_der(der: &[u8], data_dir: &Path) -> anyhow::Result<Self> {
        let path = path(data_dir);
        refuse_readable_by_others(&path)?;
        let encoding = EncodingKey::from_ed_der(der);
        let public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA)
            .map_err(|error| anyhow!("{} is no signing key: {error}", path.display()))?;
        let jwks = data_dir.join(PUBLIC);
        publish(&jwks, &serde_json::to_vec_pretty(&JwkSet { keys: vec![public] })?)
            .with_context(|| format!("cannot write {}", jwks.display()))?;
        Ok(Self { encoding, jwks })
    }
}

/// Writes the public key, unless it exists; atomically, since others may be reading it.
fn publish(path: &Path, text: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|standing| standing == text) {
        return Ok(());
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&draft, text)?;
    fs::rename(&draft, path)
}

/// Writes a new key atomically; if another process was first, its key is used.
fn make(path: &Path) -> anyhow::Result<Vec<u8>> {
    let der = Ed25519KeyPair::generate_pkcs8v1(&aws_lc_rs::rand::SystemRandom::new())
        .map_err(|_| anyhow!("no random numbers"))?;
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&draft)?;
        file.write_all(der.as_ref())?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => fs::read(path),
        }
    };
    write().with_context(|| format!("cannot store the signing key at {}", path.display()))
}
