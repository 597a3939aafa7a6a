//! `AccessAdvisorService`: who can act on a person's data, for that person.

use std::collections::BTreeSet;

use ofself_proto::sharing::{
    Action, CreateShareRequest, ExplainAccessRequest, ExplainNodesRequest, GrantFollowShareRequest, LeaveShareRequest,
    ListAccessibleOwnersRequest, ListNodeViewersRequest, ListPeopleRequest, ListShareEventsRequest, ListViewersRequest,
    Node, PersonAccess, Resource, ShareEventKind, ShareScope, ShareStatus,
    access_advisor_service_client::AccessAdvisorServiceClient, resource,
};
use test_kit::Backend;
use tonic::{Status, transport::Channel};

use crate::statements::on_both;
use crate::test_server::{TestServer, after, by, everything_to, of, passable, tags_to, why};

fn advisor(server: &TestServer) -> AccessAdvisorServiceClient<Channel> {
    AccessAdvisorServiceClient::new(server.channel.clone())
}

async fn people(server: &TestServer, user: &str, page_size: i32) -> Vec<PersonAccess> {
    let mut request = ListPeopleRequest { page_size, ..ListPeopleRequest::default() };
    let mut people = Vec::new();
    loop {
        let page = advisor(server).list_people(by(user, request.clone())).await.unwrap().into_inner();
        people.extend(page.people);
        if page.next_page_token.is_empty() {
            return people;
        }
        request.page_token = page.next_page_token;
    }
}

async fn names(server: &TestServer, user: &str) -> Vec<String> {
    people(server, user, 0).await.into_iter().map(|person| person.user_id).collect()
}

async fn leave(server: &TestServer, user: &str, share: &str) -> Result<String, Status> {
    let request = by(user, LeaveShareRequest { share_id: share.to_owned() });
    Ok(advisor(server).leave_share(request).await?.into_inner().written_at)
}

#[tokio::test]
async fn people_have_their_shares_and_the_way_these_took() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let direct = CreateShareRequest {
            can_write: Some(true),
            expires_at: after(20),
            ..passable(tags_to("bob", &["a", "b"]))
        };
        let direct = server.create("ann", direct).await.unwrap();
        let reshare = CreateShareRequest { expires_at: after(5), ..passable(tags_to("cyd", &["a"])) };
        let reshare = server.create("bob", of(&direct, reshare)).await.unwrap();
        let below = server.create("cyd", of(&reshare, tags_to("dan", &["a"]))).await.unwrap();
        let own =
            server.create("ann", CreateShareRequest { expires_at: after(9), ..everything_to("dan") }).await.unwrap();
        server.create("eve", everything_to("ann")).await.unwrap();

        let found = people(&server, "ann", 0).await;
        let [bob, cyd, dan] = found.as_slice() else { panic!("{backend}: {found:?}") };
        assert_eq!((bob.user_id.as_str(), bob.actions.len(), bob.shares_total), ("bob", 3, 1));
        assert_eq!((bob.until, bob.since), (after(20), after(0)));
        assert_eq!(bob.shares[0].share.as_ref(), Some(&direct), "as its owner sees it");
        assert!(bob.shares[0].through_user_ids.is_empty());
        assert_eq!((cyd.until, cyd.shares[0].through_user_ids.as_slice()), (after(5), ["bob".to_owned()].as_slice()));
        let ways: Vec<_> = dan.shares.iter().map(|path| path.through_user_ids.join(" ")).collect();
        assert_eq!((ways, dan.shares_total), (vec!["bob cyd".to_owned(), String::new()], 2), "oldest first");
        assert_eq!((dan.until, dan.actions.clone()), (after(9), vec![Action::Read as i32]));
        assert_eq!(dan.shares[0].share.as_ref().unwrap().id, below.id);
        for size in 1..4 {
            assert_eq!(people(&server, "ann", size).await, found, "{size}");
        }

        server.at(5);
        assert_eq!(people(&server, "ann", 0).await.len(), 2, "the re-share has expired, and what is below it");
        server.revoke("ann", &own.id).await.unwrap();
        assert_eq!(names(&server, "ann").await, ["bob"]);
        assert_eq!(names(&server, "bob").await, [""; 0], "of others' data nothing is listed");

        let wrong = ListPeopleRequest { page_size: -1, page_token: "x".into() };
        assert_eq!(why(advisor(&server).list_people(by("ann", wrong)).await), "page_size page_token");
    })
    .await;
}

