use ofself_proto::exposure::{
    DeleteTagsRequest, EvaluateNodesRequest, ListTagsRequest, ProfileDraft, ResolveTagsRequest, TagFilters,
    UpdateProfileRequest, UpsertTagsRequest, encoded, evaluate_nodes_request,
    exposure_advisor_service_client::ExposureAdvisorServiceClient,
};

use crate::{
    exposure::node,
    statements::on_both,
    test_server::{FIELDS, TestServer, by, full, named, strings, update_of, why},
};

fn excluding(tags: &[&str]) -> ProfileDraft {
    let filters = TagFilters { exclude_any: strings(tags), ..TagFilters::default() };
    ProfileDraft { tag_filters: Some(filters), ..named("Filtered") }
}

fn excluded(draft: Option<ProfileDraft>) -> Vec<String> {
    draft.unwrap().tag_filters.unwrap().exclude_any
}

#[tokio::test]
async fn known_name_is_stored_as_id_and_survives_rename() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "private"), ("t2", "work")]).await;
        let made = server.create("ann", excluding(&["private", "unknown"])).await.unwrap();
        assert_eq!(excluded(made.draft.clone()), ["private", "unknown"], "{backend}");
        let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap();
        assert_eq!(excluded(kept.draft), ["t1", "unknown"]);

        server.learn("ann", &[("t1", "secret")]).await;
        let renamed = server.get("ann", &made.id).await.unwrap();
        assert_eq!(excluded(renamed.draft.clone()), ["secret", "unknown"]);
        let sent_back = server.update("ann", &made.id, renamed.draft.unwrap(), &FIELDS).await.unwrap();
        let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap();
        assert_eq!(excluded(kept.draft), ["t1", "unknown"], "what was shown means the same when it is sent back");
        assert_eq!((renamed.version, sent_back.version), (made.version + 1, made.version + 1), "{backend}");

        let forget = DeleteTagsRequest { user_id: "ann".into(), tag_ids: strings(&["t1", "never"]) };
        server.tags().delete_tags(forget).await.unwrap();
        assert_eq!(excluded(server.get("ann", &made.id).await.unwrap().draft), ["t1", "unknown"]);

        // Another tag comes to be named as the deleted one's id is: an exclusion must not turn to it.
        server.learn("ann", &[("t7", "t1")]).await;
        server.update("ann", &made.id, named("Renamed"), &["name"]).await.unwrap();
        let shown = server.get("ann", &made.id).await.unwrap();
        server.update("ann", &made.id, shown.draft.unwrap(), &FIELDS).await.unwrap();
        let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap();
        assert_eq!(excluded(kept.draft), ["t1", "unknown"], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn exclusion_by_name_learns_the_id_and_survives_rename() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let legacy = ProfileDraft { excluded_tag_ids: strings(&["private", "both"]), ..excluding(&["private"]) };
        let made = server.create("ann", legacy).await.unwrap();
        let exposed = async |id: &str, name: &str| {
            let subject = Some(evaluate_nodes_request::Subject::ProfileId(made.id.clone()));
            let nodes = encoded(&[node("n1", &[(id, name)])]);
            let ask = EvaluateNodesRequest { user_id: "ann".into(), subject, nodes, consistency: None };
            server.decisions().evaluate_nodes(ask).await.unwrap().into_inner().exposed[0]
        };
        assert!(!exposed("t9", "private").await && exposed("t9", "").await, "{backend}: t9 has no name");
        server.learn("ann", &[("t9", "private"), ("t1", "both"), ("t2", "both")]).await;
        assert!(!exposed("t9", "").await, "{backend}: now it is known");
        let shown = server.get("ann", &made.id).await.unwrap();
        assert_eq!((shown.version, &shown.draft), (made.version, &made.draft), "to its owner nothing changed");
        server.learn("ann", &[("t9", "secret")]).await;
        assert!(!exposed("t9", "secret").await && !exposed("t9", "").await, "{backend}: a rename changes nothing");
        assert!(!exposed("private", "").await, "the name may have been an id all along");
        let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap().draft.unwrap();
        assert_eq!(kept.excluded_tag_ids, ["private", "both", "t9", "t1", "t2"], "of two tags neither is meant more");
        assert_eq!(excluded(Some(kept)), ["private", "t9"]);
        server.learn("ann", &[("t1", "one")]).await;
        assert!(!exposed("t1", "one").await && !exposed("t2", "").await, "{backend}: both stay excluded");

        let shown = server.get("ann", &made.id).await.unwrap();
        let outdated = UpdateProfileRequest {
            profile: made.draft.clone(),
            expected_versions: vec![made.version],
            ..update_of(&made.id, &FIELDS)
        };
        let refused = server.client().update_profile(by("ann", outdated)).await;
        assert_eq!(
            why(refused),
            "PRECONDITION_FAILED",
            "{backend}: what was read before the rename does not mean the same"
        );
        let sent_back = server.update("ann", &made.id, shown.draft.unwrap(), &FIELDS).await.unwrap();
        assert_eq!(sent_back.version, shown.version, "what was shown means the same when it is sent back");
        for (id, name) in [("t1", "one"), ("t2", ""), ("t3", "both"), ("private", ""), ("t9", "secret")] {
            assert!(!exposed(id, name).await, "{backend}: {id}");
        }
    })
    .await;
}

