//! Events of profiles, grants and tags, listed and watched.

use ofself_proto::exposure::{
    DeleteTagsRequest, GrantAppAccessRequest, ListProfileEventsRequest, ProfileDraft, ProfileEvent,
    ProfileEventKind as Kind, RevokeAppAccessRequest, TagFilters, UpdateAppAccessRequest, UpdateProfileRequest,
    WatchProfilesRequest, WatchProfilesResponse,
    profile_event::{AfterRow, BeforeRow},
    watch_profiles_response::Content,
};
use prost_types::FieldMask;
use test_kit::wait_until;
use tonic::Streaming;

use crate::{
    statements::on_both,
    test_server::{START, TestServer, by, named, strings, why},
};

async fn listed(server: &TestServer, request: ListProfileEventsRequest) -> Vec<ProfileEvent> {
    let request = ListProfileEventsRequest { page_size: 1_000, ..request };
    server.admin().list_profile_events(request).await.unwrap().into_inner().events
}

/// The events of one user, once there are `count` of them.
async fn events_of(server: &TestServer, user: &str, count: usize) -> Vec<ProfileEvent> {
    wait_until("the events", async || {
        let request = ListProfileEventsRequest { user_id: user.into(), ..ListProfileEventsRequest::default() };
        let events = listed(server, request).await;
        assert!(events.len() <= count, "{} events: {events:#?}", events.len());
        (events.len() == count).then_some(events)
    })
    .await
}

fn kinds(events: &[ProfileEvent]) -> Vec<Kind> {
    events.iter().map(ProfileEvent::kind).collect()
}

#[tokio::test]
async fn every_change_of_a_profile_has_its_events() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // Made by the first read.
        let default = server.default("ann").await;
        let profile = server.create("ann", named("One")).await.unwrap();
        server.update("ann", &profile.id, named("Two"), &["name"]).await.unwrap();
        server.update("ann", &profile.id, named("Two"), &["name"]).await.unwrap();
        let deactivate = UpdateProfileRequest {
            profile_id: profile.id.clone(),
            is_active: Some(false),
            update_mask: Some(FieldMask { paths: strings(&["is_active"]) }),
            ..UpdateProfileRequest::default()
        };
        server.client().update_profile(by("ann", deactivate)).await.unwrap();
        // Two rows: two events of one version.
        server.make_default("ann", &profile.id, true).await.unwrap();
        server.delete("ann", &default.id).await.unwrap();
        let events = events_of(&server, "ann", 7).await;
        let expected = [
            Kind::Created,
            Kind::Created,
            Kind::Updated,
            Kind::Deactivated,
            Kind::Updated,
            Kind::Updated,
            Kind::Deleted,
        ];
        assert_eq!(kinds(&events), expected);
        let versions: Vec<_> = events.iter().map(|event| event.owner_version - events[0].owner_version).collect();
        assert_eq!(versions, [0, 1, 2, 3, 4, 4, 5]);
        assert!(events.iter().all(|event| event.actor_id == "user:ann" && event.user_id == "ann"));
        match (&events[2].before_row, &events[2].after_row) {
            (Some(BeforeRow::Before(before)), Some(AfterRow::After(after))) => {
                let name = |profile: &ofself_proto::exposure::Profile| profile.draft.clone().unwrap().name.unwrap();
                assert_eq!((name(before), name(after), after.version), ("One".into(), "Two".into(), 2));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(events[6].after_row, None);
        assert!(matches!(&events[6].before_row, Some(BeforeRow::Before(before)) if before.id == default.id));
    })
    .await;
}