#[tokio::test]
async fn share_without_a_common_node_lists_no_person() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let nodes = |recipient: &str, ids: &[&str]| CreateShareRequest {
            scope: ShareScope::SpecificNodes.into(),
            node_ids: ids.iter().map(ToString::to_string).collect(),
            ..everything_to(recipient)
        };
        let parent = server.create("ann", passable(nodes("bob", &["n1", "n2"]))).await.unwrap();
        server.create("bob", of(&parent, nodes("cyd", &["n1"]))).await.unwrap();
        assert_eq!(names(&server, "ann").await, ["bob", "cyd"], "{backend}");
        let narrower = ofself_proto::sharing::ShareChanges { node_ids: vec!["n2".into()], ..Default::default() };
        server.update("ann", &parent.id, narrower, &["node_ids"]).await.unwrap();
        assert_eq!(names(&server, "ann").await, ["bob"]);
    })
    .await;
}

#[tokio::test]
async fn viewers_and_owners_are_those_of_the_decisions() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let direct = server.create("ann", passable(tags_to("bob", &["a"]))).await.unwrap();
        server.create("bob", of(&direct, tags_to("cyd", &["a"]))).await.unwrap();
        let node = Node { id: "n1".into(), tag_ids: vec!["a".into()], graph_root_ids: Vec::new() };
        let request = ListNodeViewersRequest { node: Some(node.clone()), ..ListNodeViewersRequest::default() };
        let mine = advisor(&server).list_node_viewers(by("ann", request.clone())).await.unwrap().into_inner();
        let asked = ListViewersRequest { owner_id: "ann".into(), node: Some(node), ..ListViewersRequest::default() };
        let theirs = server.access().list_viewers(asked).await.unwrap().into_inner();
        assert_eq!((mine.viewers.len(), &mine.viewers), (2, &theirs.viewers), "{backend}");
        let of_another = advisor(&server).list_node_viewers(by("bob", request)).await.unwrap().into_inner();
        assert!(of_another.viewers.is_empty(), "a node of Bob's with the same id is another node");

        let owners = async |user: &str| {
            let request = by(user, ListAccessibleOwnersRequest::default());
            advisor(&server).list_accessible_owners(request).await.unwrap().into_inner().owners
        };
        let of_bob = owners("bob").await;
        assert_eq!((of_bob[0].owner_id.as_str(), &of_bob[0].share_ids), ("ann", &vec![direct.id.clone()]));
        assert_eq!(of_bob[0].actions, [Action::Read as i32, Action::Share as i32]);
        server.revoke("ann", &direct.id).await.unwrap();
        assert!(owners("bob").await.is_empty() && owners("cyd").await.is_empty());

        let wrong = ListNodeViewersRequest { page_size: -1, ..ListNodeViewersRequest::default() };
        assert_eq!(why(advisor(&server).list_node_viewers(by("ann", wrong)).await), "node page_size");
        let wrong = ListAccessibleOwnersRequest { page_token: "v1.".into(), ..Default::default() };
        assert_eq!(why(advisor(&server).list_accessible_owners(by("ann", wrong)).await), "page_token");
    })
    .await;
}

#[tokio::test]
async fn nodes_are_explained_as_one_by_one() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let ended = server.create("ann", everything_to("bob")).await.unwrap();
        server.revoke("ann", &ended.id).await.unwrap();
        server.create("ann", tags_to("bob", &["a"])).await.unwrap();
        let node = |id: &str, tags: &[&str]| Node {
            id: id.into(),
            tag_ids: tags.iter().map(ToString::to_string).collect(),
            graph_root_ids: Vec::new(),
        };
        let nodes = vec![node("n1", &["a"]), node("n2", &["b"]), node("n3", &[])];
        for (person, expected) in [("bob", [true, false, false]), ("cyd", [false; 3]), ("ann", [true; 3])] {
            let request = ExplainNodesRequest { person_id: person.into(), nodes: nodes.clone() };
            let explained = advisor(&server).explain_nodes(by("ann", request)).await.unwrap().into_inner();
            let allowed: Vec<_> = explained.decisions.iter().map(|decision| decision.allowed).collect();
            assert_eq!(allowed, expected, "{backend}: {person}");
            assert!(!explained.checked_at.is_empty());
            for (node, decision) in nodes.iter().zip(explained.decisions) {
                let request = ExplainAccessRequest {
                    viewer_id: person.into(),
                    owner_id: "ann".into(),
                    action: Action::Read.into(),
                    resource: Some(Resource { resource: Some(resource::Resource::Node(node.clone())) }),
                    consistency: None,
                };
                let one = server.access().explain_access(request).await.unwrap().into_inner();
                assert_eq!((decision.allowed, decision.reason), (one.allowed, one.reason), "{person} {}", node.id);
            }
        }
        let wrong = ExplainNodesRequest { person_id: String::new(), nodes: vec![node("n1", &["a b"]), node("", &[])] };
        let fields = why(advisor(&server).explain_nodes(by("ann", wrong)).await);
        assert_eq!(fields, "nodes[0].tag_ids[0] nodes[1].id person_id");
        for count in [0, 1_001] {
            let wrong = ExplainNodesRequest { person_id: "bob".into(), nodes: vec![node("n", &[]); count] };
            assert_eq!(why(advisor(&server).explain_nodes(by("ann", wrong)).await), "nodes");
        }
    })
    .await;
}

