//! The program itself, killed amid its writes.

use std::{
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use ofself_proto::exposure::{
    CreateProfileRequest, GetProfileRequest, exposure_profile_service_client::ExposureProfileServiceClient,
};
use test_kit::{Backend, Process};
use tokio::{sync::Semaphore, task::JoinSet};
use tonic::transport::Channel;

use crate::statements::on_both;
use crate::test_server::{by, full};

/// Writes that are not acknowledged by then will not be.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Starts the program over a database; gives where it listens.
fn start(backend: &Backend) -> (Process, String) {
    let mut address = String::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_exposure-svc"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .env("DATABASE_URL", backend.url())
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
                let mut client = ExposureProfileServiceClient::new(channel);
                loop {
                    let message = CreateProfileRequest { profile: Some(full()), validate_only: false, dry_run: false };
                    let Ok(answer) = client.create_profile(by(&format!("ann-{writer}"), message)).await else { return };
                    acknowledged.lock().unwrap().push(answer.into_inner().profile.unwrap());
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
        let mut client = ExposureProfileServiceClient::new(channel);
        let acknowledged = acknowledged.lock().unwrap().clone();
        for profile in acknowledged {
            let request =
                GetProfileRequest { profile_id: profile.id.clone(), include_yaml: false, resolve_tag_names: true };
            let found = client.get_profile(by(&profile.owner_id, request)).await.unwrap().into_inner().profile;
            assert_eq!(found, Some(profile), "{backend}");
        }
    })
    .await;
}
