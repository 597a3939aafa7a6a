//! What services that hold nodes ask, from a share's birth to its end.

use ofself_proto::sharing::{
    Action, BatchCheckAccessRequest, CheckAccessRequest, Consistency, GetAccessFilterRequest, GetAccessFilterResponse,
    ListViewersRequest, Node, Relationship, Resource, ShareChanges, ShareScope, consistency::Requirement,
    get_access_filter_response::Filter, resource,
};
use test_kit::Backend;
use tonic::Code;

use crate::statements::on_both;
use crate::test_server::{TestServer, after, everything_to, of, passable, tags_to, why};

pub fn node(id: &str, tags: &[&str], roots: &[&str]) -> Node {
    let texts = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
    Node { id: id.to_owned(), tag_ids: texts(tags), graph_root_ids: texts(roots) }
}

#[expect(clippy::unnecessary_wraps, reason = "messages hold it so")]
fn a_node(node: Node) -> Option<Resource> {
    Some(Resource { resource: Some(resource::Resource::Node(node)) })
}

fn check(viewer: &str, action: Action, resource: Option<Resource>) -> CheckAccessRequest {
    CheckAccessRequest {
        viewer_id: viewer.to_owned(),
        owner_id: "ann".to_owned(),
        action: action.into(),
        resource,
        consistency: None,
    }
}

pub async fn may(server: &TestServer, viewer: &str, action: Action, node: Node) -> bool {
    server.access().check_access(check(viewer, action, a_node(node))).await.unwrap().into_inner().allowed
}

async fn filter(server: &TestServer, viewer: &str, action: Action) -> GetAccessFilterResponse {
    let request = GetAccessFilterRequest {
        viewer_id: viewer.to_owned(),
        owner_id: "ann".to_owned(),
        action: action.into(),
        consistency: None,
    };
    server.access().get_access_filter(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn decision_reflects_every_change_immediately() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let work = || node("n", &["work"], &[]);
        assert!(!may(&server, "bob", Action::Read, work()).await);

        let share = server.create("ann", passable(tags_to("bob", &["work", "home"]))).await.unwrap();
        let passed = server.create("bob", of(&share, tags_to("cyd", &["work"]))).await.unwrap();
        let answer =
            server.access().check_access(check("cyd", Action::Read, a_node(work()))).await.unwrap().into_inner();
        assert_eq!((answer.allowed, answer.share_ids), (true, vec![passed.id.clone()]));
        assert!(!may(&server, "cyd", Action::Write, work()).await);
        assert!(!may(&server, "bob", Action::Read, node("n", &["Work"], &[])).await);

        // Narrowed above: the re-share narrows with it, without a change of its own.
        let narrower = ShareChanges { tag_ids: vec!["home".into()], ..ShareChanges::default() };
        server.update("ann", &share.id, narrower, &["tag_ids"]).await.unwrap();
        assert!(!may(&server, "cyd", Action::Read, work()).await);
        let back = ShareChanges { tag_ids: vec!["home".into(), "work".into()], ..ShareChanges::default() };
        server.update("ann", &share.id, back, &["tag_ids"]).await.unwrap();
        assert!(may(&server, "cyd", Action::Read, work()).await);

        let kept = ShareChanges { can_share: Some(false), ..ShareChanges::default() };
        server.update("ann", &share.id, kept, &["can_share"]).await.unwrap();
        assert_eq!(
            (may(&server, "bob", Action::Read, work()).await, may(&server, "cyd", Action::Read, work()).await),
            (true, false)
        );

        let ending = ShareChanges { expires_at: after(60), ..ShareChanges::default() };
        server.update("ann", &share.id, ending, &["expires_at"]).await.unwrap();
        server.at(59);
        assert!(may(&server, "bob", Action::Read, work()).await);
        server.at(60);
        assert!(!may(&server, "bob", Action::Read, work()).await);

        let other = server.create("ann", everything_to("bob")).await.unwrap();
        assert!(may(&server, "bob", Action::Read, work()).await);
        server.revoke("ann", &other.id).await.unwrap();
        assert!(!may(&server, "bob", Action::Read, work()).await);
    })
    .await;
}

