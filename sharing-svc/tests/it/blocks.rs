//! Blocked people: nothing of their data counts for the person who blocked them, and they do not learn of it.

use ofself_proto::sharing::{
    Action, BatchCheckRequest, BlockPersonRequest, CheckItem, ExplainAccessRequest, ExplainNodesRequest,
    GetAccessFilterRequest, ListAccessibleOwnersRequest, ListBlockedPeopleRequest, ListHistoryRequest,
    ListIncomingSharesRequest, ListNodeViewersRequest, ListOwnersRequest, ListPeopleRequest, ListShareEventsRequest,
    ListViewersRequest, Node, Resource, ShareEvent, ShareEventKind, UnblockPersonRequest,
    access_advisor_service_client::AccessAdvisorServiceClient, get_access_filter_response::Filter, resource,
};
use test_kit::Backend;
use tonic::{Status, transport::Channel};

use crate::statements::on_both;
use crate::test_server::{TestServer, by, everything_to, of, passable, store, user, why};

fn advisor(server: &TestServer) -> AccessAdvisorServiceClient<Channel> {
    AccessAdvisorServiceClient::new(server.channel.clone())
}

async fn block(server: &TestServer, viewer: &str, person: &str) -> Result<(), Status> {
    let request = by(viewer, BlockPersonRequest { person_id: person.to_owned() });
    advisor(server).block_person(request).await.map(drop)
}

async fn unblock(server: &TestServer, viewer: &str, person: &str) -> Result<(), Status> {
    let request = by(viewer, UnblockPersonRequest { person_id: person.to_owned() });
    advisor(server).unblock_person(request).await.map(drop)
}

fn node() -> Node {
    Node { id: "n".into(), ..Node::default() }
}

/// Whether `viewer` may read a node of Ann's: every way to ask agrees.
async fn may_read(server: &TestServer, viewer: &str) -> bool {
    let (viewer_id, owner_id, action) = (viewer.to_owned(), "ann".to_owned(), Action::Read.into());
    let one = server.may_read(viewer, &[]).await;
    let resource = Some(Resource { resource: Some(resource::Resource::Node(node())) });
    let item = CheckItem { viewer_id, owner_id: owner_id.clone(), action, resource: resource.clone() };
    let batch = BatchCheckRequest { items: vec![item], consistency: None };
    let batch = server.access().batch_check(batch).await.unwrap().into_inner();
    assert_eq!(batch.allowed, [one]);
    assert!(!batch.checked_at[0].is_empty());
    let explain = ExplainAccessRequest {
        viewer_id: viewer.into(),
        owner_id: owner_id.clone(),
        action,
        resource,
        consistency: None,
    };
    let explained = server.access().explain_access(explain).await.unwrap().into_inner();
    assert_eq!(explained.allowed, one, "{}", explained.reason);
    let filter =
        GetAccessFilterRequest { viewer_id: viewer.into(), owner_id: owner_id.clone(), action, consistency: None };
    let filter = server.access().get_access_filter(filter).await.unwrap().into_inner().filter;
    assert_eq!(filter != Some(Filter::Nothing(true)), one);
    let viewers = ListViewersRequest { owner_id, node: Some(node()), ..Default::default() };
    let viewers = server.access().list_viewers(viewers).await.unwrap().into_inner().viewers;
    assert_eq!(viewers.iter().any(|seen| seen.viewer_id == viewer), one);
    let owners = ListOwnersRequest { viewer_id: viewer.into(), action, ..Default::default() };
    let owners = server.access().list_owners(owners).await.unwrap().into_inner().owners;
    assert_eq!(owners.iter().any(|owner| owner.owner_id == "ann"), one);
    let mine = by(viewer, ListAccessibleOwnersRequest::default());
    let mine = advisor(server).list_accessible_owners(mine).await.unwrap().into_inner().owners;
    assert_eq!(mine.iter().any(|owner| owner.owner_id == "ann"), one);
    one
}

async fn incoming(server: &TestServer, viewer: &str) -> (usize, i64) {
    let list = by(viewer, ListIncomingSharesRequest::default());
    let page = server.client().list_incoming_shares(list).await.unwrap().into_inner();
    (page.shares.len(), page.total)
}

