use ofself_proto::sharing::{CreateShareRequest, InactiveReason, ShareChanges, ShareScope, ShareSource, ShareStatus};

use crate::statements::on_both;
use crate::test_server::{TestServer, after, everything_to, of, passable, tags_to, why};

#[tokio::test]
async fn reshare_belongs_to_the_owner_and_can_only_narrow() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let terms = CreateShareRequest { expires_at: after(100), ..passable(tags_to("bob", &["work", "home"])) };
        let parent = server.create("ann", terms).await.unwrap();

        let wide = CreateShareRequest { can_write: Some(true), ..of(&parent, everything_to("cyd")) };
        assert_eq!(why(server.create("bob", wide).await), "can_write scope", "{backend}");
        let later = CreateShareRequest { expires_at: after(101), ..of(&parent, tags_to("cyd", &["work"])) };
        assert_eq!(why(server.create("bob", later).await), "expires_at");
        let other_tag = CreateShareRequest { expires_at: after(100), ..of(&parent, tags_to("cyd", &["work", "gym"])) };
        assert_eq!(why(server.create("bob", other_tag).await), "tag_ids");

        let narrow = CreateShareRequest { expires_at: after(50), ..of(&parent, tags_to("cyd", &["work"])) };
        let child = server.create("bob", narrow).await.unwrap();
        assert_eq!((child.owner_id.as_str(), child.source()), ("ann", ShareSource::Reshare));
        assert_eq!(child.parent_share_id.as_deref(), Some(parent.id.as_str()));
        for party in ["ann", "bob", "cyd"] {
            assert_eq!(server.get(party, &child.id).await.unwrap(), child);
        }

        let widen = ShareChanges { tag_ids: vec!["gym".into()], ..ShareChanges::default() };
        for party in ["ann", "bob"] {
            let refused = server.update(party, &child.id, widen.clone(), &["tag_ids"]).await;
            assert_eq!(why(refused), "tag_ids", "an update is held to the same lattice");
        }
        assert_eq!(why(server.update("cyd", &child.id, widen, &["tag_ids"]).await), "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn only_recipients_with_can_share_may_reshare() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let kept = server.create("ann", everything_to("bob")).await.unwrap();
        assert_eq!(why(server.create("bob", of(&kept, everything_to("cyd"))).await), "FORBIDDEN");
        let parent = server.create("ann", passable(tags_to("bob", &["work"]))).await.unwrap();
        assert_eq!(why(server.create("ann", of(&parent, tags_to("cyd", &["work"]))).await), "FORBIDDEN");
        assert_eq!(why(server.create("eve", of(&parent, tags_to("cyd", &["work"]))).await), "SHARE_NOT_FOUND");
        let nowhere = CreateShareRequest { parent_share_id: Some("share_abc".into()), ..everything_to("cyd") };
        assert_eq!(why(server.create("bob", nowhere).await), "SHARE_NOT_FOUND");
        assert_eq!(why(server.create("bob", of(&parent, tags_to("ann", &["work"]))).await), "shared_with_user_id");
        server.revoke("ann", &parent.id).await.unwrap();
        assert_eq!(why(server.create("bob", of(&parent, tags_to("cyd", &["work"]))).await), "SHARE_REVOKED");
    })
    .await;
}

#[tokio::test]
async fn losing_can_share_ends_the_chain_below() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let child = server.create("bob", of(&parent, passable(everything_to("cyd")))).await.unwrap();
        let no_more = ShareChanges { can_share: Some(false), ..ShareChanges::default() };
        server.update("ann", &parent.id, no_more, &["can_share"]).await.unwrap();
        assert_eq!(why(server.create("cyd", of(&child, everything_to("dan"))).await), "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn chain_has_at_most_eight_links_and_no_cycle() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut link = server.create("u0", passable(everything_to("u1"))).await.unwrap();
        for creator in 1..8 {
            let back = of(&link, everything_to("u1"));
            if creator > 1 {
                assert_eq!(why(server.create(&format!("u{creator}"), back).await), "shared_with_user_id");
            }
            let next = of(&link, passable(everything_to(&format!("u{}", creator + 1))));
            link = server.create(&format!("u{creator}"), next).await.unwrap();
        }
        assert_eq!(why(server.create("u8", of(&link, everything_to("u9"))).await), "parent_share_id", "{backend}");
    })
    .await;
}

