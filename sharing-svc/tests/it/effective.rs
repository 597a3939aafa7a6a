//! What a share shows of the shares above it: `effective`, `narrowed` and `inactive_reason`.

use ofself_proto::sharing::{
    CreateShareRequest, EffectiveTerms, InactiveReason, ListIncomingSharesRequest, Share, ShareChanges, ShareScope,
    ShareStatus,
};

use crate::statements::on_both;
use crate::test_server::{TestServer, after, by, everything_to, of, passable, tags_to};

fn nodes_to(recipient: &str, scope: ShareScope, ids: &[&str]) -> CreateShareRequest {
    CreateShareRequest { scope: scope.into(), node_ids: texts(ids), ..everything_to(recipient) }
}

fn texts(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn scope_of(share: &Share) -> Option<(ShareScope, Vec<String>)> {
    let EffectiveTerms { tag_ids, node_ids, .. } = share.effective.clone()?;
    Some((share.effective.as_ref()?.scope(), [tag_ids, node_ids].concat()))
}

#[tokio::test]
async fn share_of_an_owner_is_effective_unchanged() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let request = CreateShareRequest { expires_at: after(9), can_write: Some(true), ..tags_to("bob", &["a", "b"]) };
        let made = server.create("ann", request).await.unwrap();
        let effective = made.effective.clone().unwrap();
        assert_eq!(
            (effective.scope(), effective.tag_ids, effective.expires_at),
            (made.scope(), texts(&["a", "b"]), after(9))
        );
        assert_eq!((effective.can_read, effective.can_write, effective.can_delete), (true, true, false));
        assert_eq!((made.narrowed, made.inactive_reason()), (false, InactiveReason::Unspecified), "{backend}");
        assert_eq!(made.shared_by_user_id, "ann");
        server.at(9);
        let ended = server.get("bob", &made.id).await.unwrap();
        assert_eq!((&ended.effective, ended.narrowed), (&None, false));
        assert_eq!((ended.status, ended.inactive_reason()), (ShareStatus::Expired.into(), InactiveReason::Expired));
    })
    .await;
}

#[tokio::test]
async fn reshare_shows_its_effective_terms() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let everything =
            CreateShareRequest { can_write: Some(true), can_delete: Some(true), ..passable(everything_to("bob")) };
        let parent = server.create("ann", everything).await.unwrap();
        let request = CreateShareRequest { can_write: Some(true), ..passable(tags_to("cyd", &["recipes", "work"])) };
        let child = server.create("bob", of(&parent, request)).await.unwrap();
        assert!(!child.narrowed && child.effective.is_some(), "{backend}");

        // Each: what the owner makes of the parent, and what is left of the child.
        let tags = |ids: &[&str]| ShareChanges {
            scope: ShareScope::SpecificTags.into(),
            tag_ids: texts(ids),
            ..ShareChanges::default()
        };
        let nodes = |scope: ShareScope, ids: &[&str]| ShareChanges {
            scope: scope.into(),
            node_ids: texts(ids),
            ..ShareChanges::default()
        };
        let whole = Some((ShareScope::SpecificTags, texts(&["recipes", "work"])));
        for (changes, left, narrowed) in [
            (tags(&["recipes"]), Some((ShareScope::SpecificTags, texts(&["recipes"]))), true),
            (tags(&["work", "recipes", "more"]), whole.clone(), false),
            // Nodes with a tag of each list: no scope says that.
            (tags(&["recipes", "more"]), whole.clone(), true),
            (nodes(ShareScope::SpecificNodes, &["n1"]), whole.clone(), true),
            (nodes(ShareScope::Graph, &["n1"]), whole.clone(), true),
            (ShareChanges { scope: ShareScope::All.into(), ..ShareChanges::default() }, whole.clone(), false),
        ] {
            let mask = ["scope", if changes.node_ids.is_empty() { "tag_ids" } else { "node_ids" }];
            let mask = if changes.scope() == ShareScope::All { &mask[..1] } else { &mask[..] };
            server.update("ann", &parent.id, changes.clone(), mask).await.unwrap();
            let now = server.get("cyd", &child.id).await.unwrap();
            assert_eq!((scope_of(&now), now.narrowed), (left, narrowed), "{backend}: {changes:?}");
            assert_eq!((now.version, now.tag_ids), (1, texts(&["recipes", "work"])), "it is not written to");
        }

        // Rights and the end.
        let changes = ShareChanges { can_write: Some(false), expires_at: after(60), ..ShareChanges::default() };
        server.update("ann", &parent.id, changes, &["can_write", "expires_at"]).await.unwrap();
        let now = server.get("cyd", &child.id).await.unwrap();
        let effective = now.effective.unwrap();
        assert_eq!((effective.can_write, effective.expires_at, now.narrowed), (false, after(60), true), "{backend}");
        assert_eq!((now.can_write, now.expires_at), (true, None));
    })
    .await;
}

