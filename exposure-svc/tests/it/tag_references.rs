//! A reference to a tag is an id or a text, and matches accordingly.

use exposure_svc::domain::UserId;
use grpc_server::rpc_error::RpcError;
use ofself_proto::exposure::{
    CreateProfileRequest, DeleteTagsRequest, EvaluateNodesRequest, GetExposureFilterRequest, Predicate, ProfileDraft,
    TagExpression, TagFilters, TagGrant, TagPermissions, UpdateProfileRequest, encoded, evaluate_nodes_request,
    get_exposure_filter_request, predicate::Predicate as Kind, tag_expression::Op,
};

use crate::{
    exposure::node,
    statements::on_both,
    test_server::{FIELDS, TestServer, by, named, operation, store, strings, tag, update_of, why},
};

fn including(tags: &[&str]) -> ProfileDraft {
    let filters = TagFilters { include_any: strings(tags), ..TagFilters::default() };
    ProfileDraft { tag_filters: Some(filters), ..named("Included") }
}

pub fn excluding(tags: &[&str]) -> ProfileDraft {
    let filters = TagFilters { exclude_any: strings(tags), ..TagFilters::default() };
    ProfileDraft { tag_filters: Some(filters), ..named("Excluded") }
}

fn by_expression(expression: TagExpression) -> ProfileDraft {
    ProfileDraft { tag_expression: Some(expression), ..named("By expression") }
}

pub fn grant(tags: &[&str]) -> TagGrant {
    TagGrant { tag_ids: strings(tags), allow_all: None, allow_new: None }
}

impl TestServer {
    /// Whether a profile exposes a node with these tags.
    pub async fn exposes(&self, profile: &str, tags: &[(&str, &str)]) -> bool {
        let subject = Some(evaluate_nodes_request::Subject::ProfileId(profile.to_owned()));
        let nodes = encoded(&[node("n", tags)]);
        let request = EvaluateNodesRequest { user_id: "ann".into(), subject, nodes, consistency: None };
        self.decisions().evaluate_nodes(request).await.unwrap().into_inner().exposed[0]
    }

    async fn filter(&self, profile: &str) -> Predicate {
        let subject = Some(get_exposure_filter_request::Subject::ProfileId(profile.to_owned()));
        let request = GetExposureFilterRequest { user_id: "ann".into(), subject, consistency: None };
        self.decisions().get_exposure_filter(request).await.unwrap().into_inner().filter.unwrap()
    }
}

#[tokio::test]
async fn resolved_reference_matches_by_its_id_only() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "work"), ("t2", "private")]).await;
        let included = server.create("ann", including(&["work"])).await.unwrap();
        assert!(server.exposes(&included.id, &[("t1", "anything")]).await, "{backend}");
        assert!(!server.exposes(&included.id, &[("t9", "work")]).await, "{backend}: another tag of the name");
        assert!(!server.exposes(&included.id, &[("t9", "t1")]).await, "{backend}: a tag named like the id");
        assert_eq!(server.filter(&included.id).await.predicate, Some(Kind::HasTagId("t1".into())));
        let excluded = server.create("ann", excluding(&["private"])).await.unwrap();
        assert!(!server.exposes(&excluded.id, &[("t2", "work")]).await, "{backend}");
        assert!(server.exposes(&excluded.id, &[("t9", "private")]).await, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn unresolved_text_matches_an_id_or_a_name() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let included = server.create("ann", including(&["work"])).await.unwrap();
        for (tags, exposed) in [(("t9", "work"), true), (("work", "x"), true), (("t9", "x"), false)] {
            assert_eq!(server.exposes(&included.id, &[tags]).await, exposed, "{backend}: {tags:?}");
        }
        let spaced = server.create("ann", including(&["at work"])).await.unwrap();
        // It cannot be an id.
        assert_eq!(server.filter(&spaced.id).await.predicate, Some(Kind::HasTagName("at work".into())));
        let Some(Kind::Or(any)) = server.filter(&included.id).await.predicate else { panic!("an id or a name") };
        let any: Vec<_> = any.predicates.into_iter().filter_map(|one| one.predicate).collect();
        assert_eq!(any, [Kind::HasTagId("work".into()), Kind::HasTagName("work".into())]);
    })
    .await;
}