#[tokio::test]
async fn reshare_without_an_expiry_has_that_of_its_parent() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let request = CreateShareRequest { expires_at: after(100), ..passable(everything_to("bob")) };
        let parent = server.create("ann", request).await.unwrap();
        let child = server.create("bob", of(&parent, everything_to("cyd"))).await.unwrap();
        assert_eq!((child.expires_at, child.narrowed), (after(100), false), "{backend}");
        // It was copied: a longer life of the parent does not lengthen that of the child.
        let longer = ShareChanges { expires_at: after(200), ..ShareChanges::default() };
        server.update("ann", &parent.id, longer, &["expires_at"]).await.unwrap();
        server.at(100);
        let child = server.get("cyd", &child.id).await.unwrap();
        assert_eq!((child.status(), child.inactive_reason()), (ShareStatus::Expired, InactiveReason::Expired));
        // Under a parent that never ends it never ends.
        let parent = server.create("ann", passable(tags_to("bob", &["a"]))).await.unwrap();
        let child = server.create("bob", of(&parent, tags_to("cyd", &["a"]))).await.unwrap();
        assert_eq!(child.expires_at, None);
    })
    .await;
}

#[tokio::test]
async fn revoking_a_parent_ends_the_subtree_without_writes() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let root = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let beside = server.create("ann", everything_to("cyd")).await.unwrap();
        let mut below = Vec::new();
        for child in ["cyd", "dan"] {
            let child = server.create("bob", of(&root, passable(everything_to(child)))).await.unwrap();
            let creator = child.shared_with_user_id.clone();
            below.push(server.create(&creator, of(&child, everything_to("eve"))).await.unwrap());
            below.push(child);
        }
        // The creator of a re-share revokes it, with what is below.
        server.at(1);
        server.revoke("bob", &below[3].id).await.unwrap();
        server.at(2);
        server.revoke("ann", &root.id).await.unwrap();
        for (place, share) in below.iter().enumerate() {
            let now = server.get("ann", &share.id).await.unwrap();
            let (reason, second) = match place {
                3 => (InactiveReason::Revoked, 1),
                2 => (InactiveReason::ParentRevoked, 1),
                _ => (InactiveReason::ParentRevoked, 2),
            };
            assert_eq!((now.status(), now.inactive_reason()), (ShareStatus::Revoked, reason), "{backend}: {place}");
            assert_eq!(now.revoked_at, after(second), "{backend}: {place}: when the link that ended it was revoked");
            assert_eq!((now.version, now.updated_at), if place == 3 { (2, after(1)) } else { (1, share.updated_at) });
            assert_eq!((now.effective, now.narrowed), (None, place != 3));
            // Final: it can be neither changed nor revoked once more.
            assert_eq!(
                why(server.update("ann", &share.id, ShareChanges::default(), &["expires_at"]).await),
                "SHARE_REVOKED"
            );
            assert_eq!(server.revoke("ann", &share.id).await.unwrap().version, now.version);
        }
        assert_eq!(server.status("cyd", &beside.id).await, ShareStatus::Active);
    })
    .await;
}

#[tokio::test]
async fn graph_can_be_reshared_as_roots_or_nodes() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let nodes = |recipient: &str, scope: ShareScope, ids: &[&str]| CreateShareRequest {
            scope: scope.into(),
            node_ids: ids.iter().map(ToString::to_string).collect(),
            ..everything_to(recipient)
        };
        let parent = passable(nodes("bob", ShareScope::Graph, &["r1", "r2"]));
        let parent = server.create("ann", parent).await.unwrap();
        for scope in [ShareScope::Graph, ShareScope::SpecificNodes] {
            server.create("bob", of(&parent, nodes("cyd", scope, &["r1"]))).await.unwrap();
            assert_eq!(why(server.create("bob", of(&parent, nodes("dan", scope, &["r3"]))).await), "node_ids");
        }
    })
    .await;
}
