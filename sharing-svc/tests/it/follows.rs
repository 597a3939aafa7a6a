use ofself_proto::sharing::{
    GrantFollowShareRequest, RevokeFollowShareRequest, Share, ShareChanges, ShareSource, ShareStatus,
};
use test_kit::on_both;

use crate::stage::{Stage, everything_to, why};

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
