//! What services that serve apps ask, from a grant's birth to its end.

use WriteVerb::{Create, Delete, Edit, Propose};
use ofself_proto::exposure::{
    CheckWriteRequest, Consistency, DecidedBy, DetailLevel, EvaluateNodesRequest, EvaluateNodesResponse,
    ExplainExposureRequest, GetExposureFilterRequest, NodeDescription, Predicate, PreviewProfileRequest, ProfileDraft,
    RevokeAppAccessRequest, SchemaGrant, SchemaPermissions, Tag, TagFilters, TagGrant, TagPermissions,
    UpdateAppAccessRequest, UpdateProfileRequest, WriteVerb, consistency::Requirement, encoded,
    evaluate_nodes_request::Subject, explain_exposure_request, get_exposure_filter_request, predicate,
};
use prost_types::{FieldMask, Timestamp};
use test_kit::Backend;

use crate::statements::on_both;
use crate::test_server::{START, TestServer, by, named, strings, update_of, why};

pub fn node(id: &str, tags: &[(&str, &str)]) -> NodeDescription {
    NodeDescription {
        id: id.to_owned(),
        node_type: "note".to_owned(),
        tags: tags.iter().map(|(id, name)| Tag { id: (*id).to_owned(), name: (*name).to_owned() }).collect(),
        schema_id: None,
        created_at: Some(Timestamp { seconds: START, nanos: 0 }),
    }
}

pub fn excluding(tags: &[&str]) -> ProfileDraft {
    let filters = TagFilters { exclude_any: strings(tags), ..TagFilters::default() };
    ProfileDraft { tag_filters: Some(filters), ..named("Not those") }
}

async fn evaluate(server: &TestServer, nodes: Vec<NodeDescription>) -> EvaluateNodesResponse {
    let request = EvaluateNodesRequest {
        user_id: "ann".into(),
        subject: Some(Subject::AppId("app".into())),
        nodes: encoded(&nodes),
        consistency: None,
    };
    server.decisions().evaluate_nodes(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn missing_grant_and_inactive_profile_differ_from_hidden_nodes() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let decided = async || {
            let answer = evaluate(&server, vec![node("n1", &[("t1", "private")])]).await;
            (answer.exposed.clone(), answer.decided_by())
        };
        assert_eq!(decided().await, (vec![false], DecidedBy::NoGrant), "{backend}");
        let profile = server.create("ann", excluding(&["private"])).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        assert_eq!(decided().await, (vec![false], DecidedBy::Rules), "{backend}");
        let inactive = UpdateProfileRequest { is_active: Some(false), ..update_of(&profile.id, &["is_active"]) };
        server.client().update_profile(by("ann", inactive)).await.unwrap();
        assert_eq!(decided().await, (vec![false], DecidedBy::InactiveProfile), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn grant_decides_and_changes_apply_immediately() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let nodes = || vec![node("n1", &[("t1", "work")]), node("n2", &[("t2", "private")])];
        let nothing = evaluate(&server, nodes()).await;
        assert_eq!((nothing.exposed, nothing.profile_id.as_str()), (vec![false, false], ""));
        assert_eq!(nothing.max_detail_level, i32::from(DetailLevel::Minimal));

        server.learn("ann", &[("t2", "private")]).await;
        let draft = ProfileDraft {
            transformations: strings(&["redact_pii"]),
            max_detail_level: DetailLevel::Summary.into(),
            ..excluding(&["private"])
        };
        let profile = server.create("ann", draft).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        let answer = evaluate(&server, nodes()).await;
        assert_eq!(answer.exposed, [true, false], "{backend}");
        assert_eq!((answer.profile_id, answer.transformations), (profile.id.clone(), strings(&["redact_pii"])));
        assert_eq!(answer.max_detail_level, i32::from(DetailLevel::Summary));
        // A rename changes nothing; the node's holder knows the new name before or after.
        server.learn("ann", &[("t2", "secret")]).await;
        assert_eq!(evaluate(&server, vec![node("n", &[("t2", "private")])]).await.exposed, [false]);
        assert_eq!(evaluate(&server, vec![node("n", &[("t2", "secret")])]).await.exposed, [false]);

        let other = server.create("ann", excluding(&["t1"])).await.unwrap();
        let swap = UpdateAppAccessRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            profile_id: other.id.clone(),
            expires_at: Some(Timestamp { seconds: START + 60, nanos: 0 }),
            update_mask: Some(FieldMask { paths: strings(&["profile_id", "expires_at"]) }),
        };
        server.access().update_app_access(swap).await.unwrap();
        assert_eq!(evaluate(&server, nodes()).await.exposed, [false, true]);
        let filter = server.decisions().get_exposure_filter(filter_for("app")).await.unwrap().into_inner();
        assert_eq!(filter.valid_until, Some(Timestamp { seconds: START + 60, nanos: 0 }));

        let mut off = update_of(&other.id, &["is_active"]);
        off.is_active = Some(false);
        server.client().update_profile(by("ann", off)).await.unwrap();
        assert_eq!(evaluate(&server, nodes()).await.exposed, [false, false]);
        let mut on = update_of(&other.id, &["is_active"]);
        on.is_active = Some(true);
        server.client().update_profile(by("ann", on)).await.unwrap();
        server.at(59);
        assert_eq!(evaluate(&server, nodes()).await.exposed, [false, true]);
        server.at(60);
        assert_eq!(evaluate(&server, nodes()).await.exposed, [false, false]);

        server.grant("ann", "app", &profile.id).await.unwrap();
        assert_eq!(evaluate(&server, nodes()).await.exposed, [true, false]);
        let revoke = RevokeAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
        server.access().revoke_app_access(revoke).await.unwrap();
        assert_eq!(evaluate(&server, nodes()).await.exposed, [false, false]);
        let filter = server.decisions().get_exposure_filter(filter_for("app")).await.unwrap().into_inner();
        assert_eq!(filter.filter.unwrap().predicate, Some(predicate::Predicate::Nothing(true)));
    })
    .await;
}