#[tokio::test]
async fn every_change_of_a_grant_has_one_event() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let [one, two] = [server.create("ann", named("One")).await, server.create("ann", named("Two")).await];
        let [one, two] = [one.unwrap().id, two.unwrap().id];
        let grant = GrantAppAccessRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            tier: 2,
            profile_id: one,
            expires_at: Some(prost_types::Timestamp { seconds: START + 100, nanos: 0 }),
        };
        server.access().grant_app_access(grant.clone()).await.unwrap();
        let swap = UpdateAppAccessRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            profile_id: two,
            expires_at: None,
            update_mask: Some(FieldMask { paths: strings(&["profile_id"]) }),
        };
        server.access().update_app_access(swap).await.unwrap();
        events_of(&server, "ann", 4).await;
        server.at(100);
        let events = events_of(&server, "ann", 5).await;
        assert_eq!(kinds(&events[2..]), [Kind::Granted, Kind::GrantUpdated, Kind::GrantExpired]);
        assert_eq!(events[4].actor_id, "system");
        match (&events[4].before_row, &events[4].after_row) {
            (Some(BeforeRow::BeforeGrant(before)), Some(AfterRow::AfterGrant(after))) => {
                // Both as of the event.
                assert!(!before.is_active && !after.is_active && before.app_id == "app");
            }
            other => panic!("{other:?}"),
        }
        let again = GrantAppAccessRequest { expires_at: None, ..grant };
        server.access().grant_app_access(again).await.unwrap();
        let end = RevokeAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
        server.access().revoke_app_access(end.clone()).await.unwrap();
        server.access().revoke_app_access(end).await.unwrap();
        let events = events_of(&server, "ann", 8).await;
        assert_eq!(kinds(&events[5..]), [Kind::GrantUpdated, Kind::Granted, Kind::GrantRevoked]);
    })
    .await;
}

/// Whether upkeep is first or not.
#[tokio::test]
async fn deleted_profile_announces_expired_grants() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("One")).await.unwrap().id;
        let grant = GrantAppAccessRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            tier: 2,
            profile_id: profile.clone(),
            expires_at: Some(prost_types::Timestamp { seconds: START + 100, nanos: 0 }),
        };
        server.access().grant_app_access(grant).await.unwrap();
        server.at(100);
        server.delete("ann", &profile).await.unwrap();
        let last = async || {
            let request = ListProfileEventsRequest { user_id: "ann".into(), ..ListProfileEventsRequest::default() };
            let events = listed(&server, request).await;
            events.iter().any(|event| event.kind() == Kind::Deleted).then_some(events)
        };
        let events = test_kit::wait_until("the deletion", last).await;
        let expired = kinds(&events).into_iter().filter(|kind| *kind == Kind::GrantExpired);
        assert_eq!(expired.count(), 1, "{backend}: {events:?}");
    })
    .await;
}

#[tokio::test]
async fn directory_change_names_the_profiles_it_alters() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let filters = TagFilters { include_any: strings(&["work"]), ..TagFilters::default() };
        let profile = ProfileDraft { tag_filters: Some(filters), ..named("Work") };
        let profile = server.create("ann", profile).await.unwrap();
        server.create("ann", named("Other")).await.unwrap();
        server.learn("ann", &[("t1", "work"), ("t2", "play")]).await;
        server.learn("ann", &[("t1", "work")]).await;
        let delete = DeleteTagsRequest { user_id: "ann".into(), tag_ids: strings(&["t2"]) };
        server.tags().delete_tags(delete).await.unwrap();
        let events = events_of(&server, "ann", 6).await;
        assert_eq!(kinds(&events[2..]), [Kind::TagsChanged, Kind::TagsChanged, Kind::Updated, Kind::TagsChanged]);
        assert!(events[2..5].iter().all(|event| event.owner_version == events[2].owner_version));
        assert!(matches!(&events[4].after_row, Some(AfterRow::After(after)) if after.id == profile.id));
        assert!(matches!(&events[5].before_row, Some(BeforeRow::BeforeTag(tag)) if tag.name == "play"));
        assert_eq!(events[5].after_row, None);
        let of_profile = ListProfileEventsRequest { profile_id: profile.id, ..ListProfileEventsRequest::default() };
        assert_eq!(kinds(&listed(&server, of_profile).await), [Kind::Created, Kind::Updated]);
    })
    .await;
}

#[tokio::test]
async fn template_that_is_found_raises_no_version() {
    use ofself_proto::exposure::CreateProfileFromTemplateRequest;
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for created in [true, false, false] {
            let request = CreateProfileFromTemplateRequest {
                template: "transparent".into(),
                ..CreateProfileFromTemplateRequest::default()
            };
            let answer = server.client().create_profile_from_template(by("ann", request)).await.unwrap().into_inner();
            assert_eq!(answer.created, created);
        }
        server.create("ann", named("Next")).await.unwrap();
        let events = events_of(&server, "ann", 2).await;
        assert_eq!(events[1].owner_version, events[0].owner_version + 1);
    })
    .await;
}