#[tokio::test]
async fn nodes_are_intersected_with_nodes() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let request = passable(nodes_to("bob", ShareScope::SpecificNodes, &["n1", "n2", "n3"]));
        let parent = server.create("ann", request).await.unwrap();
        let request = nodes_to("cyd", ShareScope::SpecificNodes, &["n3", "n2"]);
        let child = server.create("bob", of(&parent, request)).await.unwrap();
        for (ids, left) in [(&["n2", "n4"][..], Some(&["n2"][..])), (&["n9"], None)] {
            let changes = ShareChanges { node_ids: texts(ids), ..ShareChanges::default() };
            server.update("ann", &parent.id, changes, &["node_ids"]).await.unwrap();
            let now = server.get("cyd", &child.id).await.unwrap();
            let left = left.map(|ids| (ShareScope::SpecificNodes, texts(ids)));
            assert_eq!((scope_of(&now), now.narrowed), (left, true), "{backend}");
            assert_eq!((now.status(), now.inactive_reason()), (ShareStatus::Active, InactiveReason::Unspecified));
        }
    })
    .await;
}

#[tokio::test]
async fn inactive_reason_is_the_first_that_applies() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let request = CreateShareRequest { expires_at: after(50), ..everything_to("cyd") };
        let child = server.create("bob", of(&parent, request)).await.unwrap();
        let expect = async |status, reason, narrowed| {
            let now = server.get("cyd", &child.id).await.unwrap();
            assert_eq!((now.status(), now.inactive_reason(), now.narrowed), (status, reason, narrowed), "{backend}");
            assert_eq!(now.effective.is_none(), reason != InactiveReason::Unspecified);
            // A list says the same of it.
            let page = server.client().list_incoming_shares(by("cyd", ListIncomingSharesRequest::default())).await;
            assert_eq!(page.unwrap().into_inner().shares, [now]);
        };
        expect(ShareStatus::Active, InactiveReason::Unspecified, false).await;

        let change = async |changes, field: &str| {
            server.update("ann", &parent.id, changes, &[field]).await.unwrap();
        };
        change(ShareChanges { can_share: Some(false), ..ShareChanges::default() }, "can_share").await;
        expect(ShareStatus::Active, InactiveReason::ParentCannotReshare, true).await;
        change(ShareChanges { expires_at: after(10), ..ShareChanges::default() }, "expires_at").await;
        server.at(10);
        expect(ShareStatus::Expired, InactiveReason::ParentExpired, true).await;
        server.at(50);
        expect(ShareStatus::Expired, InactiveReason::Expired, true).await;
        server.revoke("ann", &parent.id).await.unwrap();
        expect(ShareStatus::Revoked, InactiveReason::ParentRevoked, true).await;
    })
    .await;
}

#[tokio::test]
async fn restored_parent_restores_its_reshares() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let short = CreateShareRequest { expires_at: after(40), ..everything_to("dan") };
        let lasting = server.create("bob", of(&parent, everything_to("cyd"))).await.unwrap();
        let short = server.create("bob", of(&parent, short)).await.unwrap();
        let change = async |changes, field: &str| {
            server.update("ann", &parent.id, changes, &[field]).await.unwrap();
        };
        change(ShareChanges { can_share: Some(false), ..ShareChanges::default() }, "can_share").await;
        change(ShareChanges { can_share: Some(true), ..ShareChanges::default() }, "can_share").await;
        assert!(server.get("cyd", &lasting.id).await.unwrap().effective.is_some(), "{backend}");

        change(ShareChanges { expires_at: after(10), ..ShareChanges::default() }, "expires_at").await;
        server.at(50);
        assert_eq!(server.status("cyd", &lasting.id).await, ShareStatus::Expired);
        change(ShareChanges { expires_at: after(90), ..ShareChanges::default() }, "expires_at").await;
        assert_eq!(server.status("cyd", &lasting.id).await, ShareStatus::Active, "{backend}");
        // Its own end came meanwhile.
        assert_eq!(server.status("dan", &short.id).await, ShareStatus::Expired);
        for share in [&lasting, &short] {
            assert_eq!(server.get("ann", &share.id).await.unwrap().version, 1, "nothing below was written");
        }
    })
    .await;
}

#[tokio::test]
async fn repeat_of_a_narrowed_reshare_returns_the_same_response() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let first = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let second = server.create("bob", of(&first, passable(everything_to("cyd")))).await.unwrap();
        // Wider than the first is now, but within the second, by whose terms it is judged.
        let narrower =
            ShareChanges { scope: ShareScope::SpecificTags.into(), tag_ids: texts(&["a"]), ..ShareChanges::default() };
        server.update("ann", &first.id, narrower, &["scope", "tag_ids"]).await.unwrap();
        let request = of(&second, everything_to("dan"));
        let made = server.create_as("cyd", Some("k"), request.clone()).await.unwrap().share.unwrap();
        assert_eq!((scope_of(&made), made.narrowed), (Some((ShareScope::SpecificTags, texts(&["a"]))), true));
        server.revoke("ann", &first.id).await.unwrap();
        let again = server.create_as("cyd", Some("k"), request).await.unwrap();
        assert_eq!((again.replayed, again.share), (true, Some(made)), "{backend}");
    })
    .await;
}