fn filter_for(app: &str) -> GetExposureFilterRequest {
    GetExposureFilterRequest {
        user_id: "ann".into(),
        subject: Some(get_exposure_filter_request::Subject::AppId(app.into())),
        consistency: None,
    }
}

#[tokio::test]
async fn filter_is_the_formula_as_a_tree() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let draft = ProfileDraft {
        tag_filters: Some(TagFilters {
            include_all: strings(&["work"]),
            include_any: strings(&["a", "b"]),
            exclude_any: strings(&["private"]),
        }),
        allowed_node_ids: strings(&["n1"]),
        date_range_end: Some(Timestamp { seconds: START, nanos: 0 }),
        schema_permissions: Some(SchemaPermissions {
            read: Some(SchemaGrant { schema_ids: strings(&["__freeform__"]), allow_all: None }),
            write: None,
        }),
        ..named("A tree")
    };
    let profile = server.create("ann", draft).await.unwrap();
    let request = GetExposureFilterRequest {
        user_id: "ann".into(),
        subject: Some(get_exposure_filter_request::Subject::ProfileId(profile.id)),
        consistency: None,
    };
    let filter = server.decisions().get_exposure_filter(request).await.unwrap().into_inner().filter.unwrap();
    assert_eq!(
        written(&filter),
        "and(or(id in n1, and(or(id work, name work), or(id a, name a, id b, name b), made < 1767225600)), \
         not(or(id private, name private)), schema in __freeform__)"
    );
    let all = server.create("ann", named("All")).await.unwrap();
    let request = GetExposureFilterRequest {
        user_id: "ann".into(),
        subject: Some(get_exposure_filter_request::Subject::ProfileId(all.id)),
        consistency: None,
    };
    let filter = server.decisions().get_exposure_filter(request).await.unwrap().into_inner().filter.unwrap();
    assert_eq!(written(&filter), "everything");
}