#[tokio::test]
async fn exclusion_by_a_shared_name_excludes_all_tags() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "diary"), ("t2", "diary"), ("t3", "work")]).await;
        let accents = excluding(&["cafe\u{301}", "man\u{303}ana"]);
        let accents = server.create("ann", accents).await.unwrap();
        server.learn("ann", &[("t8", "caf\u{e9}"), ("t9", "ma\u{f1}ana")]).await;
        let kept = server.get_with("ann", &accents.id, false).await.unwrap().profile.unwrap();
        assert_eq!(excluded(kept.draft), ["caf\u{e9}", "ma\u{f1}ana", "t8", "t9"], "{backend}");
        let known = server.create("ann", excluding(&["cafe\u{301}"])).await.unwrap();
        assert_eq!(excluded(known.draft), ["caf\u{e9}"], "{backend}: shown as the directory has it");
        let made = server.create("ann", excluding(&["diary", "work"])).await.unwrap();
        assert_eq!(excluded(made.draft.clone()), ["diary", "work"], "{backend}: as it was written");
        let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap();
        assert_eq!(excluded(kept.draft), ["diary", "t1", "t2", "t3"]);
        server.learn("ann", &[("t1", "journal")]).await;
        let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap();
        assert_eq!(excluded(kept.draft), ["diary", "t1", "t2", "t3"], "{backend}: a rename lets nothing out");
    })
    .await;
}

#[tokio::test]
async fn profile_with_many_learned_ids_can_be_deactivated() {
    let backend = test_kit::Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let names: Vec<_> = (0..1_000).map(|n| format!("name-{n:0>100}")).collect();
    let ids: Vec<_> = (0..1_000).map(|n| format!("id-{n:0>120}")).collect();
    let many = ProfileDraft { excluded_tag_ids: names.clone(), ..excluding(&[]) };
    let many = ProfileDraft { allowed_node_ids: ids.clone(), ..many };
    let made = server.create("ann", many).await.unwrap();
    let tags: Vec<_> = ids.iter().map(String::as_str).zip(names.iter().map(String::as_str)).collect();
    server.learn("ann", &tags).await;
    let off = UpdateProfileRequest { is_active: Some(false), ..update_of(&made.id, &["is_active"]) };
    let off = server.client().update_profile(by("ann", off)).await.unwrap().into_inner().profile.unwrap();
    assert!(!off.is_active);
    let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap().draft.unwrap();
    assert_eq!(kept.excluded_tag_ids.len(), 2_000, "no exclusion is dropped to make room");
}

#[tokio::test]
async fn names_are_accepted_wherever_tags_are() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let names = ["urgent", "work", "no", "private", "archived", "a", "b"];
        let ids: Vec<_> = names.iter().map(|name| format!("id-{name}")).collect();
        let tags: Vec<_> = ids.iter().map(String::as_str).zip(names).collect();
        server.learn("ann", &tags).await;
        let made = server.create("ann", full()).await.unwrap();
        assert_eq!(made.draft.clone().unwrap(), full(), "{backend}: shown by their names");
        let kept = format!("{:?}", server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap().draft);
        for name in names {
            assert!(
                kept.contains(&format!("\"id-{name}\"")) && !kept.contains(&format!("\"{name}\"")),
                "{name}: {kept}"
            );
        }
        let yaml = server.get_with("ann", &made.id, true).await.unwrap().yaml.unwrap();
        assert!(yaml.contains("- private") && !yaml.contains("id-private"), "{yaml}");
    })
    .await;
}

#[tokio::test]
async fn tag_names_are_scoped_to_a_person() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "private")]).await;
        let made = server.create("bob", excluding(&["private"])).await.unwrap();
        let kept = server.get_with("bob", &made.id, false).await.unwrap().profile.unwrap();
        assert_eq!(excluded(kept.draft), ["private"], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn directory_lists_its_tags() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "work"), ("t2", "home 🏡")]).await;
        let request = ResolveTagsRequest { user_id: "ann".into(), refs: strings(&["home 🏡", "t1", "nothing"]) };
        let known = server.tags().resolve_tags(request).await.unwrap().into_inner().tags;
        let known: Vec<_> = known.iter().map(|tag| (tag.id.as_str(), tag.name.as_str())).collect();
        assert_eq!(known, [("t2", "home 🏡"), ("t1", "work")], "{backend}");
        assert_eq!(why(server.tags().upsert_tags(UpsertTagsRequest::default()).await), "tags user_id");
        let wrong = ofself_proto::exposure::Tag { id: "a b".into(), name: String::new() };
        let wrong = UpsertTagsRequest { user_id: "ann".into(), tags: vec![wrong] };
        assert_eq!(why(server.tags().upsert_tags(wrong).await), "tags[0].id tags[0].name");
        assert_eq!(why(server.tags().delete_tags(DeleteTagsRequest::default()).await), "tag_ids user_id");
        assert_eq!(why(server.tags().resolve_tags(ResolveTagsRequest::default()).await), "refs user_id");
    })
    .await;
}

#[tokio::test]
async fn named_tags_of_a_person_are_listed_in_pages() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t2", "work"), ("t1", "home"), ("t3", "gone"), ("t4", "garden")]).await;
        server.learn("bob", &[("t9", "boat")]).await;
        let forget = DeleteTagsRequest { user_id: "ann".into(), tag_ids: strings(&["t3"]) };
        server.tags().delete_tags(forget).await.unwrap();
        let list = async |user: &str, page_token: String| {
            let request = ListTagsRequest { page_size: 2, page_token };
            let mut advisor = ExposureAdvisorServiceClient::new(server.channel.clone());
            let page = advisor.list_tags(by(user, request)).await.unwrap().into_inner();
            (page.tags.into_iter().map(|tag| (tag.id, tag.name)).collect::<Vec<_>>(), page.next_page_token)
        };
        let tag = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        let (first, next) = list("ann", String::new()).await;
        assert_eq!(first, [tag("t1", "home"), tag("t2", "work")], "{backend}");
        assert_eq!(list("ann", next).await, (vec![tag("t4", "garden")], String::new()));
        assert_eq!(list("cyd", String::new()).await, (Vec::new(), String::new()));
    })
    .await;
}
