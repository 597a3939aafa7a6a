//! Decisions as data: each case is a profile, and nodes with what becomes of each.

use persistence::feed::EventLimit;
use std::path::{Path, PathBuf};

use exposure_svc::domain::{
    Rules,
    exposure::{CompiledProfile, Predicate, explain},
};
use ofself_proto::exposure::{
    EvaluateNodesRequest, ExplainExposureRequest, PreviewProfileRequest, encoded, evaluate_nodes_request,
    explain_exposure_request,
};
use serde::Deserialize;
use types::Origin;

use crate::{
    statements::on_both,
    test_server::{TestServer, store},
    world::{CaseNode, profile},
};

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    description: String,
    profile: serde_json::Map<String, serde_json::Value>,
    is_active: bool,
    nodes: Vec<CaseNode>,
    exposed: Vec<bool>,
}

impl Case {
    fn rules(&self) -> Rules {
        let mut document = self.profile.clone();
        document.remove("name");
        serde_json::from_value(document.into()).unwrap()
    }
}

/// The cases of this project, and those of an implementation that is not ours where they stand beside it.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = root.join("tests/cases/decisions.json");
    let theirs = root.join("../../shared/vectors/exposure.json");
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
        let rules = case.rules();
        let compiled = CompiledProfile::new(&rules, case.is_active);
        let predicate = Predicate::new(&rules, case.is_active);
        for (node, expected) in case.nodes.iter().zip(&case.exposed) {
            node.with_facts(|facts| {
                let explained = explain(&rules, case.is_active, facts);
                let answers = (compiled.exposes(facts), predicate.holds(facts), explained.exposed);
                let place = format!("case {number} ({}), {}: {}", case.description, node.id, explained.reason);
                assert_eq!(answers, (*expected, *expected, *expected), "{place}");
            });
        }
    }
}

#[tokio::test]
async fn service_decides_every_vector() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let store = store(&backend).await;
        for (number, case) in cases().iter().enumerate() {
            let place = format!("{backend}: case {number} ({})", case.description);
            let owner = format!("owner-{number}");
            let kept = profile(&owner, case.rules(), case.is_active);
            let change = store.begin(&kept.owner, None, Origin::system()).await.unwrap();
            change.raise_user(kept.created_at).await.unwrap();
            change.insert(&kept, EventLimit::Enforced).await.unwrap();
            change.commit(None).await.unwrap();
            server.grant(&owner, "app", &kept.id.to_string()).await.unwrap();
            let nodes: Vec<_> = case.nodes.iter().map(CaseNode::on_the_wire).collect();
            for subject in [
                evaluate_nodes_request::Subject::ProfileId(kept.id.to_string()),
                evaluate_nodes_request::Subject::AppId("app".to_owned()),
            ] {
                let request = EvaluateNodesRequest {
                    user_id: owner.clone(),
                    subject: Some(subject),
                    nodes: encoded(&nodes),
                    consistency: None,
                };
                let answer = server.decisions().evaluate_nodes(request).await.unwrap().into_inner();
                assert_eq!(answer.exposed, case.exposed, "{place}");
                assert_eq!(answer.profile_id, kept.id.to_string());
            }
            for (node, exposed) in nodes.iter().zip(&case.exposed) {
                let request = ExplainExposureRequest {
                    user_id: owner.clone(),
                    subject: Some(explain_exposure_request::Subject::AppId("app".to_owned())),
                    node: Some(node.clone()),
                    consistency: None,
                };
                let answer = server.decisions().explain_exposure(request).await.unwrap().into_inner();
                assert_eq!(answer.exposed, *exposed, "{place}: {}", answer.reason);
                assert_eq!(answer.rules.iter().filter(|rule| rule.decided).count(), 1, "{place}: {answer:?}");
            }
            if case.is_active {
                let draft = server.get_with(&owner, &kept.id.to_string(), false).await.unwrap().profile.unwrap().draft;
                let request = PreviewProfileRequest { user_id: owner, draft, nodes };
                let answer = server.decisions().preview_profile(request).await.unwrap().into_inner();
                assert_eq!(answer.exposed, case.exposed, "{place}");
            }
        }
    })
    .await;
}
