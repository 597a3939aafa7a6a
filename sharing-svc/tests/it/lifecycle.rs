use ofself_proto::sharing::{ShareChanges, ShareScope, ShareSource, ShareStatus};

use crate::statements::on_both;
use crate::test_server::{TestServer, everything_to, tags_to, why};

#[tokio::test]
async fn stored_share_equals_created_share() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", tags_to("bob", &["work", "home", "work"])).await.unwrap();
        assert_eq!(made.tag_ids, ["work", "home"], "duplicates fold, order stays");
        assert_eq!((made.can_read, made.can_write, made.can_delete, made.can_share), (true, false, false, false));
        assert_eq!((made.status(), made.source(), made.version), (ShareStatus::Active, ShareSource::Direct, 1));
        for party in ["ann", "bob"] {
            assert_eq!(server.get(party, &made.id).await.unwrap(), made, "{backend}");
        }
        assert_eq!(why(server.get("eve", &made.id).await), "SHARE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn update_changes_only_fields_in_its_mask() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", tags_to("bob", &["work"])).await.unwrap();
        let write = ShareChanges { can_write: Some(true), ..ShareChanges::default() };
        let updated = server.update("ann", &made.id, write, &["can_write"]).await.unwrap();
        assert!(updated.can_read && updated.can_write);
        assert_eq!((updated.tag_ids.as_slice(), updated.version), (["work".to_owned()].as_slice(), 2));

        let scope = |scope: ShareScope| ShareChanges { scope: scope.into(), ..ShareChanges::default() };
        let refused = server.update("ann", &made.id, scope(ShareScope::SpecificNodes), &["scope"]).await;
        assert_eq!(why(refused), "node_ids", "a new scope brings the ids it needs");
        let all = server.update("ann", &made.id, scope(ShareScope::All), &["scope"]).await.unwrap();
        assert!(all.tag_ids.is_empty(), "ids of the former scope go");

        let nothing = ShareChanges { can_read: Some(false), can_write: Some(false), ..ShareChanges::default() };
        let refused = server.update("ann", &made.id, nothing, &["can_read", "can_write"]).await;
        assert_eq!(why(refused), "can_read");
        assert_eq!(server.get("ann", &made.id).await.unwrap(), all, "a refused update leaves no trace");
    })
    .await;
}

#[tokio::test]
async fn only_the_owner_changes_and_revokes() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", everything_to("bob")).await.unwrap();
        let write = ShareChanges { can_write: Some(true), ..ShareChanges::default() };
        assert_eq!(why(server.update("bob", &made.id, write.clone(), &["can_write"]).await), "FORBIDDEN");
        assert_eq!(why(server.revoke("bob", &made.id).await), "FORBIDDEN");
        assert_eq!(why(server.update("eve", &made.id, write, &["can_write"]).await), "SHARE_NOT_FOUND");
        assert_eq!(why(server.revoke("eve", &made.id).await), "SHARE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn revoked_share_cannot_be_changed() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", everything_to("bob")).await.unwrap();
        server.at(10);
        let revoked = server.revoke("ann", &made.id).await.unwrap();
        assert_eq!(revoked.status(), ShareStatus::Revoked);
        assert_eq!(revoked.revoked_at, crate::test_server::after(10));
        server.at(20);
        assert_eq!(server.revoke("ann", &made.id).await.unwrap(), revoked, "again: the same answer");
        let write = ShareChanges { can_write: Some(true), ..ShareChanges::default() };
        assert_eq!(why(server.update("ann", &made.id, write, &["can_write"]).await), "SHARE_REVOKED");
    })
    .await;
}
