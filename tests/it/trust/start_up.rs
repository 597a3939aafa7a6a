//! Unsafe settings are rejected at start, with one line that says what to do.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use runtime::{clock::Clock, process::ConfigurationError};
use sea_orm::ConnectionTrait;
use test_kit::Backend;

use super::plane::make_certificates;

/// Why a service does not start with these options.
async fn refused(backend: &Backend, options: &[&str]) -> String {
    let url = backend.url();
    let fixed = ["sharing-svc", "serve", "--database-url", &url];
    let command = match service::settings::parse_from::<sharing_svc::SharingSvc>(fixed.iter().chain(options)) {
        Ok(command) => command,
        Err(error) => return error.to_string(),
    };
    let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    said(sharing_svc::open(settings, Clock::system()).await.err())
}

fn said(error: Option<anyhow::Error>) -> String {
    let error = error.expect("a refusal");
    assert!(error.is::<ConfigurationError>(), "{error:#}");
    let message = format!("{error:#}");
    assert!(!message.contains('\n'), "{message}");
    message
}

#[tokio::test]
async fn service_reports_unsafe_options() {
    let backend = Backend::sqlite();
    let folder = backend.folder().join("certificates");
    make_certificates(&folder, "ofself.local");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (cert, key, ca) = (file("sharing-svc.pem"), file("sharing-svc.key"), file("ca.pem"));
    let open_key = copy_readable_by_all(&key);
    let (cert, key, ca, open_key) = (cert.as_str(), key.as_str(), ca.as_str(), open_key.to_str().unwrap());
    let roles = "spiffe://ofself.local/gateway=gateway";
    let local = ["--listen", "127.0.0.1:0"];
    for (options, message) in [
        (vec!["--listen", "0.0.0.0:0"], "pass --insecure-plaintext"),
        (vec!["--listen", "[::]:0"], "pass --insecure-plaintext"),
        (vec!["--listen", "0.0.0.0:0", "--tls-cert", cert, "--tls-key", key], "TLS_CLIENT_CA"),
        (vec!["--tls-cert", cert], "set both TLS_CERT and TLS_KEY"),
        (vec!["--roles", roles], "without certificates every peer has every role"),
        (vec!["--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca], "ROLES is empty"),
        (vec!["--tls-cert", cert, "--tls-key", open_key, "--tls-client-ca", ca, "--roles", roles], "chmod o="),
        (vec!["--tls-cert", key, "--tls-key", key, "--tls-client-ca", ca, "--roles", roles], "has no PEM certificate"),
        (
            vec!["--tls-cert", ca, "--tls-key", key, "--tls-client-ca", ca, "--roles", roles],
            "cannot be used with its key",
        ),
        (
            vec!["--tls-cert", cert, "--tls-key", "/nowhere", "--tls-client-ca", ca, "--roles", roles],
            "cannot read /nowhere",
        ),
        (vec!["--roles", "gateway=gateway"], "must be a SPIFFE id"),
        (vec!["--roles", "spiffe://a/b=king"], "gateway, service or operator"),
        (vec!["--max-in-flight", "0"], "--max-in-flight"),
        (vec!["--deadline", "5"], "--deadline"),
    ] {
        let options = if options.contains(&"--listen") { options } else { [&local[..], &options].concat() };
        let refused = refused(&backend, &options).await;
        assert!(refused.contains(message), "{options:?}: {refused}");
    }
}

#[test]
fn roles_are_trimmed() {
    let roles = "spiffe://ofself.ai/gateway=gateway , spiffe://ofself.ai/notes=service";
    let fixed = ["sharing-svc", "serve", "--database-url", "sqlite://x", "--roles", roles];
    let service::settings::Action::Serve(settings) =
        service::settings::parse_from::<sharing_svc::SharingSvc>(fixed).unwrap().action
    else {
        panic!("serve was asked for")
    };
    let roles = settings.service.grpc.tls.roles;
    let roles: Vec<_> = roles.iter().map(|(id, role)| (id.as_str(), role.as_str())).collect();
    assert_eq!(roles, [("spiffe://ofself.ai/gateway", "gateway"), ("spiffe://ofself.ai/notes", "service")]);
}

fn copy_readable_by_all(key: &str) -> PathBuf {
    let path = PathBuf::from(key).with_extension("open");
    fs::copy(key, &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    path
}

type Change = Box<dyn Fn(&mut gateway::config::Settings)>;

#[tokio::test]
async fn gateway_reports_unsafe_options() {
    let backend = Backend::sqlite();
    let url = |text: &str| text.parse().unwrap();
    let local =
        || crate::test_server::gateway_settings(url("http://127.0.0.1:1"), url("http://127.0.0.1:1"), backend.folder());
    let cases: [(&str, Change); 11] = [
        ("JWT_ISSUER", Box::new(|settings| settings.auth.jwt_issuer = String::new())),
        ("JWT_AUDIENCE", Box::new(|settings| settings.auth.jwt_audience = " ".to_owned())),
        ("FIRST_PARTY", Box::new(|settings| settings.auth.first_party_values = Vec::new())),
        (
            "FIRST_PARTY_VALUES has an empty entry",
            Box::new(|settings| settings.auth.first_party_values.push(String::new())),
        ),
        (
            "FIRST_PARTY_CLIENTS has an empty entry",
            Box::new(|settings| settings.auth.first_party_clients.push(" ".to_owned())),
        ),
        ("FIRST_PARTY_CLAIM", Box::new(|settings| settings.auth.first_party_claim = String::new())),
        ("JWT_JWKS_MAX_AGE", Box::new(|settings| settings.auth.jwt_jwks_max_age = std::time::Duration::ZERO)),
        ("--insecure-plaintext", Box::new(|settings| settings.listen = "0.0.0.0:0".parse().unwrap())),
        ("in plain text beyond this machine", Box::new(move |settings| settings.sharing_url = url("http://sharing:1"))),
        ("UPSTREAM_TLS_CERT", Box::new(move |settings| settings.exposure_url = url("https://exposure:1"))),
        (
            "set all of UPSTREAM_TLS_CERT",
            Box::new(|settings| settings.upstream_tls.upstream_tls_cert = Some("x".into())),
        ),
    ];
    for (message, change) in cases {
        let mut settings = local();
        change(&mut settings);
        let refused = said(gateway::open(settings, Clock::system()).await.err());
        assert!(refused.contains(message), "{message}: {refused}");
    }
}

#[tokio::test]
async fn schema_of_a_newer_program_is_not_changed() {
    for backend in [Some(Backend::sqlite()), Backend::postgres().await].into_iter().flatten() {
        let command = service::settings::parse_from::<sharing_svc::SharingSvc>([
            "sharing-svc",
            "migrate",
            "--database-url",
            &backend.url(),
        ])
        .unwrap();
        let service::settings::Action::Migrate(settings) = command.action else { panic!("migrate was asked for") };
        service::migrate::<sharing_svc::SharingSvc>(&settings.database).await.unwrap();
        let database = sea_orm::Database::connect(backend.url()).await.unwrap();
        let schema = if backend.url().starts_with("postgres") { "sharing." } else { "" };
        let newer = format!("INSERT INTO {schema}seaql_migrations VALUES ('m20990101_000001_from_the_future', 0)");
        database.execute_unprepared(&newer).await.unwrap();
        let local = ["--listen", "127.0.0.1:0"];
        for options in [&local[..], &[&local[..], &["--no-migrate"]].concat()] {
            let refused = refused(&backend, options).await;
            assert!(refused.contains("made by a newer program") && refused.contains("from_the_future"), "{refused}");
        }
        assert!(
            said(service::migrate::<sharing_svc::SharingSvc>(&settings.database).await.err())
                .contains("made by a newer program")
        );
    }
}

/// With a pool that would wait for an hour, only a failure that is reported at once is seen.
#[tokio::test]
async fn unreachable_postgres_is_reported_at_once_with_its_address() {
    // A bound socket that does not listen refuses connections, and keeps its port from others.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut cases = vec![
        (format!("postgres://u:secret@127.0.0.1:{port}/d"), format!("127.0.0.1:{port}: Connection refused")),
        (
            format!("postgres://u:secret@localhost:{port}/d?host=/nowhere"),
            format!("/nowhere/.s.PGSQL.{port}: No such file or directory"),
        ),
        (format!("postgres://u:secret@[::1]:{port}/d"), format!("[::1]:{port}: ")),
        (
            "postgres://u:secret@no-such-host.invalid/d?sslmode=disable".to_owned(),
            "no-such-host.invalid:5432: failed to lookup address".to_owned(),
        ),
    ];
    let backend = Backend::postgres().await;
    if let Some(backend) = &backend {
        let (server, database) =
            backend.url().rsplit_once('/').map(|(one, two)| (one.to_owned(), two.to_owned())).unwrap();
        let other =
            format!("{server}/{}", database.replacen(database.split('?').next().unwrap(), "no_such_database", 1));
        cases.push((other, "database \"no_such_database\" does not exist".to_owned()));
    }
    for (url, expected) in cases {
        let options =
            ["sharing-svc", "serve", "--listen", "127.0.0.1:0", "--database-wait", "1h", "--database-url", &url];
        let command = service::settings::parse_from::<sharing_svc::SharingSvc>(options).unwrap();
        let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
        let error = format!("{:#}", sharing_svc::open(settings, Clock::system()).await.err().expect("an error"));
        assert!(error.starts_with("cannot connect to PostgreSQL at ") && error.contains(&expected), "{error}");
        assert!(!error.contains("secret") && !error.contains("pool"), "{error}");
        assert!(!url.contains('[') || !error.contains("lookup"), "an address is no name: {error}");
    }
}

#[tokio::test]
async fn database_without_durable_commits_is_rejected() {
    let Some(backend) = Backend::postgres().await else { return };
    let database = sea_orm::Database::connect(backend.url()).await.unwrap();
    let forget =
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$";
    database.execute_unprepared(forget).await.unwrap();
    let refused = refused(&backend, &["--listen", "127.0.0.1:0"]).await;
    assert!(refused.contains("synchronous_commit=off") && refused.contains("set it to `on`"), "{refused}");
}
