//! The program itself, killed amid its writes.

use std::{
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use ofself_proto::sharing::{GetShareRequest, sharing_service_client::SharingServiceClient};
use test_kit::{Backend, Process};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::transport::Channel;

use crate::statements::on_both;
use crate::test_server::{by, tags_to};

/// Writes that are not acknowledged by then will not be.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Starts the program over a database; gives where it listens.
fn start(backend: &Backend) -> (Process, String) {
    start_with(backend, &[])
}

fn start_with(backend: &Backend, options: &[&str]) -> (Process, String) {
    start_at(&backend.url(), options)
}

/// Starts the program over the database at `url`.
pub fn start_at(url: &str, options: &[&str]) -> (Process, String) {
    let mut address = String::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sharing-svc"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(options)
        .env("DATABASE_URL", url)
        .env_remove("RUST_LOG");
    let process = Process::start(&mut command, |line| {
        if let Some((_, rest)) = line.split_once("\"address\":\"") {
            address = format!("http://{}", rest.split('"').next().unwrap_or_default());
        }
        line.contains("\"message\":\"serving\"")
    });
    (process, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_kill() {
    on_both(|backend| async move {
        let (process, address) = start(&backend);
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let counted = Arc::new(Semaphore::new(0));
        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let (channel, acknowledged, counted) = (channel.clone(), acknowledged.clone(), counted.clone());
            writers.spawn(async move {
                let mut client = SharingServiceClient::new(channel);
                for write in 0.. {
                    let request = by(&format!("ann-{writer}"), tags_to("bob", &[&format!("t{write}")]));
                    let Ok(answer) = client.create_share(request).await else { return };
                    let share = answer.into_inner().share.unwrap();
                    acknowledged.lock().unwrap().push(share);
                    counted.add_permits(1);
                }
            });
        }
        let enough = tokio::time::timeout(TIMEOUT, counted.acquire_many(100)).await;
        enough.expect("writes are acknowledged in time").unwrap().forget();
        process.kill();
        writers.join_all().await;

        let (_process, address) = start(&backend);
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        let mut client = SharingServiceClient::new(channel);
        let acknowledged = acknowledged.lock().unwrap().clone();
        for share in acknowledged {
            let request = by(&share.owner_id, GetShareRequest { share_id: share.id.clone() });
            assert_eq!(client.get_share(request).await.unwrap().into_inner().share, Some(share), "{backend}");
        }
    })
    .await;
}

#[tokio::test]
async fn outdated_schema_is_rejected_in_one_line() {
    on_both(|backend| async move {
        let program = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sharing-svc"));
            command.env("DATABASE_URL", backend.url()).args(arguments).output().unwrap()
        };
        let refused = program(&["serve", "--no-migrate", "--listen", "127.0.0.1:0"]);
        let reason = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{backend}: {reason}");
        assert!(reason.contains("run `sharing-svc migrate` first"), "{backend}: {reason}");
        assert!(program(&["migrate"]).status.success(), "{backend}");
        assert!(program(&["migrate"]).status.success(), "{backend}: twice is as good as once");
        // It comes up: the schema is as it must be.
        drop(start_with(&backend, &["--no-migrate"]));
    })
    .await;
}

#[test]
fn remote_plaintext_is_rejected() {
    let backend = Backend::sqlite();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sharing-svc"));
    let refused = command.env("DATABASE_URL", backend.url()).args(["serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--insecure-plaintext"));
}
