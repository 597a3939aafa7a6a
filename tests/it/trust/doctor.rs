//! What `doctor` finds in settings with planted faults, and that it changes nothing.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use clap::CommandFactory;
use runtime::{clock::Clock, doctor::Doctor};
use test_kit::Backend;
use types::Timestamp;

use super::plane::{make_certificates, sharing_settings};

/// The findings for these settings at this time.
async fn found(settings: &sharing_svc::config::Settings, now: Timestamp) -> String {
    let mut doctor = Doctor::new(&ofself::config::Command::command());
    sharing_svc::check(&mut doctor, settings, now).await;
    doctor.lines().join("\n")
}

fn expect(found: &str, line: &str) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(found.lines().any(|found| words(found).starts_with(&words(line))), "`{line}` is not among:\n{found}");
}

#[tokio::test]
async fn doctor_reports_errors_and_how_to_fix_them() {
    let backend = Backend::sqlite();
    let folder = backend.folder().join("certificates");
    let roles = make_certificates(&folder, "ofself.local");
    let mut settings = sharing_settings(&backend, &folder, roles.strip_prefix("ROLES=").unwrap());
    let now = Clock::system().now();
    let cert = folder.join("sharing-svc.pem");
    let cert = cert.display();

    let before = found(&settings, now).await;
    expect(&before, "warning sharing-svc database");
    expect(&before, &format!("warning sharing-svc certificate {cert} expires in 0 days"));
    assert!(!settings.service.database.sqlite_file().unwrap().exists(), "doctor creates no database");

    let served = sharing_svc::open(settings.clone(), Clock::system()).await.unwrap();
    settings.listen = served.address().unwrap();
    let beside = found(&settings, now).await;
    expect(&beside, "ok sharing-svc schema up to date");
    expect(&beside, &format!("warning sharing-svc listen cannot listen on {}", settings.listen));

    let much_later = Timestamp::from_parts(now.utc().timestamp() + 100_000_000, 0).unwrap();
    expect(&found(&settings, much_later).await, &format!("error sharing-svc certificate {cert} has expired"));

    fs::set_permissions(folder.join("sharing-svc.key"), fs::Permissions::from_mode(0o644)).unwrap();
    expect(&found(&settings, now).await, "error sharing-svc certificates every user of this machine may read the key");

    settings.service.grpc.tls = grpc_server::MutualTls::default();
    settings.listen = "0.0.0.0:0".parse().unwrap();
    expect(&found(&settings, now).await, "error sharing-svc listen 0.0.0.0:0 is not a loopback address");

    settings.service.database.database_url = "sqlite:///nowhere/at/all/sharing.db".into();
    expect(&found(&settings, now).await, "warning sharing-svc database /nowhere/at/all/sharing.db does not exist yet");
    settings.service.database.database_url = "mysql://localhost/sharing".into();
    expect(&found(&settings, now).await, "error sharing-svc database DATABASE_URL must begin with");
}

fn ofself(arguments: &[&str], data: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(test_kit::program("ofself"));
    let output = command.args(arguments).arg("--data-dir").arg(data).env_remove("RUST_LOG").output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn exit_code_of_doctor_reports_errors() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("data");
    let (code, output) = ofself(&["doctor"], &data);
    assert_eq!(code, Some(0), "{output}");
    assert!(!data.exists(), "doctor creates nothing");
    assert_eq!(ofself(&["init"], &data).0, Some(0));
    fs::set_permissions(data.join("signing-key.der"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, output) = ofself(&["doctor"], &data);
    assert_eq!(code, Some(1));
    expect(&output, "error ofself signing key every user of this machine may read the key");
}
