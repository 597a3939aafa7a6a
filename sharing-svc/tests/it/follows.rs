use ofself_proto::sharing::{
    GrantFollowShareRequest, RevokeFollowShareRequest, Share, ShareChanges, ShareSource, ShareStatus,
};
use sharing_svc::domain::{Rights, Scope, ShareId, Source, Terms};
use test_kit::Backend;
use types::{Id, Instant};

use crate::stage::{Stage, everything_to, store, user, why};
use crate::statements::on_both;

async fn grant(stage: &Stage, follow: &str, follower: &str) -> Result<(Share, bool), tonic::Status> {
    let request = GrantFollowShareRequest {
        follow_id: follow.to_owned(),
        owner_id: "ann".to_owned(),
        follower_id: follower.to_owned(),
        ..GrantFollowShareRequest::default()
    };
    let answer = stage.follows().grant_follow_share(request).await?.into_inner();
    Ok((answer.share.unwrap(), answer.created))
}

async fn end(stage: &Stage, follow: &str) -> Option<Share> {
    let request = RevokeFollowShareRequest { follow_id: follow.to_owned() };
    stage.follows().revoke_follow_share(request).await.unwrap().into_inner().share
}

#[tokio::test]
async fn a_follow_has_one_share_that_ends_with_it() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let (first, created) = grant(&stage, "f1", "bob").await.unwrap();
        assert!(created);
        assert_eq!((first.source(), first.can_read, first.can_write), (ShareSource::Follow, true, false));
        assert_eq!(grant(&stage, "f1", "bob").await.unwrap(), (first.clone(), false), "{backend}: again, nothing new");
        assert_eq!(why(grant(&stage, "f1", "cyd").await), "follow_id", "a follow is between two people");

        let ended = end(&stage, "f1").await.unwrap();
        assert_eq!(ended.status(), ShareStatus::Revoked);
        assert_eq!(end(&stage, "f1").await.unwrap(), ended);
        assert_eq!(end(&stage, "never").await, None);
        let (second, created) = grant(&stage, "f1", "bob").await.unwrap();
        assert!(created && second.id != first.id, "accepted again, it is a fresh one");
    })
    .await;
}

#[tokio::test]
async fn a_follows_share_and_the_owners_own_stand_beside_each_other() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let own = stage.create("ann", everything_to("bob")).await.unwrap();
        let (followed, _) = grant(&stage, "f1", "bob").await.unwrap();
        end(&stage, "f1").await;
        assert_eq!(stage.status("bob", &own.id).await, ShareStatus::Active, "{backend}");
        assert_eq!(stage.status("bob", &followed.id).await, ShareStatus::Revoked);
    })
    .await;
}

#[tokio::test]
async fn the_owner_handles_a_follows_share_like_any_other() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let (share, _) = grant(&stage, "f1", "bob").await.unwrap();
        let soon = ShareChanges { expires_at: crate::stage::after(5), ..ShareChanges::default() };
        stage.update("ann", &share.id, soon, &["expires_at"]).await.unwrap();
        assert_eq!(why(stage.revoke("bob", &share.id).await), "FORBIDDEN");
        stage.revoke("ann", &share.id).await.unwrap();
        assert_eq!(stage.status("bob", &share.id).await, ShareStatus::Revoked, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn follow_granted_again_does_not_undo_a_revocation() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let (share, _) = grant(&stage, "f1", "bob").await.unwrap();
        let revoked = stage.revoke("ann", &share.id).await.unwrap();
        for _ in 0..2 {
            assert_eq!(grant(&stage, "f1", "bob").await.unwrap(), (revoked.clone(), false), "{backend}");
        }
        assert_eq!(why(grant(&stage, "f1", "cyd").await), "follow_id", "{backend}");
        // Only the end of the follow leads to a fresh share; the revoked one stays as it was.
        stage.at(5);
        assert_eq!(end(&stage, "f1").await.unwrap(), revoked, "{backend}");
        let (fresh, created) = grant(&stage, "f1", "bob").await.unwrap();
        assert!(created && fresh.id != share.id, "{backend}");
        assert_eq!(stage.status("bob", &fresh.id).await, ShareStatus::Active);
        assert_eq!(stage.get("ann", &share.id).await.unwrap(), revoked);
    })
    .await;
}

#[tokio::test]
async fn follow_granted_again_does_not_renew_an_expired_share() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let (share, _) = grant(&stage, "f1", "bob").await.unwrap();
        let soon = ShareChanges { expires_at: crate::stage::after(5), ..ShareChanges::default() };
        stage.update("ann", &share.id, soon, &["expires_at"]).await.unwrap();
        stage.at(5);
        let (again, created) = grant(&stage, "f1", "bob").await.unwrap();
        assert_eq!((&again.id, again.status(), created), (&share.id, ShareStatus::Expired, false), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn follow_that_ended_ends_its_share_under_every_owner() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let (share, _) = grant(&stage, "f1", "bob").await.unwrap();
        // As an import could leave it: the same follow under another owner.
        let other = other_owner(&backend, &share, "eve").await;
        end(&stage, "f1").await;
        for (owner, id) in [("ann", &share.id), ("eve", &other)] {
            assert_eq!(stage.status(owner, id).await, ShareStatus::Revoked, "{backend}: {owner}");
            assert_eq!(store(&backend).await.usage_differences(&user(owner)).await.unwrap(), [], "{backend}");
        }
    })
    .await;
}

/// Writes the same share once more under another owner.
async fn other_owner(backend: &Backend, share: &Share, owner: &str) -> String {
    let moment = Instant::from_parts(crate::stage::START, 0).unwrap();
    let other = sharing_svc::domain::Share {
        id: ShareId(uuid::Uuid::now_v7()),
        owner: user(owner),
        recipient: user(&share.shared_with_user_id),
        creator: user(owner),
        terms: Terms { scope: Scope::All, rights: Rights::READ_ONLY, expires_at: None },
        source: Source::Follow { follow: Id::parse("f1").unwrap(), ended_at: None },
        revoked_at: None,
        ended_at: None,
        created_at: moment,
        updated_at: moment,
        version: 1,
        created_version: 1,
    };
    let change = store(backend).await.begin(None, None).await.unwrap();
    change.insert(&other).await.unwrap();
    change.commit(None).await.unwrap();
    other.id.to_string()
}

#[tokio::test]
async fn a_share_that_stands_is_found_though_a_clock_went_back() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        stage.at(10);
        grant(&stage, "f1", "bob").await.unwrap();
        end(&stage, "f1").await;
        // Another replica's clock is behind: the new share looks older than the one that was revoked.
        stage.at(5);
        let (second, created) = grant(&stage, "f1", "bob").await.unwrap();
        assert!(created);
        assert_eq!(grant(&stage, "f1", "bob").await.unwrap(), (second.clone(), false), "{backend}");
        end(&stage, "f1").await;
        assert_eq!(stage.status("bob", &second.id).await, ShareStatus::Revoked, "{backend}");
    })
    .await;
}
