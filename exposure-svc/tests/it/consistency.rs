//! Consistency tokens of decisions and writes.

use ofself_proto::exposure::{
    CheckWriteRequest, Consistency, EvaluateNodesRequest, EvaluateNodesResponse, GetExposureFilterRequest,
    RevokeAppAccessRequest, WriteVerb, consistency::Requirement, encoded, evaluate_nodes_request,
    get_exposure_filter_request,
};
use service::consistency::{ConsistencyToken, Stamp};
use tonic::{Code, Status};

use crate::{
    exposure::node,
    statements::on_both,
    test_server::{TestServer, named, why},
};

fn fresh(token: &str) -> Option<Consistency> {
    (!token.is_empty()).then(|| Consistency { requirement: Some(Requirement::AtLeastAsFresh(token.into())) })
}

fn parsed(token: &str) -> ConsistencyToken {
    ConsistencyToken::parse(token).unwrap_or_else(|| panic!("`{token}` is no token"))
}

async fn evaluate(server: &TestServer, user: &str, token: &str) -> Result<EvaluateNodesResponse, Status> {
    let question = EvaluateNodesRequest {
        user_id: user.into(),
        subject: Some(evaluate_nodes_request::Subject::AppId("app".into())),
        nodes: encoded(&[node("n", &[])]),
        consistency: fresh(token),
    };
    server.decisions().evaluate_nodes(question).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn decisions_name_the_version_that_a_write_made() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let before = evaluate(&server, "ann", "").await.unwrap();
        assert_eq!(parsed(&before.checked_at).stamp.version, 0, "nothing is stored about ann");
        let profile = server.create_as("ann", None, named("One")).await.unwrap();
        let first = parsed(&profile.written_at).stamp;
        let id = profile.profile.unwrap().id;
        server.grant("ann", "app", &id).await.unwrap();
        let granted = evaluate(&server, "ann", &profile.written_at).await.unwrap();
        assert_eq!(granted.exposed, [true]);
        let stamp = parsed(&granted.checked_at).stamp;
        assert_eq!(stamp, Stamp { version: first.version + 1, ..first.clone() });
        // Every decision names it.
        let filter = GetExposureFilterRequest {
            user_id: "ann".into(),
            subject: Some(get_exposure_filter_request::Subject::ProfileId(id)),
            consistency: fresh(&granted.checked_at),
        };
        let filter = server.decisions().get_exposure_filter(filter).await.unwrap().into_inner();
        assert_eq!(parsed(&filter.checked_at).stamp, stamp);
        let write = CheckWriteRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            verb: WriteVerb::Delete.into(),
            before: Some(node("n", &[])),
            after: None,
            consistency: fresh(&granted.checked_at),
        };
        let write = server.decisions().check_write(write).await.unwrap().into_inner();
        assert_eq!(parsed(&write.checked_at).stamp, stamp);
        let end = RevokeAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
        let mut tokens = Vec::new();
        for _ in 0..2 {
            tokens.push(server.access().revoke_app_access(end.clone()).await.unwrap().into_inner().written_at);
        }
        assert_eq!(tokens[0], tokens[1], "a repeat names the same version");
        let ended = evaluate(&server, "ann", &tokens[0]).await.unwrap();
        assert_eq!((ended.exposed.as_slice(), parsed(&ended.checked_at)), (&[false][..], parsed(&tokens[0])));
        let mut ahead = parsed(&tokens[0]);
        ahead.stamp.version += 1;
        let refused = evaluate(&server, "ann", &ahead.to_string()).await;
        assert_eq!(refused.as_ref().unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(why(refused), "TOKEN_AHEAD");
        assert_eq!(why(evaluate(&server, "ann", "x").await), "consistency.at_least_as_fresh");
        assert!(evaluate(&server, "bob", &ahead.to_string()).await.is_ok(), "a token of another user");
    })
    .await;
}
