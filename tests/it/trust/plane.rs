//! The parts of a plane with certificates, in this process.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use admission::AdmissionSettings;
use http_server::tls::TlsConnector;
use ofself::{certificates, config::CertificateSettings};
use rcgen::{CertificateParams, Issuer, KeyPair};
use runtime::{clock::Clock, shutdown::Shutdown};
use service::Service;
use test_kit::Backend;
use tonic::transport::{Channel, Endpoint};

/// How often certificates are looked at in tests.
const RELOAD: &str = "20ms";
/// How long a handshake may take in tests.
const HANDSHAKE: &str = "3s";

/// Certificates for a folder; another trust domain with the same authority where the folder has one.
pub fn make_certificates(folder: &Path, trust_domain: &str) -> String {
    let settings = CertificateSettings {
        out: folder.to_owned(),
        trust_domain: trust_domain.to_owned(),
        ttl: Duration::from_hours(1),
        names: Vec::new(),
    };
    certificates::make(&settings, &Clock::system()).unwrap()
}

/// Files that stand for a caller.
#[derive(Clone)]
pub struct ClientCertificate {
    pub cert: PathBuf,
    pub key: PathBuf,
    pub ca: PathBuf,
}

impl ClientCertificate {
    pub fn of(folder: &Path, name: &str) -> Self {
        let file = |name: String| folder.join(name);
        Self { cert: file(format!("{name}.pem")), key: file(format!("{name}.key")), ca: file("ca.pem".to_owned()) }
    }

    pub fn connector(&self) -> TlsConnector {
        let Self { cert, key, ca } = self.clone();
        TlsConnector::new(cert, key, ca, Duration::from_hours(1)).unwrap()
    }

    /// Connects as this caller, or says why it cannot.
    pub async fn connect(&self, url: &str) -> Result<Channel, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(url.to_owned()).unwrap();
        endpoint.connect_with_connector(self.connector()).await
    }

    /// Connects and asks: with TLS 1.3 a server refuses a client only after the client thinks that it is connected.
    pub async fn is_accepted(&self, url: &str) -> bool {
        match self.connect(url).await {
            Ok(channel) => crate::raw_call::call(&channel, "/grpc.health.v1.Health/Check", None).await.is_ok(),
            Err(_) => false,
        }
    }
}

/// Two services behind mutual TLS.
pub struct SecurePlane {
    pub sharing: String,
    pub exposure: String,
    pub folder: PathBuf,
    pub shutdown: Shutdown,
    _databases: [Backend; 2],
}

impl SecurePlane {
    pub async fn start() -> Self {
        Self::start_with(AdmissionSettings::default()).await
    }

    /// With these limits in both services.
    pub async fn start_with(load: AdmissionSettings) -> Self {
        let databases = [Backend::sqlite(), Backend::sqlite()];
        let folder = databases[0].folder().join("certificates");
        let roles = make_certificates(&folder, "ofself.local");
        let roles = roles.strip_prefix("ROLES=").unwrap();
        let shutdown = Shutdown::new();
        let mut settings = sharing_settings(&databases[0], &folder, roles);
        settings.service.grpc.load = load.clone();
        let sharing = sharing_svc::open(settings, Clock::system()).await.unwrap();
        let mut settings = exposure_settings(&databases[1], &folder, roles);
        settings.service.grpc.load = load;
        let exposure = exposure_svc::open(settings, Clock::system()).await.unwrap();
        let [sharing, exposure] = [sharing, exposure].map(|service| spawn(service, &shutdown));
        Self { sharing, exposure, folder, shutdown, _databases: databases }
    }

    pub fn certificate(&self, name: &str) -> ClientCertificate {
        ClientCertificate::of(&self.folder, name)
    }

    /// Of the same authority, with an id that no role names.
    pub fn stranger_certificate(&self) -> ClientCertificate {
        let folder = self.folder.join("strangers");
        fs::create_dir_all(&folder).unwrap();
        for file in ["ca.pem", "ca.key"] {
            fs::copy(self.folder.join(file), folder.join(file)).unwrap();
        }
        make_certificates(&folder, "strangers.local");
        ClientCertificate::of(&folder, "gateway")
    }

    /// Of the same authority, with any number of ids.
    pub fn certificate_with_ids(&self, ids: &[&str]) -> ClientCertificate {
        let authority_key = KeyPair::from_pem(&fs::read_to_string(self.folder.join("ca.key")).unwrap()).unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.distinguished_name = rcgen::DistinguishedName::new();
        authority.distinguished_name.push(rcgen::DnType::CommonName, "OfSelf development authority");
        let mut params = CertificateParams::new(vec!["someone".to_owned()]).unwrap();
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        for id in ids {
            params.subject_alt_names.push(rcgen::SanType::URI((*id).try_into().unwrap()));
        }
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        let certificate = ClientCertificate::of(&self.folder, &format!("someone-{}", ids.len()));
        fs::write(&certificate.cert, signed.pem()).unwrap();
        fs::write(&certificate.key, key.serialize_pem()).unwrap();
        fs::set_permissions(&certificate.key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        certificate
    }
}

impl Drop for SecurePlane {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

fn spawn(service: Service, shutdown: &Shutdown) -> String {
    // By the name in the certificate.
    let url = service.address().unwrap().to_string().replace("127.0.0.1", "https://localhost");
    tokio::spawn(service.serve(shutdown.clone()));
    url
}

fn arguments(program: &str, backend: &Backend, folder: &Path, roles: &str) -> Vec<String> {
    let ClientCertificate { cert, key, ca } = ClientCertificate::of(folder, program);
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    let mut arguments = vec![program.to_owned()];
    arguments.extend(
        ["serve", "--listen", "127.0.0.1:0", "--tls-reload", RELOAD, "--handshake-timeout", HANDSHAKE]
            .map(str::to_owned),
    );
    arguments.extend(["--database-url".to_owned(), backend.url(), "--roles".to_owned(), roles.to_owned()]);
    for (option, file) in [("--tls-cert", cert), ("--tls-key", key), ("--tls-client-ca", ca)] {
        arguments.extend([option.to_owned(), path(file)]);
    }
    arguments
}

pub fn sharing_settings(backend: &Backend, folder: &Path, roles: &str) -> sharing_svc::config::Settings {
    let command =
        service::settings::parse_from::<sharing_svc::SharingSvc>(arguments("sharing-svc", backend, folder, roles))
            .unwrap();
    let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    settings
}

fn exposure_settings(backend: &Backend, folder: &Path, roles: &str) -> exposure_svc::config::Settings {
    let command =
        service::settings::parse_from::<exposure_svc::ExposureSvc>(arguments("exposure-svc", backend, folder, roles))
            .unwrap();
    let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    settings
}