#[tokio::test]
async fn filter_has_a_clause_per_share_and_a_selection_per_link() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        assert_eq!(filter(&server, "bob", Action::Read).await.filter, Some(Filter::Nothing(true)));
        assert_eq!(filter(&server, "ann", Action::Delete).await.filter, Some(Filter::Everything(true)));

        let mut nodes = passable(everything_to("bob"));
        nodes.scope = ShareScope::SpecificNodes.into();
        nodes.node_ids = vec!["n2".into(), "n1".into()];
        nodes.expires_at = after(100);
        let above = server.create("ann", nodes).await.unwrap();
        let mut tags = tags_to("bob", &["work"]);
        tags.expires_at = after(50);
        server.create("ann", tags).await.unwrap();
        let answer = filter(&server, "bob", Action::Read).await;
        let Some(Filter::AnyOf(clauses)) = answer.filter else { panic!("{answer:?}") };
        let mut shown: Vec<_> = clauses
            .clauses
            .iter()
            .map(|clause| {
                let all_of = clause.all_of.iter().map(|selection| {
                    format!("{:?}{:?}{:?}", selection.tag_ids, selection.node_ids, selection.graph_root_ids)
                });
                all_of.collect::<Vec<_>>().join(" and ")
            })
            .collect();
        shown.sort();
        assert_eq!(shown, [r#"["work"][][]"#, r#"[]["n2", "n1"][]"#]);
        assert_eq!(answer.valid_until, after(50));
        assert_eq!(filter(&server, "bob", Action::Write).await.filter, Some(Filter::Nothing(true)));

        // Narrowed above to what is not within: both links bound what was passed on.
        let mut passed = everything_to("cyd");
        passed.scope = ShareScope::SpecificNodes.into();
        passed.node_ids = vec!["n1".into()];
        passed.expires_at = after(100);
        server.create("bob", of(&above, passed)).await.unwrap();
        let only = |answer: GetAccessFilterResponse| match answer.filter {
            Some(Filter::AnyOf(clauses)) => clauses.clauses[0].all_of.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(only(filter(&server, "cyd", Action::Read).await), 1);
        let scope = ShareScope::SpecificTags.into();
        let changes = ShareChanges { scope, tag_ids: vec!["home".into()], ..ShareChanges::default() };
        server.update("ann", &above.id, changes, &["scope", "tag_ids"]).await.unwrap();
        assert_eq!(only(filter(&server, "cyd", Action::Read).await), 2);

        // Everything, for as long as a share of everything lasts.
        let mut everything = everything_to("bob");
        everything.expires_at = after(70);
        server.create("ann", everything).await.unwrap();
        let answer = filter(&server, "bob", Action::Read).await;
        assert_eq!((answer.filter, answer.valid_until), (Some(Filter::Everything(true)), after(70)));
    })
    .await;
}

#[tokio::test]
async fn viewers_are_listed_with_their_shares() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let first = server.create("ann", passable(tags_to("cyd", &["work"]))).await.unwrap();
        let second = server.create("ann", everything_to("cyd")).await.unwrap();
        let passed = server.create("cyd", of(&first, tags_to("bob", &["work"]))).await.unwrap();
        server.create("ann", tags_to("dan", &["home"])).await.unwrap();
        let ended = server.create("ann", everything_to("eve")).await.unwrap();
        server.revoke("ann", &ended.id).await.unwrap();
        let request = ListViewersRequest {
            owner_id: "ann".into(),
            node: Some(node("n", &["work"], &[])),
            ..ListViewersRequest::default()
        };
        let viewers = server.access().list_viewers(request).await.unwrap().into_inner().viewers;
        let shown: Vec<_> = viewers
            .iter()
            .map(|viewer| (viewer.viewer_id.as_str(), viewer.actions().collect::<Vec<_>>(), viewer.share_ids.clone()))
            .collect();
        let read = vec![Action::Read];
        let both = vec![Action::Read, Action::Share];
        assert_eq!(shown, [("bob", read, vec![passed.id]), ("cyd", both, vec![first.id, second.id])]);
    })
    .await;
}

