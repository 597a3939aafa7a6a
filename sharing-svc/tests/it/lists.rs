use ofself_proto::sharing::{ListIncomingSharesRequest, ListOutgoingSharesRequest, Share};

use crate::statements::on_both;
use crate::test_server::{TestServer, by, everything_to, of, passable, tags_to, why};

async fn outgoing(server: &TestServer, user: &str, limit: i32, offset: i64) -> (Vec<Share>, i64) {
    let request = ListOutgoingSharesRequest { limit: Some(limit), offset: Some(offset), is_active: None };
    let page = server.client().list_outgoing_shares(by(user, request)).await.unwrap().into_inner();
    (page.shares, page.total)
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_a_row() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut made = Vec::new();
        for tag in 0..23 {
            // Several of the same moment.
            server.at(tag / 5);
            made.push(server.create("ann", tags_to("bob", &[&format!("t{tag}")])).await.unwrap());
        }
        made.reverse();
        let mut listed = Vec::new();
        for offset in (0..).step_by(5) {
            let (page, total) = outgoing(&server, "ann", 5, offset).await;
            assert_eq!(total, 23);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, made, "{backend}: newest first, each once");
        assert_eq!(outgoing(&server, "ann", 1000, 0).await.0.len(), 23);
        assert_eq!(outgoing(&server, "ann", 5, i64::MAX).await.0.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn outgoing_lists_shares_of_own_data_and_own_reshares() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let child = server.create("bob", of(&parent, everything_to("cyd"))).await.unwrap();
        assert_eq!(outgoing(&server, "ann", 10, 0).await, (vec![child.clone(), parent], 2), "{backend}");
        assert_eq!(outgoing(&server, "bob", 10, 0).await, (vec![child.clone()], 1), "{backend}: he granted it");
        assert_eq!(child.shared_by_user_id, "bob");
        // His own data and re-shares of others' are one list, newest first, in pages that neither repeat nor skip.
        server.at(1);
        let own = server.create("bob", everything_to("ann")).await.unwrap();
        assert_eq!(outgoing(&server, "bob", 1, 0).await, (vec![own], 2));
        assert_eq!(outgoing(&server, "bob", 1, 1).await, (vec![child.clone()], 2));
        assert_eq!(outgoing(&server, "cyd", 10, 0).await, (Vec::new(), 0), "what she received she did not grant");
        let incoming = server.client().list_incoming_shares(by("cyd", ListIncomingSharesRequest::default())).await;
        assert_eq!(incoming.unwrap().into_inner().shares, [child]);
    })
    .await;
}

#[tokio::test]
async fn page_below_one_is_rejected() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let request = ListOutgoingSharesRequest { limit: Some(0), offset: Some(-1), is_active: None };
        assert_eq!(why(server.client().list_outgoing_shares(by("ann", request)).await), "limit offset");
    })
    .await;
}
