//! Filters pushed into SQL, over worlds made up at random.

use std::{collections::BTreeSet, future::Future};

use exposure_svc::domain::Rules;
use node_store::{Condition, Node, Nodes};
use ofself_proto::{
    exposure::{
        EvaluateNodesRequest, GetExposureFilterRequest, Predicate, encoded, evaluate_nodes_request,
        exposure_service_client::ExposureServiceClient, get_exposure_filter_request, predicate,
    },
    sharing::{
        BatchCheckAccessRequest, GetAccessFilterRequest, Resource, access_service_client::AccessServiceClient, resource,
    },
};
use persistence::{Database, feed::EventLimit};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use runtime::{clock::Clock, shutdown::Shutdown};
use service::Service;
use test_kit::{Backend, on_both};
use tonic::transport::Channel;

use crate::{exposure_world, sharing_world};

/// Nodes in the store.
const NODES: usize = 200;
/// Worlds of shares; each is asked about by 3 viewers × 4 actions: 50 × 12 × 200 = 120,000 decisions.
const SHARE_WORLDS: usize = 50;
/// Profiles: 600 × 200 = 120,000 decisions.
const PROFILES: usize = 600;

/// Values made up at random, the same at every run.
fn made_up<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Nodes that both worlds speak of.
fn nodes() -> Vec<Node> {
    let shared = made_up(sharing_world::random_node(), NODES);
    let exposed = made_up(exposure_world::random_node(), NODES);
    let pairs = shared.into_iter().zip(exposed).enumerate();
    pairs
        .map(|(number, (shared, exposed))| Node {
            // Most nodes are none that a share or a profile names.
            id: if number < 6 { format!("node-{number}") } else { format!("node-{}-{number}", shared.id) },
            owner: "ann".into(),
            title: String::new(),
            node_type: exposed.node_type,
            schema: exposed.schema_id,
            created_at: exposed.created_at.timestamp_micros(),
            tags: exposed.tags.into_iter().map(|tag| (tag.id, tag.name)).collect(),
            roots: shared.graph_root_ids,
        })
        .collect()
}

async fn serve(service: anyhow::Result<Service>, shutdown: &Shutdown) -> Channel {
    let service = service.unwrap();
    let url = format!("http://{}", service.address().unwrap());
    tokio::spawn(service.serve(shutdown.clone()));
    Channel::from_shared(url).unwrap().connect().await.unwrap()
}

fn listed(nodes: &[Node], allowed: &[bool]) -> BTreeSet<String> {
    assert_eq!(nodes.len(), allowed.len());
    nodes.iter().zip(allowed).filter(|(_, allowed)| **allowed).map(|(node, _)| node.id.clone()).collect()
}

async fn selected(store: &Nodes, condition: &Condition) -> BTreeSet<String> {
    store.list(condition).await.unwrap().into_iter().map(|(id, _)| id).collect()
}

#[tokio::test]
async fn access_filter_agrees_with_checks() {
    both(|backend, store, nodes| async move {
        let arguments = ["sharing-svc", "serve", "--listen", "127.0.0.1:0", "--database-url", &backend.url()];
        let command = service::settings::parse_from::<sharing_svc::SharingSvc>(arguments).unwrap();
        let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
        let (clock, _hand) = Clock::manual(sharing_world::day_of(10));
        let shutdown = Shutdown::new();
        let channel = serve(sharing_svc::open(settings.clone(), clock).await, &shutdown).await;
        let database = Database::connect(&settings.service.database, sharing_svc::storage::SCHEMA).await.unwrap();
        let feed = persistence::feed::FeedHub::start(database.clone()).await.unwrap();
        let kept = sharing_svc::storage::Store::new(database, feed, persistence::StoredBytes::UNLIMITED);
        let mut client = AccessServiceClient::new(channel);
        let resources: Vec<_> =
            nodes.iter().map(|node| Resource { resource: Some(resource::Resource::Node(node.to_shared())) }).collect();
        let mut yes = 0;
        for (number, world) in made_up(sharing_world::random_shares(), SHARE_WORLDS).into_iter().enumerate() {
            let change = kept.begin(None, None, types::Origin::system()).await.unwrap();
            for share in sharing_world::shares(&world, &format!("{number}.")) {
                change.raise_owner(&share.owner, share.created_at).await.unwrap();
                change.insert(&share, share.created_at).await.unwrap();
            }
            change.commit(None).await.unwrap();
            let user = |name: &str| format!("{number}.{name}");
            for viewer in &sharing_world::USERS[1..] {
                for action in 1..=4 {
                    let (viewer_id, owner_id) = (user(viewer), user("ann"));
                    let question = GetAccessFilterRequest {
                        viewer_id: viewer_id.clone(),
                        owner_id: owner_id.clone(),
                        action,
                        consistency: None,
                    };
                    let filter = client.get_access_filter(question).await.unwrap().into_inner();
                    let mut condition = Condition::owned_by(store.dialect(), "ann");
                    condition.and_shared(&filter);
                    let question = BatchCheckAccessRequest {
                        viewer_id,
                        owner_id,
                        action,
                        resources: resources.clone(),
                        consistency: None,
                    };
                    let allowed = client.batch_check_access(question).await.unwrap().into_inner().allowed;
                    yes += allowed.iter().filter(|allowed| **allowed).count();
                    let expected = listed(&nodes, &allowed);
                    assert_eq!(selected(&store, &condition).await, expected, "{backend}: {}", condition.sql);
                }
            }
        }
        assert!(yes > 1_000, "a world in which nothing is allowed shows nothing: {yes}");
        shutdown.begin();
    })
    .await;
}

