//! Bytes of events, bounded by who created the share.

use ofself_proto::sharing::ShareChanges;
use test_kit::Backend;
use tonic::Code;
use types::Timestamp;

use crate::{
    events::events_of,
    statements::on_both,
    test_server::{START, TestServer, everything_to, of, passable, settings, store, tags_to},
};

/// Bytes of some events.
const BYTES: u64 = 8_000;
/// Changes that exceed the limit.
const MORE: usize = 40;

async fn limited(backend: &Backend) -> TestServer {
    let mut settings = settings(backend.url());
    settings.service.retention.event_bytes_per_user = BYTES;
    TestServer::start_as(settings).await
}

fn writable(can_write: bool) -> ShareChanges {
    ShareChanges { can_write: Some(can_write), ..ShareChanges::default() }
}

/// Shares tags with `recipient` until that is refused; returns how many were shared.
async fn fill(server: &TestServer, recipient: &str) -> usize {
    for number in 0..MORE {
        if let Err(refused) = server.create("ann", tags_to(recipient, &[&format!("t{number}")])).await {
            assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
            return number;
        }
    }
    panic!("{MORE} changes fit into {BYTES} bytes");
}

#[tokio::test]
async fn event_quota_rejects_all_but_narrowing_changes() {
    on_both(|backend| async move {
        let server = limited(&backend).await;
        let root = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        server.update("ann", &root.id, writable(true), &["can_write"]).await.unwrap();
        // What bob re-shares of ann's uses the bytes of bob.
        let mut below = Vec::new();
        let refused = loop {
            let request = of(&root, tags_to("dan", &[&format!("t{}", below.len())]));
            match server.create("bob", request).await {
                Ok(share) => below.push(share),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
        assert!(fill(&server, "cyd").await > 3, "{backend}: ann has bytes of her own");

        // Whatever narrows is written, however often.
        for round in 0..MORE {
            server.update("ann", &root.id, writable(false), &["can_write"]).await.unwrap();
            let wider = server.update("ann", &root.id, writable(true), &["can_write"]).await.unwrap_err();
            assert_eq!(wider.code(), Code::ResourceExhausted, "{backend}: {round}");
        }
        for share in &below {
            server.revoke("bob", &share.id).await.unwrap();
        }
        server.revoke("ann", &root.id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn pruned_events_make_room() {
    on_both(|backend| async move {
        let server = limited(&backend).await;
        let shared = fill(&server, "cyd").await;
        events_of(&server, "ann", shared).await;
        let store = store(&backend).await;
        let after_all = Timestamp::from_parts(START + 1, 0).unwrap();
        while store.prune_events(after_all).await.unwrap() > 0 {}
        events_of(&server, "ann", 0).await;
        // As often as before: what is counted is what is there.
        assert_eq!(fill(&server, "eve").await, shared, "{backend}");
    })
    .await;
}
