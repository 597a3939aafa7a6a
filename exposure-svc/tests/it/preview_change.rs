//! `PreviewChange`: what a change of a profile would expose and hide, compared with the decisions and with every node that could be.

use exposure_svc::domain::{Comparison, Difference, Rules, exposure::CompiledProfile};
use ofself_proto::exposure::{
    EvaluateNodesRequest, NodeDescription, PreviewChangeRequest, PreviewChangeResponse, ProfileDraft, Tag, TagFilters,
    evaluate_nodes_request::Subject, exposure_advisor_service_client::ExposureAdvisorServiceClient,
};
use proptest::{prelude::*, sample::subsequence};
use prost::Message;
use prost_types::{FieldMask, Timestamp};
use tonic::Status;

use crate::{
    formula::{FIELDS, every_node, with_field},
    statements::on_both,
    test_server::{START, TestServer, by, named, strings, why},
    world::random_rules,
};

/// How many kinds of nodes `version` exposes and `other` does not.
fn only_in(version: (&Rules, bool), other: (&Rules, bool)) -> usize {
    let (exposes, hides) = (CompiledProfile::new(version.0, version.1), CompiledProfile::new(other.0, other.1));
    let mut found = 0;
    every_node([version.0, other.0], |node| found += usize::from(exposes.exposes(node) && !hides.exposes(node)));
    found
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        max_global_rejects: 100_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// "There is none" is never wrong, and an example really is exposed by one version only.
    #[test]
    fn comparison_equals_brute_force(
        before in random_rules(),
        other in random_rules(),
        fields in subsequence(FIELDS.to_vec(), 1..=3),
        was_active in prop::bool::weighted(0.85),
        is_active in prop::bool::weighted(0.85),
    ) {
        let after = fields.iter().fold(before.clone(), |rules, field| with_field(field, &other, &rules));
        let references = before.tags().union(&after.tags()).count();
        prop_assume!(references <= 6);
        let (before, after) = ((&before, was_active), (&after, is_active));
        let comparison = Comparison::of(before, after);
        prop_assert!(comparison.is_proven(), "small profiles are decided");
        for (difference, version, other) in [(comparison.gained, after, before), (comparison.lost, before, after)] {
            let found = only_in(version, other);
            match difference {
                Difference::Nothing => prop_assert_eq!(found, 0),
                Difference::Undecided => prop_assert!(false, "undecided"),
                Difference::Such(example) => {
                    prop_assert!(found > 0);
                    let exposes = CompiledProfile::new(version.0, version.1);
                    let hides = CompiledProfile::new(other.0, other.1);
                    let is_example = example.with_facts(|node| exposes.exposes(node) && !hides.exposes(node));
                    prop_assert!(is_example, "{:?}", example);
                }
            }
        }
    }
}

async fn preview(
    server: &TestServer,
    user: &str,
    request: PreviewChangeRequest,
) -> Result<PreviewChangeResponse, Status> {
    let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
    Ok(client.preview_change(by(user, request)).await?.into_inner())
}

fn node(id: &str, tags: &[(&str, &str)]) -> NodeDescription {
    NodeDescription {
        id: id.into(),
        node_type: "note".into(),
        tags: tags.iter().map(|(id, name)| Tag { id: (*id).into(), name: (*name).into() }).collect(),
        schema_id: None,
        created_at: Some(Timestamp { seconds: START, nanos: 0 }),
    }
}

fn filtered(name: &str, any: &[&str], none: &[&str]) -> ProfileDraft {
    let tag_filters = TagFilters { include_any: strings(any), exclude_any: strings(none), include_all: Vec::new() };
    ProfileDraft { tag_filters: Some(tag_filters), ..named(name) }
}

fn mask(paths: &[&str]) -> FieldMask {
    FieldMask { paths: strings(paths) }
}

#[tokio::test]
async fn preview_agrees_with_the_decisions_before_and_after() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "work"), ("t2", "private")]).await;
        let profile = server.create("ann", filtered("Work", &["work"], &["private"])).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        let nodes = vec![
            node("work", &[("t1", "")]),
            node("both", &[("t1", ""), ("t2", "private")]),
            node("private", &[("t2", "")]),
            node("none", &[]),
        ];
        let exposed = async || {
            let named = [
                node("work", &[("t1", "work")]),
                node("both", &[("t1", "work"), ("t2", "private")]),
                node("private", &[("t2", "private")]),
                node("none", &[]),
            ];
            let request = EvaluateNodesRequest {
                user_id: "ann".into(),
                nodes: named.iter().map(|node| node.encode_to_vec().into()).collect(),
                subject: Some(Subject::AppId("app".into())),
                consistency: None,
            };
            server.decisions().evaluate_nodes(request).await.unwrap().into_inner().exposed
        };
        let before = exposed().await;
        let changed = filtered("Work", &[], &["draft"]);
        let paths = ["tag_filters.include_any", "tag_filters.exclude_any"];
        let request = PreviewChangeRequest {
            profile_id: profile.id.clone(),
            profile: Some(ProfileDraft { name: None, ..changed.clone() }),
            update_mask: Some(mask(&paths)),
            nodes: nodes.clone(),
            is_active: None,
        };
        let previewed = preview(&server, "ann", request.clone()).await.unwrap();
        assert_eq!(server.get("ann", &profile.id).await.unwrap(), profile, "{backend}: nothing is written");
        server.update("ann", &profile.id, changed, &paths).await.unwrap();
        let after = exposed().await;
        let ids = |was: bool, is: bool| -> Vec<String> {
            let decided = nodes.iter().zip(before.iter().zip(&after));
            decided.filter(|(_, (b, a))| (**b, **a) == (was, is)).map(|(node, _)| node.id.clone()).collect()
        };
        assert_eq!(previewed.gained, ids(false, true));
        assert_eq!(previewed.lost, ids(true, false));
        assert_eq!((previewed.gained.len(), previewed.lost.len(), previewed.proven), (3, 0, true));
        let text = previewed.example_gained.unwrap().text;
        assert!(text.starts_with("a node "), "{text}");
        // What had both tags was hidden, and `draft` was not.
        let lost = previewed.example_lost.unwrap();
        assert!(lost.text.contains("`draft`"), "{}", lost.text);
        let codes: Vec<_> = previewed.warnings.iter().map(|warning| warning.code.as_str()).collect();
        assert!(codes.contains(&"WIDENED") && codes.contains(&"TAG_UNKNOWN"), "{codes:?}");
        // As it is now: no change, and the proof of it.
        let again = preview(&server, "ann", request).await.unwrap();
        assert_eq!((again.gained.len(), again.lost.len(), again.proven), (0, 0, true));
        assert!(again.example_gained.is_none() && again.example_lost.is_none());
    })
    .await;
}

