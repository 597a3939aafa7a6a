//! An authority and certificates for development: enough to run every part with mutual TLS on one machine. Not for
//! production, where an authority's key lies in no folder.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use anyhow::Context;
use http_server::tls::refuse_readable_by_others;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use runtime::{clock::Clock, process::ConfigurationError};

use crate::config::CertificateSettings;

/// The services, and one client of each role.
pub const NAMES: [&str; 5] = ["gateway", "sharing-svc", "exposure-svc", "service", "operator"];

/// The only permissions that a key has: its owner's.
const OWNER_ONLY: u32 = 0o600;
const AUTHORITY_TTL: Duration = Duration::from_hours(365 * 24);
/// Clocks may differ by this much.
const LEEWAY: Duration = Duration::from_mins(5);

/// Creates the authority if it is missing, and a new certificate of each kind. Prints how to use them.
pub fn make(settings: &CertificateSettings, clock: &Clock) -> anyhow::Result<String> {
    let CertificateSettings { out, trust_domain, ttl, names } = settings;
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let authority = authority(out, clock)?;
    let mut roles = Vec::new();
    for name in NAMES {
        let id = format!("spiffe://{trust_domain}/{name}");
        let params = certificate(name, &id, names, *ttl, clock)
            .map_err(|error| ConfigurationError::new(format!("--trust-domain or --name: {error}")))?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &authority)?;
        write_whole(&out.join(format!("{name}.key")), key.serialize_pem().as_bytes(), OWNER_ONLY)?;
        write_whole(&out.join(format!("{name}.pem")), certificate.pem().as_bytes(), 0o644)?;
        if matches!(name, "gateway" | "service" | "operator") {
            roles.push(format!("{id}={name}"));
        }
    }
    Ok(format!("ROLES={}", roles.join(",")))
}

/// The authority of a directory. Its certificate is derived from its key.
fn authority(out: &Path, clock: &Clock) -> anyhow::Result<Issuer<'static, KeyPair>> {
    let (key_path, path) = (out.join("ca.key"), out.join("ca.pem"));
    let params = authority_params(clock)?;
    if key_path.exists() {
        refuse_readable_by_others(&key_path)?;
        let text = fs::read_to_string(&key_path).with_context(|| format!("cannot read {}", key_path.display()))?;
        let key = KeyPair::from_pem(&text)
            .map_err(|error| ConfigurationError::new(format!("{} is no key: {error}", key_path.display())))?;
        return Ok(Issuer::new(params, key));
    }
    let key = KeyPair::generate()?;
    write_whole(&key_path, key.serialize_pem().as_bytes(), OWNER_ONLY)?;
    write_whole(&path, params.self_signed(&key)?.pem().as_bytes(), 0o644)?;
    Ok(Issuer::new(params, key))
}

fn authority_params(clock: &Clock) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = named("OfSelf development authority");
    valid_for(&mut params, AUTHORITY_TTL, clock);
    Ok(params)
}

fn certificate(
    name: &str,
    id: &str,
    names: &[String],
    ttl: Duration,
    clock: &Clock,
) -> anyhow::Result<CertificateParams> {
    let _: http_server::tls::SpiffeId = id.parse()?;
    let hosts = ["localhost", "127.0.0.1", "::1", name].map(str::to_owned);
    let mut params = CertificateParams::new([hosts.as_slice(), names].concat())?;
    params.subject_alt_names.push(SanType::URI(id.try_into()?));
    params.distinguished_name = named(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    valid_for(&mut params, ttl, clock);
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn valid_for(params: &mut CertificateParams, ttl: Duration, clock: &Clock) {
    let seconds = u64::try_from(clock.now().utc().timestamp()).unwrap_or_default();
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.not_before = now - LEEWAY;
    params.not_after = now + ttl;
}

/// Writes a file atomically: others may be reading the current one.
fn write_whole(path: &Path, text: &[u8], mode: u32) -> anyhow::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(text)?;
        fs::rename(&draft, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