#[tokio::test]
async fn exposure_filter_agrees_with_checks() {
    both(|backend, store, nodes| async move {
        let arguments = ["exposure-svc", "serve", "--listen", "127.0.0.1:0", "--database-url", &backend.url()];
        let command = service::settings::parse_from::<exposure_svc::ExposureSvc>(arguments).unwrap();
        let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
        let shutdown = Shutdown::new();
        let channel = serve(exposure_svc::open(settings.clone(), Clock::system()).await, &shutdown).await;
        let database = Database::connect(&settings.service.database, exposure_svc::storage::SCHEMA).await.unwrap();
        let feed = persistence::feed::FeedHub::start(database.clone()).await.unwrap();
        let kept = exposure_svc::storage::Store::new(database, feed, persistence::StoredBytes::UNLIMITED);
        let mut client = ExposureServiceClient::new(channel);
        let mut yes = 0;
        for rules in made_up(exposure_world::random_rules(), PROFILES) {
            let profile = exposure_world::profile("ann", rules as Rules, true);
            let change = kept.begin(&profile.owner, None, types::Origin::system()).await.unwrap();
            change.raise_user(profile.created_at).await.unwrap();
            change.insert(&profile, EventLimit::Enforced).await.unwrap();
            change.commit(None).await.unwrap();
            let id = profile.id.to_string();
            let question = GetExposureFilterRequest {
                user_id: "ann".into(),
                subject: Some(get_exposure_filter_request::Subject::ProfileId(id.clone())),
                consistency: None,
            };
            let filter = client.get_exposure_filter(question).await.unwrap().into_inner();
            let mut condition = Condition::owned_by(store.dialect(), "ann");
            condition.and_exposed(filter.filter.as_ref()).unwrap();
            let question = EvaluateNodesRequest {
                user_id: "ann".into(),
                subject: Some(evaluate_nodes_request::Subject::ProfileId(id)),
                nodes: encoded(&nodes.iter().map(Node::to_exposed).collect::<Vec<_>>()),
                consistency: None,
            };
            let exposed = client.evaluate_nodes(question).await.unwrap().into_inner().exposed;
            yes += exposed.iter().filter(|exposed| **exposed).count();
            let expected = listed(&nodes, &exposed);
            assert_eq!(selected(&store, &condition).await, expected, "{backend}: {}", condition.sql);
        }
        assert!(yes > 1_000, "profiles that expose nothing show nothing: {yes}");
        shutdown.begin();
    })
    .await;
}

/// With the service's data and the nodes in SQLite, and then both in PostgreSQL.
async fn both<F: Future<Output = ()>>(behaviour: impl Fn(Backend, Nodes, Vec<Node>) -> F) {
    on_both(|backend| async {
        let store = Nodes::create(&backend.other_url()).await.unwrap();
        let nodes = nodes();
        store.insert(&nodes).await.unwrap();
        behaviour(backend, store, nodes).await;
    })
    .await;
}

#[tokio::test]
async fn filter_of_a_thousand_tags_is_shallow() {
    both(|backend, store, nodes| async move {
        let has = |tag: usize| Predicate { predicate: Some(predicate::Predicate::HasTagId(format!("tag-{tag}"))) };
        let any = predicate::Any { predicates: (0..1_000).map(has).collect() };
        let none = Predicate { predicate: Some(predicate::Predicate::Or(any)) };
        let none = Predicate { predicate: Some(predicate::Predicate::Not(Box::new(none))) };
        let mut condition = Condition::owned_by(store.dialect(), "ann");
        condition.and_exposed(Some(&none)).unwrap();
        let untagged = nodes.iter().filter(|node| node.tags.is_empty()).map(|node| node.id.clone()).collect();
        assert_eq!(selected(&store, &condition).await, untagged, "{backend}");
    })
    .await;
}

#[test]
fn filter_with_an_unknown_predicate_is_rejected() {
    use predicate::{All, Any, Predicate as Kind};
    let of = |kind| Predicate { predicate: Some(kind) };
    // What this store decodes of a predicate that a newer service sends.
    let unknown = || Predicate { predicate: None };
    let tag = || of(Kind::HasTagId("t1".to_owned()));
    for filter in [
        unknown(),
        of(Kind::Not(Box::new(unknown()))),
        of(Kind::And(All { predicates: vec![tag(), unknown()] })),
        of(Kind::Or(Any { predicates: vec![tag(), of(Kind::Not(Box::new(unknown())))] })),
    ] {
        let mut condition = Condition::owned_by(node_store::Dialect::Sqlite, "ann");
        let before = condition.sql.clone();
        assert!(condition.and_exposed(Some(&filter)).is_err(), "{filter:?}");
        assert_eq!(condition.sql, before);
    }
    assert!(Condition::owned_by(node_store::Dialect::Sqlite, "ann").and_exposed(None).is_err());
    assert!(Condition::owned_by(node_store::Dialect::Sqlite, "ann").and_exposed(Some(&tag())).is_ok());
}
