//! Decisions that take more than a millisecond of CPU wait for a budget, and are fresh when they are made; small ones do not wait.

use ofself_proto::sharing::{
    Action, BatchCheckAccessRequest, CheckAccessRequest, ListOutgoingSharesRequest, Node, Resource, resource,
};
use service::cpu_work::{permit_of, permit_of_services};

use crate::{
    statements::on_both,
    test_server::{TestServer, by, tags_to},
};

fn node(tag: &str) -> Resource {
    let node = Node { id: "n".into(), tag_ids: vec![tag.into()], ..Node::default() };
    Resource { resource: Some(resource::Resource::Node(node)) }
}

#[tokio::test]
async fn large_decisions_wait_for_the_cpu_budget() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", tags_to("cyd", &["t0"])).await.unwrap();
        for number in 0..150 {
            server.create("ann", tags_to("bob", &[&format!("t{number}")])).await.unwrap();
        }
        // All of the budget for decisions.
        let held = [permit_of_services().await.unwrap(), permit_of_services().await.unwrap()];
        let mut access = server.access();
        let many_resources = tokio::spawn(async move {
            let resources = vec![node("t0"); 10_000];
            let request = BatchCheckAccessRequest {
                viewer_id: "cyd".into(),
                owner_id: "ann".into(),
                action: Action::Read.into(),
                resources,
                consistency: None,
            };
            access.batch_check_access(request).await.unwrap().into_inner().allowed == vec![true; 10_000]
        });
        let mut access = server.access();
        let many_shares = tokio::spawn(async move {
            let request = CheckAccessRequest {
                viewer_id: "bob".into(),
                owner_id: "ann".into(),
                action: Action::Read.into(),
                resource: Some(node("t149")),
                consistency: None,
            };
            access.check_access(request).await.unwrap().into_inner().allowed
        });
        for _ in 0..100 {
            assert!(server.may_read("cyd", &["t0"]).await, "{backend}: small ones are decided meanwhile");
        }
        assert!(!many_resources.is_finished() && !many_shares.is_finished(), "{backend}");
        drop(held);
        assert!(many_resources.await.unwrap() && many_shares.await.unwrap(), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn large_pages_of_a_list_wait_for_the_cpu_budget() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for number in 0..60 {
            let tags: Vec<_> = (0..60).map(|tag| format!("{number}-{tag}")).collect();
            let tags: Vec<_> = tags.iter().map(String::as_str).collect();
            server.create("ann", tags_to(&format!("bob-{number}"), &tags)).await.unwrap();
        }
        let held = [permit_of("zoe").await.unwrap(), permit_of("zoe").await.unwrap()];
        let list = |limit| ListOutgoingSharesRequest { limit: Some(limit), ..ListOutgoingSharesRequest::default() };
        let mut client = server.client();
        let large = tokio::spawn(async move {
            let page = client.list_outgoing_shares(by("ann", list(60))).await.unwrap().into_inner();
            page.shares.len()
        });
        for _ in 0..100 {
            let page = server.client().list_outgoing_shares(by("ann", list(1))).await.unwrap().into_inner();
            assert_eq!(page.shares.len(), 1, "{backend}");
        }
        assert!(!large.is_finished(), "{backend}");
        drop(held);
        assert_eq!(large.await.unwrap(), 60, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn decision_that_waited_sees_a_revocation_meanwhile() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut revoked = vec![server.create("ann", tags_to("cyd", &["t0"])).await.unwrap()];
        for number in 0..150 {
            let share = server.create("ann", tags_to("bob", &[&format!("t{number}")])).await.unwrap();
            if number == 149 {
                revoked.push(share);
            }
        }
        let held = [permit_of_services().await.unwrap(), permit_of_services().await.unwrap()];
        let batch = |viewer: &'static str, tag: &'static str, resources| {
            let mut access = server.access();
            tokio::spawn(async move {
                let request = BatchCheckAccessRequest {
                    viewer_id: viewer.into(),
                    owner_id: "ann".into(),
                    action: Action::Read.into(),
                    resources: vec![node(tag); resources],
                    consistency: None,
                };
                access.batch_check_access(request).await.unwrap().into_inner().allowed
            })
        };
        let (many_resources, many_shares) = (batch("cyd", "t0", 10_000), batch("bob", "t149", 1));
        for _ in 0..100 {
            assert!(!server.may_read("zoe", &["t0"]).await);
        }
        for share in &revoked {
            server.revoke("ann", &share.id).await.unwrap();
        }
        assert!(!many_resources.is_finished() && !many_shares.is_finished(), "{backend}");
        drop(held);
        assert_eq!(many_resources.await.unwrap(), vec![false; 10_000], "{backend}");
        assert_eq!(many_shares.await.unwrap(), [false], "{backend}");
    })
    .await;
}
