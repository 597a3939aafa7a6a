use grpc_server::rpc_error::RpcError;
use ofself_proto::sharing::{CreateShareRequest, ShareChanges, ShareStatus};

use crate::statements::on_both;
use crate::test_server::{TestServer, after, everything_to, of, passable, tags_to, why};

#[tokio::test]
async fn exact_copy_is_rejected_with_its_id() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let first = server.create("ann", tags_to("bob", &["a", "b"])).await.unwrap();
        let copy = CreateShareRequest { can_write: Some(true), ..tags_to("bob", &["b", "a"]) };
        let refused = server.create("ann", copy.clone()).await.unwrap_err();
        let refusal = RpcError::from_status(&refused).unwrap();
        assert_eq!(refusal.reason, "SHARING_EXISTS", "{backend}");
        assert_eq!(refusal.metadata["share_id"], first.id);

        // Shares that differ in recipient or ids add up.
        server.create("ann", tags_to("cyd", &["a", "b"])).await.unwrap();
        let other = server.create("ann", tags_to("bob", &["a"])).await.unwrap();
        let into_a_copy = ShareChanges { tag_ids: vec!["a".into(), "b".into()], ..ShareChanges::default() };
        assert_eq!(why(server.update("ann", &other.id, into_a_copy, &["tag_ids"]).await), "SHARING_EXISTS");

        server.revoke("ann", &first.id).await.unwrap();
        server.create("ann", copy).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn expired_share_is_no_conflict() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let soon = CreateShareRequest { expires_at: after(10), ..everything_to("bob") };
        server.create("ann", soon).await.unwrap();
        assert_eq!(why(server.create("ann", everything_to("bob")).await), "SHARING_EXISTS", "{backend}");
        server.at(10);
        server.create("ann", everything_to("bob")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn expired_share_uses_quota_only_when_renewed() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let soon = CreateShareRequest { expires_at: after(10), ..everything_to("bob") };
        let ended = server.create("ann", soon).await.unwrap();
        server.at(10);
        server.create("ann", everything_to("bob")).await.unwrap();
        let write = ShareChanges { can_write: Some(true), ..ShareChanges::default() };
        let changed = server.update("ann", &ended.id, write, &["can_write"]).await.unwrap();
        assert_eq!((changed.can_write, changed.status()), (true, ShareStatus::Expired), "{backend}");
        let renewed = server.update("ann", &ended.id, ShareChanges::default(), &["expires_at"]).await;
        assert_eq!(why(renewed), "SHARING_EXISTS");
    })
    .await;
}

#[tokio::test]
async fn conflict_does_not_reveal_hidden_shares() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", everything_to("cyd")).await.unwrap();
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let reshare = server.create("bob", of(&parent, everything_to("cyd"))).await;
        assert!(reshare.is_ok(), "{backend}: bob cannot know that ann shares with cyd herself");
        assert_eq!(why(server.create("bob", of(&parent, everything_to("cyd"))).await), "SHARING_EXISTS");
    })
    .await;
}

#[tokio::test]
async fn update_of_another_version_is_rejected() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", everything_to("bob")).await.unwrap();
        let write = ShareChanges { can_write: Some(true), ..ShareChanges::default() };
        let at = |versions: Vec<i64>| server.update_at("ann", &made.id, write.clone(), &["can_write"], versions);
        assert_eq!(why(at(vec![2]).await), "PRECONDITION_FAILED", "{backend}");
        assert_eq!(at(vec![7, 1]).await.unwrap().version, 2);
    })
    .await;
}
