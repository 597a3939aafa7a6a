//! A database that was copied or restored is noticed, and starts a new epoch: what its readers have seen may not be there.

use ofself_proto::sharing::{Share, ShareScope, WatchSharesRequest, watch_shares_response::Content};
use sharing_svc::config::Settings;
use test_kit::{Backend, PostgresCluster};

use crate::{
    events::events_of,
    import_export::{import, share},
    statements::on_both,
    test_server::{TestServer, everything_to, settings, why},
    watch::Watching,
};

fn after_token(token: &str) -> WatchSharesRequest {
    WatchSharesRequest { after_token: token.into(), ..WatchSharesRequest::default() }
}

/// Copies the database while no service runs; gives the URL of the copy.
async fn copied(backend: &Backend) -> String {
    if let Some(database) = backend
        .url()
        .strip_prefix("postgres")
        .and_then(|_| backend.url().rsplit_once('/').map(|(_, name)| name.to_owned()))
    {
        let name = database.split('?').next().unwrap();
        let copy = format!("{name}_copy");
        test_kit::copy_database(&backend.url(), name, &copy).await;
        return backend.url().replacen(name, &copy, 1);
    }
    let folder = backend.folder().join("copy");
    std::fs::create_dir(&folder).unwrap();
    for file in std::fs::read_dir(backend.folder()).unwrap().map(Result::unwrap) {
        if file.path().is_file() {
            std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
    }
    backend.url().replace("test.db", "copy/test.db")
}

#[tokio::test]
async fn copied_database_refuses_tokens_of_what_it_lacks() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut watch = Watching::begin(&server, WatchSharesRequest::default()).await;
        server.create("ann", everything_to("bob")).await.unwrap();
        watch.event().await;
        let before = watch.token.clone();
        drop(watch);
        server.stop().await;
        let copy = copied(&backend).await;

        // The original goes on in its epoch.
        let server = TestServer::start(&backend).await;
        let mut watch = Watching::begin(&server, after_token(&before)).await;
        server.create("ann", everything_to("lost")).await.unwrap();
        assert_eq!(watch.event().await.after.unwrap().shared_with_user_id, "lost");
        let lost = watch.token.clone();
        drop(watch);
        server.stop().await;

        tokens_are_judged(settings(copy), &before, &lost).await;
    })
    .await;
}

/// A database without the last change, which `lost` is after: its tokens of before the restore and of after it.
async fn tokens_are_judged(settings: Settings, before: &str, lost: &str) {
    let server = TestServer::start_as(settings).await;
    // It has another change at the position of the one that it lacks.
    server.create("eve", everything_to("cyd")).await.unwrap();
    events_of(&server, "eve", 1).await;
    let refused = server.access().watch_shares(after_token(lost)).await;
    assert_eq!(why(refused.map(drop)), "TOKEN_OF_ANOTHER_EPOCH");
    let mut watch = Watching::begin(&server, after_token(before)).await;
    assert_eq!(watch.event().await.after.unwrap().shared_with_user_id, "cyd");
    let new = watch.token.clone();
    server.create("eve", everything_to("dan")).await.unwrap();
    let mut watch = Watching::begin(&server, after_token(&new)).await;
    assert_eq!(watch.event().await.after.unwrap().shared_with_user_id, "dan");
    drop(watch);
    server.stop().await;
}

/// Creates a share with `recipient`, and returns the token after its event.
async fn token_after(server: &TestServer, recipient: &str) -> String {
    let mut watch = Watching::begin(server, WatchSharesRequest::default()).await;
    server.create("ann", everything_to(recipient)).await.unwrap();
    assert_eq!(watch.event().await.after.unwrap().shared_with_user_id, recipient);
    watch.token
}

#[tokio::test(flavor = "multi_thread")]
async fn dump_restored_into_a_fresh_cluster_starts_an_epoch() {
    let (Some(original), Some(fresh)) = (PostgresCluster::start(), PostgresCluster::start()) else { return };
    let server = TestServer::start_as(settings(original.url())).await;
    let before = token_after(&server, "bob").await;
    let dump = tokio::task::block_in_place(|| original.dump());
    let lost = token_after(&server, "lost").await;
    server.stop().await;
    tokio::task::block_in_place(|| fresh.restore(&dump));
    tokens_are_judged(settings(fresh.url()), &before, &lost).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promoted_standby_starts_an_epoch() {
    let Some(mut primary) = PostgresCluster::start() else { return };
    let server = TestServer::start_as(settings(primary.url())).await;
    let before = token_after(&server, "bob").await;
    let mut standby = tokio::task::block_in_place(|| primary.standby());
    // The last change does not reach it.
    standby.kill();
    let lost = token_after(&server, "lost").await;
    server.stop().await;
    tokio::task::block_in_place(|| {
        primary.kill();
        standby.restart();
        standby.promote();
    });
    tokens_are_judged(settings(standby.url()), &before, &lost).await;
}

/// Rows of a snapshot may be newer than the events after it: a reader that holds such a row must begin again if the row is lost.
#[tokio::test(flavor = "multi_thread")]
async fn token_of_a_snapshot_with_a_lost_row_is_rejected() {
    let (Some(original), Some(fresh)) = (PostgresCluster::start(), PostgresCluster::start()) else { return };
    let server = TestServer::start_as(settings(original.url())).await;
    // More than the connection buffers, so that the server still reads the snapshot while the client waits.
    let tag_ids: Vec<_> = (0..500).map(|number| format!("tag-{number:040}")).collect();
    let large = (0..800).map(|number| Share {
        scope: ShareScope::SpecificTags.into(),
        tag_ids: tag_ids.clone(),
        ..share(number, "ann", &format!("friend-{number}"))
    });
    let large: Vec<_> = large.collect();
    assert_eq!(import(&server, large.chunks(100).map(<[Share]>::to_vec).collect()).await.imported, 800);
    events_of(&server, "ann", 800).await;

    let mut without_snapshot = Watching::begin(&server, WatchSharesRequest::default()).await;
    let from_beginning = WatchSharesRequest { from_beginning: true, ..WatchSharesRequest::default() };
    let mut watch = Watching::begin(&server, from_beginning).await;
    watch.message().await;
    server.create("yan", everything_to("kept")).await.unwrap();
    events_of(&server, "yan", 1).await;
    let dump = tokio::task::block_in_place(|| original.dump());
    server.create("zoe", everything_to("lost")).await.unwrap();
    let mut has_lost = false;
    while let Content::Snapshot(share) = watch.content().await {
        has_lost |= share.shared_with_user_id == "lost";
    }
    assert!(has_lost, "the snapshot was read before the change");
    for watch in [&mut watch, &mut without_snapshot] {
        assert_eq!(watch.event().await.after.unwrap().shared_with_user_id, "kept");
    }
    let (newer, kept) = (watch.token.clone(), without_snapshot.token.clone());
    // It holds in its own epoch.
    let mut resumed = Watching::begin(&server, after_token(&newer)).await;
    assert_eq!(resumed.event().await.after.unwrap().shared_with_user_id, "lost");
    drop((watch, without_snapshot, resumed));
    server.stop().await;

    tokio::task::block_in_place(|| fresh.restore(&dump));
    tokens_are_judged(settings(fresh.url()), &kept, &newer).await;
}