#[tokio::test]
async fn visible_changes_increase_the_version() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "work")]).await;
        let shown = |draft: Option<ProfileDraft>| draft.unwrap().tag_filters.unwrap().include_any;
        let mut last = server.create("ann", including(&["work"])).await.unwrap();
        for (tags, expected) in [
            // A second tag takes the name, and gives it up.
            (("t2", "work"), "t1"),
            (("t2", "other"), "work"),
            // A tag has the name for its id: an id is never taken for a name again.
            (("work", "third"), "t1"),
            // Renamed.
            (("t1", "office"), "office"),
        ] {
            server.learn("ann", &[tags]).await;
            let now = server.get("ann", &last.id).await.unwrap();
            assert_eq!(
                (shown(now.draft.clone()), now.version),
                (strings(&[expected]), last.version + 1),
                "{backend}: {tags:?}"
            );
            let outdated = UpdateProfileRequest {
                profile: last.draft.clone(),
                expected_versions: vec![last.version],
                ..update_of(&last.id, &FIELDS)
            };
            let refused = server.client().update_profile(by("ann", outdated)).await;
            assert_eq!(why(refused), "PRECONDITION_FAILED", "{backend}: {tags:?}");
            let again = server.update("ann", &now.id, now.draft.clone().unwrap(), &FIELDS).await.unwrap();
            assert_eq!(again, now, "{backend}: what is shown means the same when it is sent back");
            assert!(server.exposes(&now.id, &[("t1", "x")]).await && !server.exposes(&now.id, &[("t2", "work")]).await);
            last = now;
        }
        // What is not shown otherwise stays at its version.
        server.learn("ann", &[("t7", "seven")]).await;
        assert_eq!(server.get("ann", &last.id).await.unwrap().version, last.version, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn ambiguous_name_is_rejected_except_in_exclusions() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let verbs = |tags: &[&str]| ProfileDraft {
            tag_permissions: Some(TagPermissions { read: Some(grant(tags)), ..TagPermissions::default() }),
            ..named("By verbs")
        };
        let text = server.create("ann", including(&["diary"])).await.unwrap();
        let stored = server.create("ann", verbs(&["diary"])).await.unwrap();
        server.learn("ann", &[("t1", "diary"), ("t2", "diary")]).await;

        let cases = [
            (including(&["diary"]), "tag_filters.include_any"),
            (ProfileDraft { allowed_tag_ids: strings(&["diary"]), ..named("x") }, "allowed_tag_ids"),
            (verbs(&["diary"]), "tag_permissions.read.tag_ids"),
            (by_expression(operation(Op::Or, vec![tag("a"), tag("diary")])), "tag_expression.conditions[1].tag"),
            (
                by_expression(operation(Op::Not, vec![operation(Op::Not, vec![tag("diary")])])),
                "tag_expression.conditions[0].conditions[0].tag",
            ),
        ];
        for (draft, field) in cases {
            let refused = server.create("ann", draft).await.unwrap_err();
            let fields = RpcError::from_status(&refused).unwrap().fields;
            assert_eq!(fields.iter().map(|(path, _)| path).collect::<Vec<_>>(), [field], "{backend}");
            let message = fields.iter().map(|(_, messages)| messages.join(" ")).collect::<String>();
            assert!(message.contains("`t1`") && message.contains("`t2`"), "{backend}: {message}");
        }
        let checked =
            CreateProfileRequest { profile: Some(including(&["diary"])), validate_only: true, dry_run: false };
        let checked = server.client().create_profile(by("ann", checked)).await;
        assert_eq!(why(checked), "tag_filters.include_any", "{backend}");
        // Text that was stored before stays, and is accepted back.
        for profile in [text, stored] {
            let shown = server.get("ann", &profile.id).await.unwrap();
            assert_eq!(shown, profile, "{backend}");
            let again = server.update("ann", &profile.id, shown.draft.clone().unwrap(), &FIELDS).await.unwrap();
            assert_eq!(again, shown, "{backend}");
            assert!(server.exposes(&profile.id, &[("t9", "diary")]).await, "{backend}");
        }
        // An exclusion takes both.
        let excluded = server.create("ann", excluding(&["diary"])).await.unwrap();
        let below_not = server.create("ann", by_expression(operation(Op::Not, vec![tag("diary")]))).await.unwrap();
        for profile in [excluded, below_not] {
            for id in ["t1", "t2"] {
                assert!(!server.exposes(&profile.id, &[(id, "")]).await, "{backend}: {id}");
            }
            assert!(server.exposes(&profile.id, &[("t3", "")]).await, "{backend}");
        }
    })
    .await;
}

