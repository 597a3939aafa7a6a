use std::time::Duration;

use ofself_proto::sharing::CreateShareRequest;
use sea_orm::{ConnectionTrait, TransactionTrait};
use test_kit::Backend;

use crate::statements::on_both;
use crate::test_server::{TestServer, after, everything_to, settings, why};

#[tokio::test]
async fn repeat_returns_first_response_after_restart_and_revoke() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let request = CreateShareRequest { expires_at: after(10), ..everything_to("bob") };
        let first = server.create_as("ann", Some("k"), request.clone()).await.unwrap();
        assert!(!first.replayed);
        server.revoke("ann", &first.share.as_ref().unwrap().id).await.unwrap();
        server.stop().await;

        let server = TestServer::start(&backend).await;
        // Its expiry has passed by now, and it is answered as it was then.
        server.at(3600);
        let again = server.create_as("ann", Some("k"), request).await.unwrap();
        assert!(again.replayed, "{backend}");
        assert_eq!(again.share, first.share);
    })
    .await;
}

#[tokio::test]
async fn key_is_bound_to_one_request_of_one_user_for_a_day() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create_as("ann", Some("k"), everything_to("bob")).await.unwrap();
        assert_eq!(why(server.create_as("ann", Some("k"), everything_to("cyd")).await), "IDEMPOTENCY_KEY_REUSED");
        assert!(!server.create_as("eve", Some("k"), everything_to("bob")).await.unwrap().replayed, "{backend}");
        server.at(24 * 3600);
        assert!(!server.create_as("ann", Some("k"), everything_to("cyd")).await.unwrap().replayed);
    })
    .await;
}

#[tokio::test]
async fn rejected_request_does_not_use_its_key() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", everything_to("bob")).await.unwrap();
        assert_eq!(why(server.create_as("ann", Some("k"), everything_to("bob")).await), "SHARING_EXISTS");
        assert!(server.create_as("ann", Some("k"), everything_to("cyd")).await.is_ok(), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn malformed_idempotency_key_is_rejected() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for key in ["", "a b", &"k".repeat(256)] {
            assert_eq!(
                why(server.create_as("ann", Some(key), everything_to("bob")).await),
                "idempotency-key",
                "{backend}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn key_in_flight_is_rejected() {
    // SQLite has one who writes, and everybody else waits for them.
    let Some(backend) = Backend::postgres().await else { return };
    let server = TestServer::start(&backend).await;
    let mut impatient = settings(backend.url());
    impatient.service.database.database_wait = Duration::from_millis(100);
    let replica = TestServer::start_as(impatient).await;
    let database = sea_orm::Database::connect(backend.url()).await.unwrap();
    let held = database.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE sharing.shares IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let first = server.create_as("ann", Some("k"), everything_to("bob"));
    let meanwhile = async {
        // Until the first one has the key: before that, this one would take it and wait for the table itself.
        loop {
            match why(replica.create_as("ann", Some("k"), everything_to("bob")).await).as_str() {
                "IDEMPOTENCY_KEY_IN_FLIGHT" => break,
                refused => assert_eq!(refused, "SERVICE_UNAVAILABLE"),
            }
        }
        held.rollback().await.unwrap();
    };
    let (first, ()) = tokio::join!(first, meanwhile);
    let again = replica.create_as("ann", Some("k"), everything_to("bob")).await.unwrap();
    assert_eq!((again.replayed, again.share), (true, first.unwrap().share));
}