#[tokio::test]
async fn nothing_of_a_blocked_person_counts() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let bob = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        server.create("bob", of(&bob, everything_to("cyd"))).await.unwrap();
        let passable_share = server.create("ann", passable(everything_to("dan"))).await.unwrap();
        let of_dan = server.create("dan", everything_to("bob")).await.unwrap();
        assert!(may_read(&server, "bob").await && may_read(&server, "cyd").await, "{backend}");

        block(&server, "bob", "ann").await.unwrap();
        assert!(!may_read(&server, "bob").await);
        assert!(may_read(&server, "cyd").await, "{backend}: for others nothing changes");
        server.create("dan", of(&passable_share, everything_to("bob"))).await.unwrap();
        assert!(!may_read(&server, "bob").await, "{backend}: however it is shared");
        assert_eq!(incoming(&server, "bob").await, (1, 1), "only what Dan shares of his own");
        assert_eq!(server.get("bob", &of_dan.id).await.unwrap().owner_id, "dan");
        let reshare = server.create("bob", of(&bob, everything_to("eve"))).await;
        assert_eq!(why(reshare), "FORBIDDEN");

        block(&server, "bob", "ann").await.unwrap();
        unblock(&server, "bob", "ann").await.unwrap();
        assert!(may_read(&server, "bob").await);
        assert_eq!(incoming(&server, "bob").await, (3, 3));
        unblock(&server, "bob", "ann").await.unwrap();
        let list = ListShareEventsRequest { owner_id: "ann".into(), ..Default::default() };
        let changes = [ShareEventKind::Blocked, ShareEventKind::Unblocked];
        let blocks = async || {
            let events = server.admin().list_share_events(list.clone()).await.unwrap().into_inner().events;
            events.iter().map(ShareEvent::kind).filter(|kind| changes.contains(kind)).collect::<Vec<_>>()
        };
        while blocks().await.len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(blocks().await, changes, "repeating either changes nothing");
    })
    .await;
}

#[tokio::test]
async fn block_looks_ordinary_to_the_blocked_person() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let share = server.create("ann", everything_to("bob")).await.unwrap();
        let view = async || {
            let people = by("ann", ListPeopleRequest::default());
            let people = advisor(&server).list_people(people).await.unwrap().into_inner();
            let viewers = by("ann", ListNodeViewersRequest { node: Some(node()), ..Default::default() });
            let viewers = advisor(&server).list_node_viewers(viewers).await.unwrap().into_inner().viewers;
            let explained = ExplainNodesRequest { person_id: "bob".into(), nodes: vec![node()] };
            let explained = advisor(&server).explain_nodes(by("ann", explained)).await.unwrap().into_inner().decisions;
            let history = by("ann", ListHistoryRequest::default());
            let history = advisor(&server).list_history(history).await.unwrap().into_inner();
            (people, viewers, explained, history, server.get("ann", &share.id).await.unwrap())
        };
        let before = view().await;
        block(&server, "bob", "ann").await.unwrap();
        assert_eq!(view().await, before, "{backend}");
        let request = ListShareEventsRequest { owner_id: "ann".into(), ..Default::default() };
        let events = server.admin().list_share_events(request).await.unwrap().into_inner().events;
        let last = events.last().unwrap();
        assert_eq!(
            (last.kind(), last.actor_id.as_str(), last.person_id.as_str()),
            (ShareEventKind::Blocked, "user:bob", "bob")
        );
        assert!(last.has_reshares, "caches drop what they keep of the owner");
    })
    .await;
}

#[tokio::test]
async fn blocked_people_are_listed_in_pages_and_erased() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for person in ["eve", "ann", "dan"] {
            block(&server, "bob", person).await.unwrap();
        }
        block(&server, "ann", "bob").await.unwrap();
        let mut request = ListBlockedPeopleRequest { page_size: 2, ..Default::default() };
        let mut people = Vec::new();
        loop {
            let page = advisor(&server).list_blocked_people(by("bob", request.clone())).await.unwrap().into_inner();
            people.extend(page.person_ids);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(people, ["ann", "dan", "eve"], "{backend}");
        assert_eq!(why(block(&server, "bob", "bob").await), "person_id");
        assert_eq!(why(block(&server, "bob", "a b").await), "person_id");
        assert_eq!(why(unblock(&server, "bob", "").await), "person_id");
        let wrong = ListBlockedPeopleRequest { page_size: -1, page_token: "x".into() };
        assert_eq!(why(advisor(&server).list_blocked_people(by("bob", wrong)).await), "page_size page_token");
        let store = store(&backend).await;
        assert!(store.mentions(&user("bob")).await.unwrap());
        store.erase_blocks_by(&user("bob")).await.unwrap();
        assert!(store.blocked_by(&user("bob"), "", 10).await.unwrap().is_empty());
        assert_eq!(store.blocks_of(&user("ann")).await.unwrap(), 1, "those of others stay");
    })
    .await;
}

#[tokio::test]
async fn number_of_blocked_people_is_limited() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for number in 0..1_000 {
        block(&server, "bob", &format!("u{number}")).await.unwrap();
    }
    assert_eq!(why(block(&server, "bob", "ann").await), "person_id");
    block(&server, "bob", "u7").await.unwrap();
    unblock(&server, "bob", "u7").await.unwrap();
    block(&server, "bob", "ann").await.unwrap();
}
