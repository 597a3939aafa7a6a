use ofself_proto::exposure::{
    ListProfilesRequest, ProfileDraft, SchemaPermissions, TagFilters, TagPermissions, UpdateProfileRequest,
};

use crate::statements::on_both;
use crate::test_server::{FIELDS, TestServer, by, full, named, strings, update_of, why};

#[tokio::test]
async fn every_field_round_trips_through_storage() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", full()).await.unwrap();
        assert_eq!(made.draft.clone().unwrap(), full(), "{backend}");
        assert!(made.is_active && !made.is_default);
        assert_eq!(server.get("ann", &made.id).await.unwrap(), made);
        assert_eq!(why(server.get("eve", &made.id).await), "PROFILE_NOT_FOUND");
        assert_eq!(why(server.get("ann", "profile_abc").await), "PROFILE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn update_sets_and_clears_only_fields_in_its_mask() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", full()).await.unwrap();
        // Each field alone: set anew, and cleared.
        for field in FIELDS.into_iter().filter(|field| *field != "name") {
            let cleared = server.update("ann", &made.id, ProfileDraft::default(), &[field]).await.unwrap();
            assert_ne!(cleared.draft.clone().unwrap(), full(), "{backend}: {field}");
            let restored = server.update("ann", &made.id, full(), &[field]).await.unwrap();
            assert_eq!(restored.draft.unwrap(), full(), "{backend}: {field}");
        }
        assert_eq!(why(server.update("ann", &made.id, ProfileDraft::default(), &["name"]).await), "name");
        let emptied = server.update("ann", &made.id, named("Bare"), &FIELDS).await.unwrap();
        assert_eq!(emptied.draft.unwrap(), named("Bare"));
        assert_eq!(why(server.update("eve", &made.id, full(), &["name"]).await), "PROFILE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn response_can_be_sent_back_unchanged() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", full()).await.unwrap();
        let sent_back = server.update("ann", &made.id, made.draft.clone().unwrap(), &FIELDS).await.unwrap();
        assert_eq!(sent_back, made, "{backend}: not even the version");
    })
    .await;
}

#[tokio::test]
async fn profile_can_be_deactivated_and_listed() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let first = server.create("ann", named("one")).await.unwrap();
        server.at(1);
        let second = server.create("ann", named("two")).await.unwrap();
        let off = UpdateProfileRequest { is_active: Some(false), ..update_of(&first.id, &["is_active"]) };
        let off = server.client().update_profile(by("ann", off)).await.unwrap().into_inner().profile.unwrap();
        assert!(!off.is_active);
        let list = |is_active| {
            let request = ListProfilesRequest { is_active, ..ListProfilesRequest::default() };
            let mut client = server.client();
            async move { client.list_profiles(by("ann", request)).await.unwrap().into_inner() }
        };
        assert_eq!(list(None).await.profiles, [second.clone(), off.clone()], "{backend}: newest first");
        assert_eq!(list(Some(true)).await.profiles, [second]);
        assert_eq!(list(Some(false)).await.profiles, [off]);
        let others = server.client().list_profiles(by("eve", ListProfilesRequest::default())).await.unwrap();
        assert_eq!(others.into_inner().total, 0);
    })
    .await;
}

#[tokio::test]
async fn change_of_another_version_is_rejected() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.create("ann", named("one")).await.unwrap();
        let at = |versions: &[i64]| UpdateProfileRequest {
            profile: Some(named("two")),
            expected_versions: versions.to_vec(),
            ..update_of(&made.id, &["name"])
        };
        assert_eq!(why(server.client().update_profile(by("ann", at(&[2]))).await), "PRECONDITION_FAILED", "{backend}");
        assert!(server.client().update_profile(by("ann", at(&[1]))).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn mask_names_the_lists_of_tag_filters_one_by_one() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let filters = |all: &[&str], any: &[&str], none: &[&str]| {
            Some(TagFilters { include_all: strings(all), include_any: strings(any), exclude_any: strings(none) })
        };
        let of = |tag_filters| ProfileDraft { tag_filters, ..named("Filtered") };
        let made = server.create("ann", of(filters(&["a"], &["b"], &["c"]))).await.unwrap();
        let update = async |draft: ProfileDraft, paths: &[&str]| {
            let request = UpdateProfileRequest { profile: Some(draft), ..update_of(&made.id, paths) };
            let updated = server.client().update_profile(by("ann", request)).await?.into_inner();
            Ok::<_, tonic::Status>(updated.profile.unwrap().draft.unwrap().tag_filters)
        };
        // Only what the mask names is read.
        let other = of(filters(&["x"], &["y"], &["z"]));
        let kept = update(other.clone(), &["tag_filters.exclude_any"]).await.unwrap();
        assert_eq!(kept, filters(&["a"], &["b"], &["z"]), "{backend}");
        let kept = update(of(None), &["tag_filters.include_any"]).await.unwrap();
        assert_eq!(kept, filters(&["a"], &[], &["z"]), "{backend}: named and absent");
        let kept = update(other.clone(), &["tag_filters.include_all", "tag_filters.include_any"]).await.unwrap();
        assert_eq!(kept, filters(&["x"], &["y"], &["z"]), "{backend}");
        let kept = update(of(filters(&["d"], &[], &[])), &["tag_filters"]).await.unwrap();
        assert_eq!(kept, filters(&["d"], &[], &[]), "{backend}: the whole");
        assert_eq!(update(of(None), &["tag_filters"]).await.unwrap(), None, "{backend}");
        for unknown in ["tag_filters.include", "tag_filters.", "tag_permissions.read"] {
            assert_eq!(why(update(other.clone(), &[unknown]).await), "update_mask", "{backend}: {unknown}");
        }
    })
    .await;
}

#[tokio::test]
async fn empty_parts_are_the_same_as_absent_ones() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let empty = ProfileDraft {
            tag_filters: Some(TagFilters::default()),
            tag_permissions: Some(TagPermissions::default()),
            schema_permissions: Some(SchemaPermissions::default()),
            ..named("Empty")
        };
        assert_eq!(server.create("ann", empty).await.unwrap().draft.unwrap(), named("Empty"), "{backend}");
        let duplicates = ProfileDraft { allowed_node_ids: strings(&["b", "a", "b"]), ..named("Twice") };
        let kept = server.create("ann", duplicates).await.unwrap().draft.unwrap().allowed_node_ids;
        assert_eq!(kept, ["b", "a"], "duplicates fold, order stays");
    })
    .await;
}
