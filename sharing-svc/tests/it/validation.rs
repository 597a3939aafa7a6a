use ofself_proto::sharing::{
    CreateShareRequest, GrantFollowShareRequest, ListIncomingSharesRequest, RevokeFollowShareRequest, ShareChanges,
    ShareScope,
};
use test_kit::Backend;
use tonic::Code;

use crate::test_server::{TestServer, by, everything_to, tags_to, why};

#[tokio::test]
async fn all_wrong_fields_of_a_new_share_are_reported() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let strings = |text: &str, times: usize| vec![text.to_owned(); times];
    let cases = [
        (CreateShareRequest::default(), "scope shared_with_user_id"),
        (everything_to("ann"), "shared_with_user_id"),
        (everything_to("bob smith"), "shared_with_user_id"),
        (everything_to(&"x".repeat(129)), "shared_with_user_id"),
        (tags_to("bob", &[]), "tag_ids"),
        (tags_to("bob", &["ok", "", "b d"]), "tag_ids[1] tag_ids[2]"),
        (CreateShareRequest { tag_ids: strings("x", 1001), ..tags_to("bob", &[]) }, "tag_ids"),
        (CreateShareRequest { tag_ids: strings("x", 1), ..everything_to("bob") }, "tag_ids"),
        (CreateShareRequest { node_ids: strings("x", 1), ..tags_to("bob", &["a"]) }, "node_ids"),
        (CreateShareRequest { scope: ShareScope::Graph.into(), ..everything_to("bob") }, "node_ids"),
        (CreateShareRequest { scope: 99, ..everything_to("bob smith") }, "scope shared_with_user_id"),
        (CreateShareRequest { can_read: Some(false), ..everything_to("bob") }, "can_read"),
        (CreateShareRequest { parent_share_id: Some("a b".into()), ..everything_to("bob") }, "parent_share_id"),
    ];
    for (request, expected) in cases {
        for validate_only in [true, false] {
            let request = CreateShareRequest { validate_only, ..request.clone() };
            assert_eq!(why(server.create_as("ann", None, request.clone()).await), expected, "{request:?}");
        }
    }
}

#[tokio::test]
async fn all_wrong_fields_of_an_update_are_reported() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let made = server.create("ann", tags_to("bob", &["a"])).await.unwrap();
    let none = ShareChanges::default();
    let cases = [
        (none.clone(), vec!["scope", "can_read", "can_share"], "can_read can_share scope"),
        (none.clone(), vec!["tag_ids"], "tag_ids"),
        (ShareChanges { node_ids: vec!["n".into()], ..none.clone() }, vec!["node_ids"], "node_ids"),
        (none.clone(), vec!["owner_id"], "update_mask"),
        (ShareChanges { scope: 99, ..none.clone() }, vec!["scope"], "scope"),
        (
            ShareChanges { expires_at: crate::test_server::after(0), ..none },
            vec!["expires_at", "tag_ids"],
            "expires_at tag_ids",
        ),
    ];
    for (changes, mask, expected) in cases {
        assert_eq!(why(server.update("ann", &made.id, changes, &mask).await), expected, "{mask:?}");
    }
    assert_eq!(server.get("ann", &made.id).await.unwrap(), made);
}

#[tokio::test]
async fn validate_only_changes_nothing() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let request = CreateShareRequest { validate_only: true, ..everything_to("bob") };
    assert_eq!(server.create_as("ann", None, request).await.unwrap().share, None);
    let page = server.client().list_incoming_shares(by("bob", ListIncomingSharesRequest::default())).await.unwrap();
    assert_eq!(page.into_inner().total, 0);
}

#[tokio::test]
async fn follow_requests_are_validated_alike() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let refused = server.follows().grant_follow_share(GrantFollowShareRequest::default()).await;
    assert_eq!(why(refused), "follow_id follower_id owner_id");
    let own = GrantFollowShareRequest {
        follow_id: "f".into(),
        owner_id: "ann".into(),
        follower_id: "ann".into(),
        ..Default::default()
    };
    assert_eq!(why(server.follows().grant_follow_share(own).await), "follower_id");
    let refused = server.follows().revoke_follow_share(RevokeFollowShareRequest::default()).await;
    assert_eq!(why(refused), "follow_id");
}

#[tokio::test]
async fn user_is_required() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let anonymous = tonic::Request::new(everything_to("bob"));
    assert_eq!(server.client().create_share(anonymous).await.unwrap_err().code(), Code::Unauthenticated);
    let mut two = by("ann", everything_to("bob"));
    two.metadata_mut().append("x-ofself-user", "eve".parse().unwrap());
    assert_eq!(server.client().create_share(two).await.unwrap_err().code(), Code::Unauthenticated);
    let no_id = by("not an id", everything_to("bob"));
    assert_eq!(server.client().create_share(no_id).await.unwrap_err().code(), Code::Unauthenticated);
}
