use ofself_proto::sharing::{
    GrantFollowShareRequest, RevokeFollowShareRequest, Share, ShareChanges, ShareSource, ShareStatus,
};
use persistence::Priority;
use sharing_svc::domain::{Rights, Scope, ShareId, Source, Terms};
use test_kit::Backend;
use types::{Id, Origin, Timestamp};

use crate::statements::on_both;
use crate::test_server::{TestServer, everything_to, store, user, why};

async fn grant(server: &TestServer, follow: &str, follower: &str) -> Result<(Share, bool), tonic::Status> {
    let request = GrantFollowShareRequest {
        follow_id: follow.to_owned(),
        owner_id: "ann".to_owned(),
        follower_id: follower.to_owned(),
        ..GrantFollowShareRequest::default()
    };
    let answer = server.follows().grant_follow_share(request).await?.into_inner();
    Ok((answer.share.unwrap(), answer.created))
}

async fn end(server: &TestServer, follow: &str) -> Option<Share> {
    let request = RevokeFollowShareRequest { follow_id: follow.to_owned() };
    server.follows().revoke_follow_share(request).await.unwrap().into_inner().share
}

#[tokio::test]
async fn follow_has_one_share_that_ends_with_it() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let (first, created) = grant(&server, "f1", "bob").await.unwrap();
        assert!(created);
        assert_eq!((first.source(), first.can_read, first.can_write), (ShareSource::Follow, true, false));
        assert_eq!(grant(&server, "f1", "bob").await.unwrap(), (first.clone(), false), "{backend}: again, nothing new");
        assert_eq!(why(grant(&server, "f1", "cyd").await), "follow_id", "a follow is between two people");

        let ended = end(&server, "f1").await.unwrap();
        assert_eq!(ended.status(), ShareStatus::Revoked);
        assert_eq!(end(&server, "f1").await.unwrap(), ended);
        assert_eq!(end(&server, "never").await, None);
        let (second, created) = grant(&server, "f1", "bob").await.unwrap();
        assert!(created && second.id != first.id, "accepted again, it is a fresh one");
    })
    .await;
}

#[tokio::test]
async fn follow_share_and_own_share_coexist() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let own = server.create("ann", everything_to("bob")).await.unwrap();
        let (followed, _) = grant(&server, "f1", "bob").await.unwrap();
        end(&server, "f1").await;
        assert_eq!(server.status("bob", &own.id).await, ShareStatus::Active, "{backend}");
        assert_eq!(server.status("bob", &followed.id).await, ShareStatus::Revoked);
    })
    .await;
}

#[tokio::test]
async fn owner_can_change_a_follow_share() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let (share, _) = grant(&server, "f1", "bob").await.unwrap();
        let soon = ShareChanges { expires_at: crate::test_server::after(5), ..ShareChanges::default() };
        server.update("ann", &share.id, soon, &["expires_at"]).await.unwrap();
        assert_eq!(why(server.revoke("bob", &share.id).await), "FORBIDDEN");
        server.revoke("ann", &share.id).await.unwrap();
        assert_eq!(server.status("bob", &share.id).await, ShareStatus::Revoked, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn follow_granted_again_does_not_undo_a_revocation() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let (share, _) = grant(&server, "f1", "bob").await.unwrap();
        let revoked = server.revoke("ann", &share.id).await.unwrap();
        for _ in 0..2 {
            assert_eq!(grant(&server, "f1", "bob").await.unwrap(), (revoked.clone(), false), "{backend}");
        }
        assert_eq!(why(grant(&server, "f1", "cyd").await), "follow_id", "{backend}");
        // Only the end of the follow leads to a fresh share; the revoked one stays as it was.
        server.at(5);
        assert_eq!(end(&server, "f1").await.unwrap(), revoked, "{backend}");
        let (fresh, created) = grant(&server, "f1", "bob").await.unwrap();
        assert!(created && fresh.id != share.id, "{backend}");
        assert_eq!(server.status("bob", &fresh.id).await, ShareStatus::Active);
        assert_eq!(server.get("ann", &share.id).await.unwrap(), revoked);
    })
    .await;
}

#[tokio::test]
async fn follow_granted_again_does_not_renew_an_expired_share() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let (share, _) = grant(&server, "f1", "bob").await.unwrap();
        let soon = ShareChanges { expires_at: crate::test_server::after(5), ..ShareChanges::default() };
        server.update("ann", &share.id, soon, &["expires_at"]).await.unwrap();
        server.at(5);
        let (again, created) = grant(&server, "f1", "bob").await.unwrap();
        assert_eq!((&again.id, again.status(), created), (&share.id, ShareStatus::Expired, false), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn follow_that_ended_ends_its_share_under_every_owner() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let (share, _) = grant(&server, "f1", "bob").await.unwrap();
        // As an import could leave it: the same follow under another owner.
        let other = other_owner(&backend, &share, "eve").await;
        end(&server, "f1").await;
        for (owner, id) in [("ann", &share.id), ("eve", &other)] {
            assert_eq!(server.status(owner, id).await, ShareStatus::Revoked, "{backend}: {owner}");
            assert_eq!(store(&backend).await.usage_differences(&user(owner)).await.unwrap(), [], "{backend}");
        }
    })
    .await;
}

/// Writes the same share once more under another owner.
async fn other_owner(backend: &Backend, share: &Share, owner: &str) -> String {
    let timestamp = Timestamp::from_parts(crate::test_server::START, 0).unwrap();
    let other = sharing_svc::domain::Share {
        id: ShareId(uuid::Uuid::now_v7()),
        owner: user(owner),
        recipient: user(&share.shared_with_user_id),
        creator: user(owner),
        terms: Terms { scope: Scope::All, rights: Rights::READ_ONLY, expires_at: None },
        source: Source::Follow { follow: Id::parse("f1").unwrap(), ended_at: None },
        revoked_at: None,
        ended_at: None,
        created_at: timestamp,
        updated_at: timestamp,
        version: 1,
        created_version: 1,
    };
    let lock = Some((&other.owner, Priority::First));
    let change = store(backend).await.begin(lock, None, Origin::system()).await.unwrap();
    change.raise_and_insert(other.clone(), timestamp).await.unwrap();
    change.commit(None).await.unwrap();
    other.id.to_string()
}

#[tokio::test]
async fn active_share_is_found_after_clock_set_back() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.at(10);
        grant(&server, "f1", "bob").await.unwrap();
        end(&server, "f1").await;
        // Another replica's clock is behind: the new share looks older than the one that was revoked.
        server.at(5);
        let (second, created) = grant(&server, "f1", "bob").await.unwrap();
        assert!(created);
        assert_eq!(grant(&server, "f1", "bob").await.unwrap(), (second.clone(), false), "{backend}");
        end(&server, "f1").await;
        assert_eq!(server.status("bob", &second.id).await, ShareStatus::Revoked, "{backend}");
    })
    .await;
}
