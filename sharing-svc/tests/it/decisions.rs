//! Decisions over several shares, and over what a store should never hold.

use ofself_proto::sharing::{
    Action, BatchCheckAccessRequest, CheckAccessRequest, CreateShareRequest, GetAccessFilterRequest,
    GetAccessFilterResponse, ListViewersRequest, Node, Resource, Viewer, get_access_filter_response::Filter, resource,
};
use sea_orm::ConnectionTrait;
use test_kit::Backend;
use tonic::{Code, Status};

use crate::statements::on_both;
use crate::test_server::{TestServer, after, everything_to, of, passable, tags_to, why};

fn node(id: &str, tags: &[&str]) -> Node {
    Node { id: id.into(), tag_ids: tags.iter().map(ToString::to_string).collect(), graph_root_ids: Vec::new() }
}

fn resource_of(node: Node) -> Resource {
    Resource { resource: Some(resource::Resource::Node(node)) }
}

async fn check(server: &TestServer, viewer: &str, tags: &[&str]) -> Result<bool, Status> {
    let request = CheckAccessRequest {
        viewer_id: viewer.into(),
        owner_id: "ann".into(),
        action: Action::Read.into(),
        resource: Some(resource_of(node("n", tags))),
        consistency: None,
    };
    Ok(server.access().check_access(request).await?.into_inner().allowed)
}

async fn filter(server: &TestServer, viewer: &str) -> Result<GetAccessFilterResponse, Status> {
    let request = GetAccessFilterRequest {
        viewer_id: viewer.into(),
        owner_id: "ann".into(),
        action: Action::Read.into(),
        consistency: None,
    };
    Ok(server.access().get_access_filter(request).await?.into_inner())
}

async fn viewers(server: &TestServer, page_size: i32) -> Vec<Viewer> {
    let (mut viewers, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListViewersRequest {
            owner_id: "ann".into(),
            node: Some(node("n", &["work"])),
            page_size,
            page_token,
            consistency: None,
        };
        let page = server.access().list_viewers(request).await.unwrap().into_inner();
        assert!(page_size == 0 || page.viewers.len() <= page_size.try_into().unwrap());
        viewers.extend(page.viewers);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return viewers;
        }
    }
}

/// Runs statements behind the back of a service.
pub async fn sql(backend: &Backend, statements: &str) {
    let database = sea_orm::Database::connect(backend.url()).await.unwrap();
    let path = if backend.to_string() == "SQLite" { "" } else { "SET search_path TO sharing;" };
    database.execute_unprepared(&format!("{path}{statements}")).await.unwrap();
}

#[tokio::test]
async fn one_active_chain_of_two_allows() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for (creator, expires_at) in [("bob", after(10)), ("dan", None)] {
            let parent = server.create("ann", passable(everything_to(creator))).await.unwrap();
            let request = CreateShareRequest { expires_at, ..tags_to("cyd", &["work"]) };
            server.create(creator, of(&parent, request)).await.unwrap();
        }
        server.at(10);
        assert!(check(&server, "cyd", &["work"]).await.unwrap(), "{backend}");
        assert!(matches!(filter(&server, "cyd").await.unwrap().filter, Some(Filter::AnyOf(_))), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn active_reshare_allows_beside_revoked_direct_share() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let direct = server.create("ann", everything_to("cyd")).await.unwrap();
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        server.create("bob", of(&parent, everything_to("cyd"))).await.unwrap();
        server.revoke("ann", &direct.id).await.unwrap();
        assert!(check(&server, "cyd", &["work"]).await.unwrap(), "{backend}");
        assert_eq!(filter(&server, "cyd").await.unwrap().filter, Some(Filter::Everything(true)), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn missing_parent_is_an_error_and_never_allows() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let child = server.create("bob", of(&parent, everything_to("cyd"))).await.unwrap();
        let unchecked = if backend.to_string() == "SQLite" {
            "PRAGMA foreign_keys = OFF;"
        } else {
            "ALTER TABLE shares DROP CONSTRAINT shares_parent_fk;"
        };
        sql(&backend, &format!("{unchecked} DELETE FROM shares WHERE recipient_id = 'bob'")).await;
        assert_eq!(check(&server, "cyd", &["work"]).await.unwrap_err().code(), Code::Internal, "{backend}");
        assert_eq!(filter(&server, "cyd").await.unwrap_err().code(), Code::Internal, "{backend}");
        assert_eq!(server.get("cyd", &child.id).await.unwrap_err().code(), Code::Internal, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn unreadable_share_is_an_error_although_another_would_allow() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", tags_to("cyd", &["work"])).await.unwrap();
        server.create("ann", everything_to("cyd")).await.unwrap();
        sql(&backend, "UPDATE shares SET tag_ids = '[\"not an id\"]' WHERE scope = 'specific_tags'").await;
        assert_eq!(check(&server, "cyd", &["work"]).await.unwrap_err().code(), Code::Internal, "{backend}");
        assert_eq!(filter(&server, "cyd").await.unwrap_err().code(), Code::Internal, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn reshare_to_owner_or_self_is_rejected() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        for recipient in ["ann", "bob"] {
            let refused = server.create("bob", of(&parent, everything_to(recipient))).await;
            assert_eq!(why(refused), "shared_with_user_id", "{backend}: {recipient}");
        }
    })
    .await;
}

#[tokio::test]
async fn batch_decides_each_description_of_one_node() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", tags_to("bob", &["work"])).await.unwrap();
        let request = BatchCheckAccessRequest {
            viewer_id: "bob".into(),
            owner_id: "ann".into(),
            action: Action::Read.into(),
            resources: vec![resource_of(node("n", &["work"])), resource_of(node("n", &["home"]))],
            consistency: None,
        };
        let allowed = server.access().batch_check_access(request).await.unwrap().into_inner().allowed;
        assert_eq!(allowed, [true, false], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn similar_user_ids_are_different_users() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let people = ["Bob", "bob", "BOB", "b:ob", "b.ob", "bob.", "bob:", "auth0:bob", "auth0.bob", "bob_1", "bob-1"];
        for (number, person) in people.iter().enumerate() {
            server.create("ann", tags_to(person, &[&format!("tag-{number}")])).await.unwrap();
        }
        for (number, person) in people.iter().enumerate() {
            for (tag, other) in people.iter().enumerate() {
                let allowed = check(&server, person, &[&format!("tag-{tag}")]).await.unwrap();
                assert_eq!(allowed, tag == number, "{backend}: {person} and the tag of {other}");
            }
        }
        // Ids in two Unicode forms are no ids, in either form.
        for person in ["Jos\u{e9}", "Jose\u{301}"] {
            assert_eq!(why(server.create("ann", everything_to(person)).await), "shared_with_user_id", "{backend}");
        }
    })
    .await;
}