#[tokio::test]
async fn text_is_resolved_once_the_directory_knows_it() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let included = server.create("ann", including(&["work"])).await.unwrap();
        let not_private = server.create("ann", by_expression(operation(Op::Not, vec![tag("private")]))).await.unwrap();
        assert!(server.exposes(&not_private.id, &[("q1", "")]).await, "{backend}: the name of q1 is unknown");
        server.learn("ann", &[("t1", "work"), ("q1", "private")]).await;
        assert!(server.exposes(&included.id, &[("t1", "")]).await, "{backend}");
        assert!(!server.exposes(&included.id, &[("t9", "work")]).await, "{backend}: by its id only");
        for described in [("q9", "private"), ("q1", ""), ("private", "")] {
            assert!(!server.exposes(&not_private.id, &[described]).await, "{backend}: {described:?}");
        }
        server.learn("ann", &[("q1", "secret")]).await;
        for described in [("q9", "private"), ("q1", "secret")] {
            assert!(!server.exposes(&not_private.id, &[described]).await, "{backend}: {described:?} after a rename");
        }
        // Written back, it still excludes both.
        let shown = server.get("ann", &not_private.id).await.unwrap();
        let again = server.update("ann", &not_private.id, shown.draft.clone().unwrap(), &FIELDS).await.unwrap();
        assert_eq!(again, shown, "{backend}");
        // Moved in the expression, too.
        let moved = by_expression(operation(Op::And, vec![operation(Op::Not, vec![tag("private")]), tag("work")]));
        server.update("ann", &not_private.id, moved, &["tag_expression"]).await.unwrap();
        assert!(server.exposes(&not_private.id, &[("t1", "")]).await, "{backend}");
        for described in [("q9", "private"), ("q1", "secret")] {
            assert!(
                !server.exposes(&not_private.id, &[described, ("t1", "")]).await,
                "{backend}: {described:?} when moved"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn tag_below_two_nots_is_an_inclusion() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let expression =
            operation(Op::Not, vec![operation(Op::And, vec![tag("banned"), operation(Op::Not, vec![tag("cleared")])])]);
        let profile = server.create("ann", by_expression(expression)).await.unwrap();
        let (banned, cleared) = (("t1", "banned"), ("t2", "cleared"));
        for directory_knows in [false, true] {
            if directory_knows {
                server.learn("ann", &[banned, cleared]).await;
            }
            assert!(server.exposes(&profile.id, &[banned, cleared]).await, "{backend}");
            assert!(!server.exposes(&profile.id, &[banned]).await, "{backend}");
            assert!(server.exposes(&profile.id, &[]).await, "{backend}");
        }
        // `cleared` is known by its id only, `banned` by its name too.
        assert!(!server.exposes(&profile.id, &[("t9", "banned"), ("t8", "cleared")]).await, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn names_compare_in_nfc_and_trimmed() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let text = server.create("ann", excluding(&["  cafe\u{301}\u{a0}"])).await.unwrap();
        assert_eq!(text.draft.clone().unwrap().tag_filters.unwrap().exclude_any, ["caf\u{e9}"], "{backend}");
        for described in ["caf\u{e9}", "cafe\u{301}", " cafe\u{301} ", "caf\u{e9}\u{2003}"] {
            assert!(!server.exposes(&text.id, &[("t9", described)]).await, "{backend}: {described:?}");
        }
        server.learn("ann", &[("t1", " cafe\u{301}")]).await;
        assert!(!server.exposes(&text.id, &[("t1", "")]).await, "{backend}");
        let known = server.create("ann", including(&["caf\u{e9} "])).await.unwrap();
        assert_eq!(server.filter(&known.id).await.predicate, Some(Kind::HasTagId("t1".into())), "{backend}");
        let blank = server.create("ann", excluding(&[" \u{a0}"])).await;
        assert_eq!(why(blank), "tag_filters.exclude_any[0]", "{backend}");
    })
    .await;
}

#[tokio::test]
async fn exclusion_of_an_unknown_tag_is_a_warning() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let draft = ProfileDraft {
            excluded_tag_ids: strings(&["privte"]),
            tag_expression: Some(operation(Op::Not, vec![tag("privte")])),
            allowed_tag_ids: strings(&["unknown"]),
            ..excluding(&["private", "privte"])
        };
        let made = server.create("ann", draft.clone()).await.unwrap();
        let unknown = |profile: &ofself_proto::exposure::Profile| -> Vec<(String, Vec<String>)> {
            let warnings = profile.warnings.iter().filter(|warning| warning.code == "TAG_UNKNOWN");
            warnings.map(|warning| (warning.message.clone(), warning.fields.clone())).collect()
        };
        assert!(unknown(&made).is_empty(), "{backend}: no service tells tags");
        server.learn("ann", &[("t1", "private")]).await;
        let expected = [(
            "no tag `privte` is known: excluding it may hide nothing".to_owned(),
            strings(&["tag_filters.exclude_any", "excluded_tag_ids", "tag_expression"]),
        )];
        assert_eq!(unknown(&server.get("ann", &made.id).await.unwrap()), expected, "{backend}");
        let renamed = server.update("ann", &made.id, named("Other"), &["name"]).await.unwrap();
        assert_eq!(unknown(&renamed), expected, "{backend}");
        server.learn("ann", &[("t2", "privte")]).await;
        assert!(unknown(&server.get("ann", &made.id).await.unwrap()).is_empty(), "{backend}");
        let other = server.create("eve", draft).await.unwrap();
        assert!(unknown(&other).is_empty(), "{backend}: another person's tags are not theirs");
    })
    .await;
}