fn written(predicate: &Predicate) -> String {
    use predicate::Predicate as Kind;
    let list = |below: &[Predicate]| below.iter().map(written).collect::<Vec<_>>().join(", ");
    match predicate.predicate.as_ref().unwrap() {
        Kind::And(all) => format!("and({})", list(&all.predicates)),
        Kind::Or(any) => format!("or({})", list(&any.predicates)),
        Kind::Not(below) => format!("not({})", written(below)),
        Kind::HasTag(tag) => panic!("not sent: {tag}"),
        Kind::HasTagId(id) => format!("id {id}"),
        Kind::HasTagName(name) => format!("name {name}"),
        Kind::TypeIn(types) => format!("type in {}", types.values.join(" ")),
        Kind::CreatedBetween(range) => {
            let start = range.start.map(|start| format!("{} <= ", start.seconds)).unwrap_or_default();
            format!("{start}made{}", range.end.map(|end| format!(" < {}", end.seconds)).unwrap_or_default())
        }
        Kind::IdIn(ids) => format!("id in {}", ids.values.join(" ")),
        Kind::SchemaIn(schemas) => format!("schema in {}", schemas.values.join(" ")),
        Kind::Everything(_) => "everything".into(),
        Kind::Nothing(_) => "nothing".into(),
    }
}

#[tokio::test]
async fn write_permissions_by_person() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server
            .learn("ann", &[("t1", "work"), ("t2", "private"), ("t3", "home"), ("t4", "twice"), ("t5", "twice")])
            .await;
        let grant =
            |tags: &[&str], allow_new| Some(TagGrant { tag_ids: strings(tags), allow_all: Some(false), allow_new });
        let draft = ProfileDraft {
            tag_permissions: Some(TagPermissions {
                discover: None,
                read: grant(&["work", "home"], None),
                propose: grant(&["home"], Some(true)),
                edit: grant(&["work"], None),
                create: grant(&["work"], Some(false)),
                delete: grant(&[], None),
            }),
            schema_permissions: Some(SchemaPermissions {
                read: Some(SchemaGrant { schema_ids: Vec::new(), allow_all: Some(true) }),
                write: Some(SchemaGrant { schema_ids: strings(&["__freeform__"]), allow_all: None }),
            }),
            ..named("Writes at work")
        };
        let profile = server.create("ann", draft).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        let work = || node("n", &[("t1", "work")]);
        let home = || node("n", &[("t3", "home")]);
        let both = || node("n", &[("t1", "work"), ("t3", "home")]);
        let private = || node("n", &[("t2", "private")]);
        let new = || node("n", &[("", "brand new")]);
        // A name without an id is the tag that the directory knows by it.
        let by_name = || node("n", &[("", "work")]);
        let disguised = |name: &str| node("n", &[("t2", name)]);
        let typed = || NodeDescription { schema_id: Some("s1".into()), ..work() };

        let cases = [
            (Edit, Some(work()), Some(work()), "the profile allows it"),
            (Edit, Some(work()), Some(both()), "tag_permissions.edit does not name the tag `home`"),
            (Edit, Some(both()), Some(work()), "tag_permissions.edit does not name the tag `home`"),
            (Edit, Some(private()), Some(work()), "the node is not exposed to the app"),
            (Edit, Some(work()), Some(new()), "tag_permissions.edit does not allow new tags"),
            (Edit, Some(work()), Some(typed()), "schema_permissions.write does not name the schema `s1`"),
            (Edit, Some(typed()), Some(work()), "schema_permissions.write does not name the schema `s1`"),
            (Create, None, Some(work()), "the profile allows it"),
            (Create, None, Some(by_name()), "the profile allows it"),
            // A private tag by the name, or the id, of one that may be used.
            (Create, None, Some(disguised("work")), "tag_permissions.create does not name the tag `private`"),
            (Create, None, Some(disguised("t1")), "tag_permissions.create does not name the tag `private`"),
            (Edit, Some(disguised("t1")), Some(work()), "the node is not exposed to the app"),
            (Create, None, Some(home()), "tag_permissions.create does not name the tag `home`"),
            (Create, None, Some(new()), "tag_permissions.create does not allow new tags"),
            (Propose, None, Some(new()), "the profile allows it"),
            (Propose, Some(home()), Some(new()), "the profile allows it"),
            // A name that several tags have is no new one.
            (Propose, None, Some(node("n", &[("", "twice")])), "tag_permissions.propose does not name the tag `twice`"),
            (Propose, Some(work()), None, "tag_permissions.propose does not name the tag `work`"),
            (Delete, Some(work()), None, "tag_permissions.delete grants nothing"),
        ];
        let ask = |app: &str, verb: WriteVerb, before, after| CheckWriteRequest {
            user_id: "ann".into(),
            app_id: app.into(),
            verb: verb.into(),
            before,
            after,
            consistency: None,
        };
        for (verb, before, after, expected) in cases {
            let request = ask("app", verb, before.clone(), after.clone());
            let answer = server.decisions().check_write(request).await.unwrap().into_inner();
            assert_eq!(answer.reason, expected, "{backend}: {verb:?} {before:?} {after:?}");
            assert_eq!(answer.allowed, expected == "the profile allows it");
            let named = answer.refused_tag.or(answer.refused_schema);
            assert_eq!(named.is_some(), expected.contains('`') || expected.contains("new tags"), "{expected}");
        }
        let request = ask("another", Edit, Some(work()), Some(work()));
        let answer = server.decisions().check_write(request).await.unwrap().into_inner();
        assert_eq!((answer.allowed, answer.reason.as_str()), (false, "the app has no access grant that counts"));
        // The default grants every verb, new tags included.
        let default = server.default("ann").await;
        server.grant("ann", "trusted", &default.id).await.unwrap();
        for (verb, before, after) in [
            (Edit, Some(work()), Some(new())),
            (Create, None, Some(new())),
            (Propose, None, Some(typed())),
            (Delete, Some(private()), None),
        ] {
            let answer =
                server.decisions().check_write(ask("trusted", verb, before, after)).await.unwrap().into_inner();
            assert!(answer.allowed, "{verb:?}: {}", answer.reason);
        }
        // A profile that says nothing of writing grants none of it.
        let silent = server.create("ann", named("Silent")).await.unwrap();
        server.grant("ann", "reader", &silent.id).await.unwrap();
        let answer = server.decisions().check_write(ask("reader", Create, None, Some(work()))).await.unwrap();
        assert!(!answer.into_inner().allowed);
    })
    .await;
}