#[tokio::test]
async fn all_wrong_fields_of_a_check_are_reported() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let mut access = server.access();
    assert_eq!(why(access.check_access(CheckAccessRequest::default()).await), "action owner_id resource viewer_id");
    let wrong = Resource {
        resource: Some(resource::Resource::Relationship(Relationship {
            source: Some(node("", &["a tag"], &["r", "\0"])),
            target: None,
        })),
    };
    assert_eq!(
        why(access.check_access(check("bob", Action::Read, Some(wrong.clone()))).await),
        "resource.relationship.source.graph_root_ids[1] resource.relationship.source.id \
         resource.relationship.source.tag_ids[0] resource.relationship.target"
    );
    let unknown = Consistency { requirement: Some(Requirement::AtLeastAsFresh("from elsewhere".into())) };
    let mut request = check("bob", Action::Read, a_node(node("n", &[], &[])));
    request.consistency = Some(unknown);
    assert_eq!(why(access.check_access(request).await), "consistency.at_least_as_fresh");

    let batch = |resources| BatchCheckAccessRequest {
        viewer_id: "bob".into(),
        owner_id: "ann".into(),
        action: Action::Read.into(),
        resources,
        consistency: None,
    };
    assert_eq!(why(access.batch_check_access(batch(vec![wrong; 2])).await).split(' ').count(), 8);
    assert_eq!(why(access.batch_check_access(batch(Vec::new())).await), "resources");
    let many = vec![Resource::default(); 10_001];
    assert_eq!(why(access.batch_check_access(batch(many)).await), "resources");
    // Two bytes each, which would take a hundred in memory: not decoded.
    let millions = vec![Resource::default(); 2_000_000];
    assert_eq!(why(access.batch_check_access(batch(millions)).await), "MESSAGE_TOO_LARGE");
    let many_tags: Vec<_> = (0..1_001).map(|tag| tag.to_string()).collect();
    let tagged = Node { tag_ids: many_tags, ..node("n", &[], &[]) };
    assert_eq!(why(access.check_access(check("bob", Action::Read, a_node(tagged))).await), "resource.node.tag_ids");
}

#[tokio::test]
async fn ten_thousand_nodes_keep_their_order() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", tags_to("bob", &["tag-3"])).await.unwrap();
        let resources: Vec<_> = (0..10_000)
            .filter_map(|number| a_node(node(&format!("n-{number}"), &[&format!("tag-{}", number % 7), "other"], &[])))
            .collect();
        let request = BatchCheckAccessRequest {
            viewer_id: "bob".into(),
            owner_id: "ann".into(),
            action: Action::Read.into(),
            resources,
            consistency: None,
        };
        let allowed = server.access().batch_check_access(request).await.unwrap().into_inner().allowed;
        assert!(allowed.iter().enumerate().all(|(number, allowed)| *allowed == (number % 7 == 3)));
        assert_eq!(allowed.len(), 10_000);
    })
    .await;
}

#[tokio::test]
async fn too_large_filter_is_rejected_and_checks_work() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
    for tag in 0..60 {
        server.create("bob", of(&parent, tags_to("cyd", &[&format!("tag-{tag}")]))).await.unwrap();
    }
    // Each clause names these nodes too.
    let nodes = ShareChanges {
        scope: ShareScope::SpecificNodes.into(),
        node_ids: (0..1_000).map(|node| format!("n{node}")).collect(),
        ..ShareChanges::default()
    };
    server.update("ann", &parent.id, nodes, &["scope", "node_ids"]).await.unwrap();
    let request = GetAccessFilterRequest {
        viewer_id: "cyd".to_owned(),
        owner_id: "ann".to_owned(),
        action: Action::Read.into(),
        consistency: None,
    };
    let refused = server.access().get_access_filter(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(may(&server, "cyd", Action::Read, node("n999", &["tag-59"], &[])).await);
    assert!(!may(&server, "cyd", Action::Read, node("elsewhere", &["tag-59"], &[])).await);
}
