//! Many at once. What must hold is asserted of the outcome, whichever order the machine chose.

use std::{collections::HashSet, sync::Arc, time::Duration};

use ofself_proto::sharing::{
    GrantFollowShareRequest, ListIncomingSharesRequest, ListOutgoingSharesRequest, ShareChanges, ShareStatus,
};
use tokio::task::JoinSet;

use crate::statements::on_both;
use crate::test_server::{TestServer, by, everything_to, of, passable, store, tags_to, user, why};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_posts_with_one_key_create_one_share() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let mut posts = JoinSet::new();
        for _ in 0..200 {
            let server = server.clone();
            posts.spawn(async move {
                let made = server.create_as("ann", Some("k"), everything_to("bob")).await.unwrap();
                server.get("ann", &made.share.as_ref().unwrap().id).await.unwrap();
                made
            });
        }
        let answers = posts.join_all().await;
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "{backend}");
        assert!(answers.iter().all(|answer| answer.share == answers[0].share));
        let page = server.client().list_outgoing_shares(by("ann", ListOutgoingSharesRequest::default())).await.unwrap();
        assert_eq!(page.into_inner().total, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_posts_without_a_key_make_one_share() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let mut posts = JoinSet::new();
        for _ in 0..32 {
            let server = server.clone();
            posts.spawn(async move {
                let made = server.create("ann", tags_to("bob", &["a", "b"])).await;
                // A share that was returned can be read.
                let listed = by("ann", ListOutgoingSharesRequest::default());
                assert_eq!(server.client().list_outgoing_shares(listed).await.unwrap().into_inner().total, 1);
                made
            });
        }
        let (made, refused): (Vec<_>, Vec<_>) = posts.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1, "{backend}");
        assert!(refused.into_iter().all(|answer| why(answer) == "SHARING_EXISTS"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_contended_updates_lose_none() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let made = server.create("ann", tags_to("bob", &["t0"])).await.unwrap();
        let mut writers = JoinSet::new();
        for writer in 1..=100 {
            let (server, id) = (server.clone(), made.id.clone());
            writers.spawn(async move {
                // Adds its tag to the stored ones, at the version it read; retries after a conflict.
                loop {
                    let share = server.get("ann", &id).await.unwrap();
                    let mut tag_ids = share.tag_ids;
                    tag_ids.push(format!("t{writer}"));
                    let changes = ShareChanges { tag_ids, ..ShareChanges::default() };
                    let done = server.update_at("ann", &id, changes, &["tag_ids"], vec![share.version]).await;
                    match done {
                        Ok(_) => return,
                        refused => assert_eq!(why(refused), "PRECONDITION_FAILED"),
                    }
                }
            });
        }
        writers.join_all().await;
        let after = server.get("ann", &made.id).await.unwrap();
        assert_eq!(after.tag_ids.iter().collect::<HashSet<_>>().len(), 101, "{backend}");
        assert_eq!(after.version, 101);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoke_racing_a_reshare_leaves_no_active_child() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        for round in 0..12 {
            // The grandparent is revoked while the parent is passed on.
            let owner = format!("ann-{round}");
            let grandparent = server.create(&owner, passable(everything_to("bob"))).await.unwrap();
            let parent = server.create("bob", of(&grandparent, passable(everything_to("cyd")))).await.unwrap();
            let mut race = JoinSet::new();
            for child in 0..8 {
                let (server, parent) = (server.clone(), parent.clone());
                race.spawn(async move {
                    let recipient = format!("dan-{round}-{child}");
                    let _ = server.create("cyd", of(&parent, everything_to(&recipient))).await;
                });
            }
            let (at, owner_of_it, id) = (server.clone(), owner.clone(), grandparent.id.clone());
            race.spawn(async move { drop(at.revoke(&owner_of_it, &id).await.unwrap()) });
            race.join_all().await;
            let request = ListOutgoingSharesRequest { limit: Some(100), ..Default::default() };
            let page = server.client().list_outgoing_shares(by(&owner, request)).await.unwrap().into_inner();
            assert!(page.total >= 2);
            for share in page.shares {
                assert_eq!(share.status(), ShareStatus::Revoked, "{backend}, round {round}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn share_with_many_reshares_is_revoked_with_all_of_them() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let mut children = JoinSet::new();
        for child in 0..300 {
            let (server, parent) = (server.clone(), parent.clone());
            children.spawn(async move { server.create("bob", of(&parent, everything_to(&format!("c{child}")))).await });
        }
        assert!(children.join_all().await.iter().all(Result::is_ok));
        server.revoke("ann", &parent.id).await.unwrap();
        let active = ListOutgoingSharesRequest { is_active: Some(true), ..Default::default() };
        let list = || async { server.client().list_outgoing_shares(by("ann", active)).await.unwrap().into_inner() };
        assert!(list().await.shares.is_empty(), "{backend}: each row has its exact status");
        // The total follows when upkeep has marked what is below.
        let marked = async {
            while list().await.total > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), marked).await.expect("marks within a minute");
        assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), [], "{backend}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_follow_grants_create_one_share() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let mut grants = JoinSet::new();
        for _ in 0..32 {
            let server = server.clone();
            grants.spawn(async move {
                let request = GrantFollowShareRequest {
                    follow_id: "f".into(),
                    owner_id: "ann".into(),
                    follower_id: "bob".into(),
                    ..Default::default()
                };
                server.follows().grant_follow_share(request).await.unwrap().into_inner().created
            });
        }
        let created = grants.join_all().await.into_iter().filter(|created| *created).count();
        let page = server.client().list_incoming_shares(by("bob", ListIncomingSharesRequest::default())).await.unwrap();
        assert_eq!((created, page.into_inner().total), (1, 1), "{backend}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_can_start_concurrently() {
    on_both(|backend| async move {
        let (one, two, three) =
            tokio::join!(TestServer::start(&backend), TestServer::start(&backend), TestServer::start(&backend));
        let made = one.create("ann", everything_to("bob")).await.unwrap();
        assert_eq!(two.get("bob", &made.id).await.unwrap(), three.get("ann", &made.id).await.unwrap(), "{backend}");
        // A key is kept where every replica finds it.
        let first = one.create_as("eve", Some("k"), everything_to("bob")).await.unwrap();
        assert_eq!(two.create_as("eve", Some("k"), everything_to("bob")).await.unwrap().share, first.share);
    })
    .await;
}
