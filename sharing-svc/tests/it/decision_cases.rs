//! Decisions as data: each case is shares, a time, and checks with their results.

use std::path::{Path, PathBuf};

use ofself_proto::sharing::{
    self as wire, BatchCheckAccessRequest, BatchCheckRequest, CheckAccessRequest, CheckItem, ExplainAccessRequest,
    ListOwnersRequest, access_service_client::AccessServiceClient,
};
use serde::Deserialize;
use sharing_svc::domain::access::{AccessSet, explain};
use types::{Id, Timestamp};

use crate::statements::on_both;
use crate::{
    test_server::{START, TestServer, store},
    world::{CaseNode, CaseResource, CaseShare, action, chains_between, shares},
};

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    description: String,
    now: chrono::DateTime<chrono::Utc>,
    shares: Vec<CaseShare>,
    queries: Vec<Query>,
}

#[derive(Clone, Deserialize)]
struct Query {
    viewer_id: String,
    owner_id: String,
    action: String,
    #[serde(flatten)]
    resource: CaseResource,
    allowed: bool,
}

/// The cases of this project, and those of an implementation that is not ours where they stand beside it.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = root.join("tests/cases/decisions.json");
    let theirs = root.join("../../shared/vectors/sharing.json");
    let read = |path: &PathBuf| std::fs::read_to_string(path).ok();
    let mut cases: Vec<Case> = serde_json::from_str(&read(&ours).expect("the cases of this project")).unwrap();
    if let Some(theirs) = read(&theirs) {
        cases.extend(serde_json::from_str::<Vec<Case>>(&theirs).unwrap());
    }
    cases
}

#[test]
fn engine_decides_every_vector() {
    for (number, case) in cases().iter().enumerate() {
        let now = Timestamp::new(case.now).unwrap();
        let made = shares(&case.shares, "");
        for (index, query) in case.queries.iter().enumerate() {
            let chains = chains_between(&made, &query.owner_id, &query.viewer_id);
            let is_owner = query.viewer_id == query.owner_id;
            let allows = AccessSet::new(&chains).allows(action(&query.action), query.resource.facts(), now);
            let of = |name: &str| Id::parse(name).unwrap();
            let explained = explain(
                &chains,
                &of(&query.viewer_id),
                &of(&query.owner_id),
                action(&query.action),
                query.resource.facts(),
                now,
            );
            let expected = query.allowed;
            let place = format!("case {number} ({}), query {index}", case.description);
            assert_eq!((is_owner || allows, explained.allowed), (expected, expected), "{place}: {}", explained.reason);
        }
    }
}

#[tokio::test]
async fn service_decides_every_vector() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let store = store(&backend).await;
        let mut client = AccessServiceClient::new(server.channel.clone());
        for (number, case) in cases().iter().enumerate() {
            let prefix = format!("{number}.");
            // As they stand in the store, whether or not any history of changes could have left them so.
            let change = store.begin(None, None, types::Origin::system()).await.unwrap();
            for share in shares(&case.shares, &prefix) {
                change.raise_owner(&share.owner, share.created_at).await.unwrap();
                change.insert(&share, share.created_at).await.unwrap();
            }
            change.commit(None).await.unwrap();
            server.at(case.now.timestamp() - START);
            let mut items = Vec::new();
            for (index, query) in case.queries.iter().enumerate() {
                let place = format!("{backend}: case {number} ({}), query {index}", case.description);
                let user = |name: &str| format!("{prefix}{name}");
                let (viewer_id, owner_id) = (user(&query.viewer_id), user(&query.owner_id));
                let action = asked(&query.action);
                let resource = Some(on_the_wire(&query.resource));
                let check = CheckAccessRequest {
                    viewer_id: viewer_id.clone(),
                    owner_id: owner_id.clone(),
                    action,
                    resource: resource.clone(),
                    consistency: None,
                };
                let checked = client.check_access(check).await.unwrap().into_inner();
                assert_eq!(checked.allowed, query.allowed, "{place}");
                assert_eq!(!checked.share_ids.is_empty(), query.allowed && viewer_id != owner_id, "{place}");
                let explain = ExplainAccessRequest {
                    viewer_id: viewer_id.clone(),
                    owner_id: owner_id.clone(),
                    action,
                    resource: resource.clone(),
                    consistency: None,
                };
                let explained = client.explain_access(explain).await.unwrap().into_inner();
                assert_eq!(explained.allowed, query.allowed, "{place}");
                if query.allowed {
                    let allowing = explained.shares.into_iter().filter(|verdict| verdict.allows);
                    let allowing: Vec<_> = allowing.map(|verdict| verdict.share_id).collect();
                    assert_eq!(allowing, checked.share_ids, "{place}");
                }
                items.push(CheckItem {
                    viewer_id: viewer_id.clone(),
                    owner_id: owner_id.clone(),
                    action,
                    resource: resource.clone(),
                });
                if query.allowed && viewer_id != owner_id {
                    let owners = ListOwnersRequest { viewer_id: viewer_id.clone(), action, ..Default::default() };
                    let owners = client.list_owners(owners).await.unwrap().into_inner().owners;
                    let found = owners.iter().find(|found| found.owner_id == owner_id).expect("the owner");
                    assert!(checked.share_ids.iter().all(|share| found.share_ids.contains(share)), "{place}");
                }
                let batch = BatchCheckAccessRequest {
                    viewer_id,
                    owner_id,
                    action,
                    resources: resource.into_iter().collect(),
                    consistency: None,
                };
                assert_eq!(client.batch_check_access(batch).await.unwrap().into_inner().allowed, [query.allowed]);
            }
            // All questions of the case at once, about all its viewers and owners.
            let expected: Vec<_> = case.queries.iter().map(|query| query.allowed).collect();
            let all = BatchCheckRequest { items, consistency: None };
            let answer = client.batch_check(all).await.unwrap().into_inner();
            assert_eq!(answer.allowed, expected, "{backend}: case {number} ({})", case.description);
        }
    })
    .await;
}

fn asked(action: &str) -> i32 {
    wire::Action::from_str_name(&format!("ACTION_{}", action.to_uppercase())).unwrap().into()
}

fn on_the_wire(resource: &CaseResource) -> wire::Resource {
    let resource = match resource {
        CaseResource::Node(only) => wire::resource::Resource::Node(node(only)),
        CaseResource::Relationship { source, target } => wire::resource::Resource::Relationship(wire::Relationship {
            source: Some(node(source)),
            target: Some(node(target)),
        }),
    };
    wire::Resource { resource: Some(resource) }
}

fn node(node: &CaseNode) -> wire::Node {
    let CaseNode { id, tag_ids, graph_root_ids } = node.clone();
    wire::Node { id, tag_ids, graph_root_ids }
}