#[tokio::test]
async fn equal_clauses_of_a_filter_are_merged() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for (creator, expires_at) in [("bob", after(50)), ("dan", after(90)), ("eve", after(70))] {
            let parent = server.create("ann", passable(everything_to(creator))).await.unwrap();
            let request = CreateShareRequest { expires_at, ..tags_to("cyd", &["work", "home"]) };
            server.create(creator, of(&parent, request)).await.unwrap();
        }
        let answer = filter(&server, "cyd").await.unwrap();
        let Some(Filter::AnyOf(clauses)) = answer.filter else { panic!("{answer:?}") };
        assert_eq!(clauses.clauses.len(), 1, "{backend}");
        // It holds until the last of them ends.
        assert_eq!(answer.valid_until, after(90), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn pages_of_viewers_equal_one_page() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("zoe"))).await.unwrap();
        for number in 0..25 {
            let viewer = format!("{}-{number}", if number % 2 == 0 { "Bob" } else { "bob" });
            // Some by several shares, some by re-shares, some for another tag.
            let tag = if number % 5 == 0 { "home" } else { "work" };
            server.create("ann", tags_to(&viewer, &[tag])).await.unwrap();
            if number % 3 == 0 {
                server.create("zoe", of(&parent, tags_to(&viewer, &["work"]))).await.unwrap();
            }
        }
        let all = viewers(&server, 0).await;
        let ids: Vec<_> = all.iter().map(|viewer| viewer.viewer_id.as_str()).collect();
        assert_eq!(ids.len(), 23, "{backend}: all but those of whom nothing covers the node");
        assert!(ids.is_sorted(), "{backend}: {ids:?}");
        for page_size in [1, 2, 7, 1_000] {
            assert_eq!(viewers(&server, page_size).await, all, "{backend}: pages of {page_size}");
        }
        let wrong = ListViewersRequest {
            owner_id: "ann".into(),
            node: Some(node("n", &[])),
            page_size: -1,
            page_token: "from elsewhere".into(),
            consistency: None,
        };
        assert_eq!(why(server.access().list_viewers(wrong).await), "page_size page_token");
    })
    .await;
}

#[tokio::test]
async fn page_of_viewers_reads_a_bounded_number_of_shares() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    // Some 33 MB of ids in all: two calls at least, whatever the size of the page.
    for number in 0..260 {
        let request = CreateShareRequest {
            scope: ofself_proto::sharing::ShareScope::SpecificNodes.into(),
            node_ids: (0..1_000).map(|n| format!("{number:0>4}-{n:0>123}")).chain(["n".to_owned()]).skip(1).collect(),
            ..everything_to(&format!("bob-{number:0>3}"))
        };
        server.create("ann", request).await.unwrap();
    }
    let request = ListViewersRequest {
        owner_id: "ann".into(),
        node: Some(node("n", &[])),
        page_size: 1_000,
        ..ListViewersRequest::default()
    };
    let first = server.access().list_viewers(request).await.unwrap().into_inner();
    assert!((1..260).contains(&first.viewers.len()), "{}", first.viewers.len());
    assert!(!first.next_page_token.is_empty());
    assert_eq!(viewers(&server, 1_000).await.len(), 260);
}
