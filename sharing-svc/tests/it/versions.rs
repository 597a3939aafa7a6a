//! The version of an owner, and the one that a share was created at.

use ofself_proto::sharing::GrantFollowShareRequest;
use sea_orm::{ConnectionTrait, Statement};
use test_kit::{Backend, on_both};

use crate::test_server::{TestServer, everything_to, of, passable};

/// The number that a query of shares or owners gives as `found`.
async fn number(backend: &Backend, query: &str) -> i64 {
    let database = sea_orm::Database::connect(backend.url()).await.unwrap();
    let schema = if backend.to_string() == "SQLite" { "" } else { "sharing." };
    let query =
        Statement::from_string(database.get_database_backend(), query.replace("FROM ", &format!("FROM {schema}")));
    database.query_one_raw(query).await.unwrap().unwrap().try_get("", "found").unwrap()
}

#[tokio::test]
async fn share_is_created_at_the_version_of_its_owner() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let newest = "SELECT CAST(MAX(created_version) AS BIGINT) AS found FROM shares WHERE owner_id = 'ann'";
        let version = "SELECT version AS found FROM owners WHERE owner_id = 'ann'";
        let own = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let first = number(&backend, version).await;
        assert_eq!(number(&backend, newest).await, first, "{backend}: an own share");
        server.create("bob", of(&own, everything_to("cyd"))).await.unwrap();
        assert_eq!(number(&backend, version).await, first + 1, "{backend}");
        assert_eq!(number(&backend, newest).await, first + 1, "{backend}: a re-share");
        let follow = GrantFollowShareRequest {
            follow_id: "f1".to_owned(),
            owner_id: "ann".to_owned(),
            follower_id: "dan".to_owned(),
            ..GrantFollowShareRequest::default()
        };
        server.follows().grant_follow_share(follow).await.unwrap();
        assert_eq!(number(&backend, version).await, first + 2, "{backend}");
        assert_eq!(number(&backend, newest).await, first + 2, "{backend}: the share of a follow");
        // A share that is rejected after it was inserted leaves nothing: no row, no usage, no version.
        assert!(server.create("ann", passable(everything_to("bob"))).await.is_err(), "{backend}: it exists");
        assert_eq!(number(&backend, version).await, first + 2, "{backend}");
        let usage =
            "SELECT CAST(SUM(shares) AS BIGINT) AS found FROM share_usage WHERE owner_id = 'ann' AND kind = 'own'";
        assert_eq!(number(&backend, usage).await, 2, "{backend}");
    })
    .await;
}