#[tokio::test]
async fn example_is_gained_when_it_is_sent_back() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", filtered("Work", &["work"], &[])).await.unwrap();
        let draft = ProfileDraft { allowed_node_types: strings(&["GOAL"]), ..filtered("x", &["home"], &["private"]) };
        let mut request =
            PreviewChangeRequest { profile_id: profile.id.clone(), profile: Some(draft), ..Default::default() };
        let first = preview(&server, "ann", request.clone()).await.unwrap();
        let (gained, lost) = (first.example_gained.unwrap(), first.example_lost.unwrap());
        let mut nodes = vec![gained.node.unwrap(), lost.node.unwrap()];
        for (node, id) in nodes.iter_mut().zip(["gained", "lost"]) {
            id.clone_into(&mut node.id);
        }
        request.nodes = nodes;
        let second = preview(&server, "ann", request).await.unwrap();
        assert_eq!((second.gained, second.lost), (vec!["gained".to_owned()], vec!["lost".to_owned()]), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn new_profile_is_compared_with_nothing() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let draft = ProfileDraft { name: None, ..filtered("", &["work"], &[]) };
        let request = PreviewChangeRequest {
            profile: Some(draft),
            nodes: vec![node("a", &[("work", "")]), node("b", &[]), node("a", &[("work", "")])],
            ..PreviewChangeRequest::default()
        };
        let previewed = preview(&server, "ann", request.clone()).await.unwrap();
        assert_eq!((previewed.gained, previewed.lost.len()), (vec!["a".to_owned()], 0), "{backend}: an id once");
        assert!(previewed.example_gained.is_some() && previewed.example_lost.is_none() && previewed.proven);
        assert!(previewed.warnings.is_empty(), "nothing is widened by a new profile: {:?}", previewed.warnings);
        let inactive = PreviewChangeRequest { is_active: Some(false), ..request };
        let previewed = preview(&server, "ann", inactive).await.unwrap();
        assert_eq!((previewed.gained.len(), previewed.example_gained, previewed.proven), (0, None, true));
    })
    .await;
}

#[tokio::test]
async fn deactivation_loses_what_was_exposed() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", filtered("Work", &["work"], &[])).await.unwrap();
        let request = PreviewChangeRequest {
            profile_id: profile.id.clone(),
            is_active: Some(false),
            update_mask: Some(mask(&["is_active"])),
            nodes: vec![node("a", &[("work", "")])],
            ..PreviewChangeRequest::default()
        };
        let previewed = preview(&server, "ann", request).await.unwrap();
        assert_eq!((previewed.lost, previewed.example_gained), (vec!["a".to_owned()], None), "{backend}");
        assert!(previewed.example_lost.is_some());
    })
    .await;
}

#[tokio::test]
async fn wrong_preview_names_its_fields() {
    let backend = test_kit::Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let profile = server.create("ann", named("Work")).await.unwrap();
    let of = |profile_id: &str| PreviewChangeRequest { profile_id: profile_id.into(), ..Default::default() };
    for (user, id) in [("ann", "no-uuid"), ("bob", profile.id.as_str())] {
        assert_eq!(why(preview(&server, user, of(id)).await), "PROFILE_NOT_FOUND");
    }
    let nodes = vec![NodeDescription::default(), node("a", &[])];
    let wrong = PreviewChangeRequest {
        profile: Some(ProfileDraft { max_detail_level: 77, ..named(" ") }),
        nodes,
        ..of(&profile.id)
    };
    let fields = why(preview(&server, "ann", wrong).await);
    assert_eq!(fields, "max_detail_level name nodes[0].created_at nodes[0].id nodes[0].node_type");
    let unknown = PreviewChangeRequest { update_mask: Some(mask(&["owner_id"])), ..of(&profile.id) };
    assert_eq!(why(preview(&server, "ann", unknown).await), "update_mask");
    let of_none = PreviewChangeRequest { update_mask: Some(mask(&["description"])), ..of("") };
    assert_eq!(why(preview(&server, "ann", of_none).await), "profile_id");
    let many = PreviewChangeRequest { nodes: vec![node("a", &[]); 1_001], ..of("") };
    assert_eq!(why(preview(&server, "ann", many).await), "nodes");
}