struct Watching {
    messages: Streaming<WatchProfilesResponse>,
    token: String,
}

impl Watching {
    async fn begin(server: &TestServer, request: WatchProfilesRequest) -> Self {
        let messages = server.decisions().watch_profiles(request).await.unwrap().into_inner();
        Self { messages, token: String::new() }
    }

    async fn message(&mut self) -> WatchProfilesResponse {
        let message = self.messages.message().await.unwrap().expect("a message");
        self.token.clone_from(&message.token);
        message
    }

    async fn content(&mut self) -> Content {
        loop {
            if let Some(content) = self.message().await.content {
                return content;
            }
        }
    }
}

#[tokio::test]
async fn snapshot_has_profiles_grants_and_tags() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("One")).await.unwrap();
        for app in ["app-1", "app-2"] {
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        server.learn("ann", &[("t1", "work")]).await;
        server.create("bob", named("Other")).await.unwrap();
        events_of(&server, "ann", 4).await;
        events_of(&server, "bob", 1).await;
        let request = WatchProfilesRequest {
            user_ids: strings(&["ann"]),
            app_ids: strings(&["app-2"]),
            from_beginning: true,
            ..WatchProfilesRequest::default()
        };
        let mut watch = Watching::begin(&server, request.clone()).await;
        let mut tokens = Vec::new();
        let mut rows = Vec::new();
        loop {
            let message = watch.message().await;
            tokens.push(message.token);
            let content = message.content.unwrap();
            if content == Content::SnapshotEnd(true) {
                break;
            }
            assert_eq!(message.user_id, "ann");
            rows.push(content);
        }
        match &rows[..] {
            [Content::Snapshot(one), Content::SnapshotGrant(grant), Content::SnapshotTag(tag)] => {
                assert_eq!((one.id.as_str(), grant.app_id.as_str()), (profile.id.as_str(), "app-2"));
                assert!(grant.is_active && tag.name == "work");
            }
            other => panic!("{other:?}"),
        }
        // Of grants only those of the app; profiles and tags whatever the app.
        for app in ["app-1", "app-2"] {
            let end = RevokeAppAccessRequest { user_id: "ann".into(), app_id: app.into() };
            server.access().revoke_app_access(end).await.unwrap();
        }
        server.update("ann", &profile.id, named("Two"), &["name"]).await.unwrap();
        let mut seen = Vec::new();
        for _ in 0..2 {
            let Content::Event(event) = watch.content().await else { panic!("an event") };
            seen.push(event);
        }
        assert_eq!(kinds(&seen), [Kind::GrantRevoked, Kind::Updated]);
        // A reader that was cut anywhere in the snapshot goes on there.
        for (number, token) in tokens.iter().enumerate() {
            let again = WatchProfilesRequest { after_token: token.clone(), from_beginning: false, ..request.clone() };
            let mut resumed = Watching::begin(&server, again).await;
            let mut rest = 0;
            if number < rows.len() {
                while resumed.content().await != Content::SnapshotEnd(true) {
                    rest += 1;
                }
                assert_eq!(rest, rows.len() - number - 1, "after row {number}");
            }
            assert_eq!(resumed.content().await, Content::Event(seen[0].clone()));
        }
    })
    .await;
}

#[tokio::test]
async fn wrong_fields_of_watches_and_lists_are_named() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let watch = WatchProfilesRequest {
            after_token: "x".into(),
            user_ids: strings(&["a b"]),
            app_ids: strings(&["", "ok"]),
            from_beginning: false,
        };
        let refused = why(server.decisions().watch_profiles(watch).await);
        assert_eq!(refused, "after_token app_ids[0] user_ids[0]");
        let list = ListProfileEventsRequest {
            user_id: "a b".into(),
            page_size: -1,
            page_token: "x".into(),
            kinds: vec![0],
            ..ListProfileEventsRequest::default()
        };
        assert_eq!(why(server.admin().list_profile_events(list).await), "kinds[0] page_size page_token user_id");
    })
    .await;
}
