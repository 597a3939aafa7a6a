//! The example runs as its README says.

use std::process::Command;

use runtime::{clock::Clock, shutdown::Shutdown};
use test_kit::Backend;

#[tokio::test(flavor = "multi_thread")]
async fn program_lists_what_checks_allow() {
    let (sharing, exposure) = (Backend::sqlite(), Backend::sqlite());
    let shutdown = Shutdown::new();
    let arguments = |program: &str, url: String| {
        [program, "serve", "--listen", "127.0.0.1:0", "--database-url", &url].map(str::to_owned)
    };
    let command =
        service::settings::parse_from::<sharing_svc::SharingSvc>(arguments("sharing-svc", sharing.url())).unwrap();
    let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    let shares = sharing_svc::open(settings, Clock::system()).await.unwrap();
    let command =
        service::settings::parse_from::<exposure_svc::ExposureSvc>(arguments("exposure-svc", exposure.url())).unwrap();
    let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    let profiles = exposure_svc::open(settings, Clock::system()).await.unwrap();
    let addresses = [shares.address().unwrap(), profiles.address().unwrap()].map(|at| format!("http://{at}"));
    tokio::spawn(shares.serve(shutdown.clone()));
    tokio::spawn(profiles.serve(shutdown.clone()));
    // A second run finds the first one's share and grant.
    for _ in 0..2 {
        let mut program = Command::new(env!("CARGO_BIN_EXE_node-store"));
        program.args(&addresses);
        let done = tokio::task::spawn_blocking(move || program.output()).await.unwrap().unwrap();
        let shown = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{shown}{}", String::from_utf8_lossy(&done.stderr));
        let rows: Vec<Vec<_>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
        let listed = rows
            .iter()
            .filter(|row| row.first().is_some_and(|id| id.starts_with('n')) && row.ends_with(&["yes", "yes"]));
        assert_eq!(listed.map(|row| row[0]).collect::<Vec<_>>(), ["n1", "n4"], "{shown}");
    }
    shutdown.begin();
}