#[tokio::test]
async fn unchanged_data_leaves_the_version_of_the_user() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let store = store(&backend).await;
        let user = UserId::parse("ann").unwrap();
        let version = async || store.of(&user).version().await.unwrap();
        assert_eq!(version().await, None, "{backend}");
        server.learn("ann", &[("t1", "work")]).await;
        // The manual clock in microseconds.
        let first = crate::test_server::START * 1_000_000;
        assert_eq!(version().await, Some(first), "{backend}");
        server.learn("ann", &[("t1", "work")]).await;
        server.learn("ann", &[("t1", " work ")]).await;
        let forget =
            |id: &str| ofself_proto::exposure::DeleteTagsRequest { user_id: "ann".into(), tag_ids: strings(&[id]) };
        server.tags().delete_tags(forget("unknown")).await.unwrap();
        assert_eq!(version().await, Some(first), "{backend}: nothing was learned");
        let made = server.create("ann", including(&["work"])).await.unwrap();
        assert_eq!(version().await, Some(first + 1), "{backend}");
        server.update("ann", &made.id, made.draft.clone().unwrap(), &FIELDS).await.unwrap();
        let refused = server.update("ann", &made.id, named(""), &["name"]).await;
        assert!(refused.is_err() && version().await == Some(first + 1), "{backend}");
        server.update("ann", &made.id, named("Other"), &["name"]).await.unwrap();
        server.grant("ann", "app", &made.id).await.unwrap();
        server.tags().delete_tags(forget("t1")).await.unwrap();
        assert_eq!(version().await, Some(first + 4), "{backend}: dense");
        server.tags().delete_tags(forget("t1")).await.unwrap();
        assert_eq!(version().await, Some(first + 4), "{backend}: it is deleted already");
    })
    .await;
}

#[tokio::test]
async fn exclusion_by_an_id_gains_it_and_is_shown_as_before() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", excluding(&["t1"])).await.unwrap();
        server.learn("ann", &[("t1", "diary")]).await;
        let shown = server.get("ann", &made.id).await.unwrap();
        assert_eq!((&shown.draft, shown.version), (&made.draft, made.version), "{backend}");
        let again = server.update("ann", &made.id, shown.draft.clone().unwrap(), &FIELDS).await.unwrap();
        assert_eq!(again, shown, "{backend}");
        let deleted = DeleteTagsRequest { user_id: "ann".into(), tag_ids: strings(&["t1"]) };
        server.tags().delete_tags(deleted).await.unwrap();
        let codes: Vec<_> = server.get("ann", &made.id).await.unwrap().warnings.into_iter().map(|w| w.code).collect();
        assert!(codes.contains(&"TAG_DELETED".to_owned()), "{backend}: {codes:?}");
    })
    .await;
}

#[tokio::test]
async fn stored_references_are_shown_as_texts_in_yaml_too() {
    let backend = test_kit::Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let not = operation(Op::Not, vec![tag("diary")]);
    let made = server.create("ann", ProfileDraft { tag_expression: Some(not), ..excluding(&["work"]) }).await.unwrap();
    server.learn("ann", &[("t1", "diary"), ("t2", "work")]).await;
    let yaml = server.get_with("ann", &made.id, false).await.unwrap().yaml.unwrap();
    assert!(yaml.contains("- work\n") && yaml.contains("- t2\n") && yaml.contains("tag: diary\n"), "{yaml}");
    assert!(!yaml.contains("id:") && !yaml.contains("ids:"), "{yaml}");
}

#[tokio::test]
async fn thousands_of_tags_of_one_name_are_read_and_written() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", excluding(&["diary"])).await.unwrap();
        for thousand in 0..3 {
            let ids: Vec<_> = (0..1_000).map(|number| format!("t-{thousand}-{number}")).collect();
            let tags: Vec<_> = ids.iter().map(|id| (id.as_str(), "diary")).collect();
            server.learn("ann", &tags).await;
        }
        let shown = server.get("ann", &made.id).await.unwrap();
        assert_eq!((shown.draft, shown.version), (made.draft, made.version), "{backend}");
        server.update("ann", &made.id, named("Renamed"), &["name"]).await.unwrap();
        assert!(!server.exposes(&made.id, &[("t-2-999", "")]).await, "{backend}");
    })
    .await;
}