#[tokio::test]
async fn all_wrong_fields_of_a_check_are_reported() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let mut asked = server.decisions();
    assert_eq!(why(asked.evaluate_nodes(EvaluateNodesRequest::default()).await), "subject user_id");
    let wrong =
        NodeDescription { tags: vec![Tag::default()], schema_id: Some(String::new()), ..NodeDescription::default() };
    let request = EvaluateNodesRequest {
        user_id: "ann".into(),
        subject: Some(Subject::AppId("an app".into())),
        nodes: encoded([&wrong]),
        consistency: Some(Consistency { requirement: Some(Requirement::AtLeastAsFresh("x".into())) }),
    };
    assert_eq!(why(asked.evaluate_nodes(request).await), "app_id consistency.at_least_as_fresh");
    let request = |nodes: Vec<NodeDescription>| EvaluateNodesRequest {
        user_id: "ann".into(),
        subject: Some(Subject::AppId("app".into())),
        nodes: encoded(&nodes),
        consistency: None,
    };
    assert_eq!(
        why(asked.evaluate_nodes(request(vec![node("n", &[]), wrong.clone()])).await),
        "nodes[1].created_at nodes[1].id nodes[1].node_type nodes[1].schema_id nodes[1].tags"
    );
    let refused = why(asked.evaluate_nodes(request(vec![wrong.clone(); 100])).await);
    assert_eq!(refused.split(' ').filter(|path| path.starts_with("nodes[")).count(), 50, "{refused}");
    assert!(refused.starts_with("nodes "), "{refused}");
    assert_eq!(why(asked.evaluate_nodes(request(vec![node("n", &[]); 10_001])).await), "nodes");
    let nameless = request(vec![node("n", &[("", "private")])]);
    assert_eq!(why(asked.evaluate_nodes(nameless).await), "nodes[0].tags");
    let garbled_ids = NodeDescription { schema_id: Some("a b".into()), ..node("n", &[("an id", "x")]) };
    assert_eq!(why(asked.evaluate_nodes(request(vec![garbled_ids])).await), "nodes[0].schema_id nodes[0].tags");
    let many_tags: Vec<_> = (0..1_001).map(|number| (format!("t-{number}"), "x")).collect();
    let many_tags: Vec<_> = many_tags.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    assert_eq!(why(asked.evaluate_nodes(request(vec![node("n", &many_tags)])).await), "nodes[0].tags");
    let moved = CheckWriteRequest {
        user_id: "ann".into(),
        app_id: "app".into(),
        verb: WriteVerb::Edit.into(),
        before: Some(node("n1", &[])),
        after: Some(node("n2", &[])),
        consistency: None,
    };
    assert_eq!(why(asked.check_write(moved).await), "after.id");
    let mut garbled = request(vec![node("n", &[])]);
    garbled.nodes.push(b"\xff".as_slice().into());
    assert_eq!(why(asked.evaluate_nodes(garbled).await), "nodes[1]");
    let request = PreviewProfileRequest { user_id: String::new(), draft: None, nodes: vec![node("n", &[]); 10_001] };
    assert_eq!(why(asked.preview_profile(request).await), "nodes user_id");

    let unknown = EvaluateNodesRequest {
        user_id: "ann".into(),
        subject: Some(Subject::ProfileId("nowhere".into())),
        ..EvaluateNodesRequest::default()
    };
    assert_eq!(why(asked.evaluate_nodes(unknown).await), "PROFILE_NOT_FOUND");
    let profile = server.create("ann", named("Ann's")).await.unwrap();
    let of_another = EvaluateNodesRequest {
        user_id: "bob".into(),
        subject: Some(Subject::ProfileId(profile.id)),
        ..EvaluateNodesRequest::default()
    };
    assert_eq!(why(asked.evaluate_nodes(of_another).await), "PROFILE_NOT_FOUND");

    let write = CheckWriteRequest { verb: WriteVerb::Edit.into(), after: Some(wrong), ..CheckWriteRequest::default() };
    assert_eq!(
        why(asked.check_write(write).await),
        "after.created_at after.id after.node_type after.schema_id after.tags app_id before user_id"
    );
    let explain = ExplainExposureRequest {
        user_id: "ann".into(),
        subject: Some(explain_exposure_request::Subject::AppId("app".into())),
        ..ExplainExposureRequest::default()
    };
    assert_eq!(why(asked.explain_exposure(explain).await), "node");
}

#[tokio::test]
async fn missing_grant_is_explained() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let explain = ExplainExposureRequest {
        user_id: "ann".into(),
        subject: Some(explain_exposure_request::Subject::AppId("app".into())),
        node: Some(node("n", &[])),
        consistency: None,
    };
    let answer = server.decisions().explain_exposure(explain).await.unwrap().into_inner();
    assert_eq!((answer.exposed, answer.reason.as_str()), (false, "hidden: the app has no access grant that counts"));
}

#[tokio::test]
async fn ten_thousand_nodes_keep_their_order() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let profile = server.create("ann", excluding(&["tag-3"])).await.unwrap();
    server.grant("ann", "app", &profile.id).await.unwrap();
    let nodes = (0..10_000).map(|number| node(&format!("n-{number}"), &[(&format!("tag-{}", number % 7), "x")]));
    let exposed = evaluate(&server, nodes.collect()).await.exposed;
    assert_eq!(exposed.len(), 10_000);
    assert!(exposed.iter().enumerate().all(|(number, exposed)| *exposed == (number % 7 != 3)));
}