#[tokio::test]
async fn explanations_of_many_nodes_by_many_shares_are_bounded() {
    const NODES: usize = 1_000;
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for number in 0..150 {
        server.create("ann", tags_to("bob", &["a", &format!("t{number}")])).await.unwrap();
    }
    let node = |tag: &str| Node { id: "n".into(), tag_ids: vec![tag.to_owned()], graph_root_ids: Vec::new() };
    let nodes = (0..NODES).map(|number| node(if number % 2 == 0 { "a" } else { "none" })).collect();
    let request = ExplainNodesRequest { person_id: "bob".into(), nodes };
    let decisions = advisor(&server).explain_nodes(by("ann", request)).await.unwrap().into_inner().decisions;
    assert!(decisions.iter().enumerate().all(|(number, decision)| decision.allowed == (number % 2 == 0)));
    assert!(decisions[0].reason.ends_with(" and 145 more"), "{}", decisions[0].reason);
    assert!(decisions[1].reason.contains("would allow it, but"), "{}", decisions[1].reason);
    let last = &decisions[NODES - 1].reason;
    assert_eq!(last, "no share lets `bob` read the node", "500 denials by 150 links each");
    assert!(decisions.iter().all(|decision| decision.reason.len() < 500));
}

#[tokio::test]
async fn recipient_leaves_a_share_and_its_reshares_end() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let direct = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let reshare = server.create("bob", of(&direct, everything_to("cyd"))).await.unwrap();
        for (user, share) in [("ann", &direct), ("eve", &direct), ("cyd", &direct), ("bob", &reshare)] {
            assert_eq!(why(leave(&server, user, &share.id).await), "SHARE_NOT_FOUND", "{user}");
        }
        assert_eq!(why(leave(&server, "bob", "no-uuid").await), "SHARE_NOT_FOUND");
        assert!(server.may_read("bob", &[]).await && server.may_read("cyd", &[]).await, "{backend}");

        let token = leave(&server, "bob", &direct.id).await.unwrap();
        assert!(!token.is_empty());
        assert!(!server.may_read("bob", &[]).await && !server.may_read("cyd", &[]).await);
        assert_eq!(server.get("ann", &direct.id).await.unwrap().status(), ShareStatus::Revoked);
        let left = server.get("ann", &direct.id).await.unwrap();
        leave(&server, "bob", &direct.id).await.unwrap();
        leave(&server, "cyd", &reshare.id).await.unwrap();
        assert_eq!(server.get("ann", &direct.id).await.unwrap(), left, "leaving again changes nothing");

        let list = ListShareEventsRequest {
            owner_id: "ann".into(),
            kinds: vec![ShareEventKind::Revoked.into()],
            ..ListShareEventsRequest::default()
        };
        let events = server.admin().list_share_events(list).await.unwrap().into_inner().events;
        let events: Vec<_> = events.iter().map(|event| (event.actor_id.as_str(), event.has_reshares)).collect();
        assert_eq!(events, [("user:bob", true)], "one change, by the person who left");
    })
    .await;
}

#[tokio::test]
async fn follower_leaves_the_share_of_a_follow() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let follow = GrantFollowShareRequest {
            follow_id: "f1".into(),
            owner_id: "ann".into(),
            follower_id: "bob".into(),
            ..GrantFollowShareRequest::default()
        };
        let grant = async || server.follows().grant_follow_share(follow.clone()).await.unwrap().into_inner();
        let share = grant().await.share.unwrap();
        leave(&server, "bob", &share.id).await.unwrap();
        let again = grant().await;
        assert!(!again.created, "{backend}: the follow does not bring it back");
        assert_eq!(again.share.unwrap().status(), ShareStatus::Revoked);
        assert_eq!(names(&server, "ann").await.into_iter().collect::<BTreeSet<_>>(), BTreeSet::new());
    })
    .await;
}
