//! Many at once. What must hold is asserted of the outcome, whichever order the machine chose.

use std::{collections::HashSet, sync::Arc};

use ofself_proto::exposure::{GetAppAccessRequest, ListProfilesRequest, ProfileDraft, UpdateProfileRequest};
use tokio::task::JoinSet;

use crate::statements::on_both;
use crate::test_server::{TestServer, by, named, strings, update_of, why};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_first_reads_create_one_default() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let mut asks = JoinSet::new();
        for _ in 0..64 {
            let server = server.clone();
            asks.spawn(async move { server.default("ann").await });
        }
        let answers = asks.join_all().await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{backend}");
        let page = server.client().list_profiles(by("ann", ListProfilesRequest::default())).await.unwrap();
        assert_eq!(page.into_inner().total, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_default_changes_leave_one_default() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let mut races = JoinSet::new();
        for contender in 0..16 {
            let server = server.clone();
            races.spawn(async move {
                let made = server.create("ann", named(&format!("p{contender}"))).await.unwrap();
                assert!(server.make_default("ann", &made.id, true).await.unwrap().is_default);
            });
        }
        races.join_all().await;
        let list = ListProfilesRequest { limit: Some(100), ..Default::default() };
        let profiles = server.client().list_profiles(by("ann", list)).await.unwrap().into_inner().profiles;
        assert_eq!(profiles.iter().filter(|profile| profile.is_default).count(), 1, "{backend}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_racing_a_grant_keeps_references_valid() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let (mut granted, mut deleted) = (0, 0);
        for round in 0..40 {
            let profile = server.create("ann", named("one")).await.unwrap().id;
            let app = format!("app-{round}");
            let (s1, p1, a1) = (server.clone(), profile.clone(), app.clone());
            let (s2, p2) = (server.clone(), profile.clone());
            let grant = tokio::spawn(async move { s1.grant("ann", &a1, &p1).await });
            let delete = tokio::spawn(async move { s2.delete("ann", &p2).await });
            match (grant.await.unwrap(), delete.await.unwrap()) {
                (Ok(_), refused) => {
                    granted += 1;
                    assert_eq!(why(refused), "PROFILE_IN_USE", "{backend}");
                    let request = GetAppAccessRequest { user_id: "ann".into(), app_id: app };
                    let access = server.access().get_app_access(request).await.unwrap().into_inner().access.unwrap();
                    assert!(server.get("ann", &access.profile_id).await.is_ok());
                }
                (refused, Ok(())) => {
                    deleted += 1;
                    assert_eq!(why(refused), "PROFILE_NOT_FOUND", "{backend}");
                }
                neither => panic!("{backend}: one of the two must win: {neither:?}"),
            }
        }
        assert_eq!(granted + deleted, 40);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_contended_updates_lose_none() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let made = server.create("ann", named("one")).await.unwrap();
        let mut writers = JoinSet::new();
        for writer in 0..100 {
            let (server, id) = (server.clone(), made.id.clone());
            writers.spawn(async move {
                loop {
                    let profile = server.get("ann", &id).await.unwrap();
                    let mut draft = profile.draft.unwrap();
                    draft.allowed_node_ids.extend(strings(&[&format!("n{writer}")]));
                    let request = UpdateProfileRequest {
                        profile: Some(draft),
                        expected_versions: vec![profile.version],
                        ..update_of(&id, &["allowed_node_ids"])
                    };
                    match server.client().update_profile(by("ann", request)).await {
                        Ok(_) => return,
                        refused => assert_eq!(why(refused), "PRECONDITION_FAILED"),
                    }
                }
            });
        }
        writers.join_all().await;
        let after = server.get("ann", &made.id).await.unwrap().draft.unwrap().allowed_node_ids;
        assert_eq!(after.iter().collect::<HashSet<_>>().len(), 100, "{backend}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_posts_with_one_key_create_one_profile() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let mut posts = JoinSet::new();
        for _ in 0..200 {
            let server = server.clone();
            posts.spawn(async move { server.create_as("ann", Some("k"), named("one")).await.unwrap() });
        }
        let answers = posts.join_all().await;
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "{backend}");
        assert!(answers.iter().all(|answer| answer.profile == answers[0].profile));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_widening_is_unreported_while_others_write() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let excluding = |tags: &[&str]| ProfileDraft { excluded_tag_ids: strings(tags), ..named("one") };
        let made = server.create("ann", excluding(&["private"])).await.unwrap();
        let (mut writers, mut widened) = (JoinSet::new(), 0);
        for writer in 0..12 {
            let (server, id) = (server.clone(), made.id.clone());
            writers.spawn(async move {
                let mut widened = 0;
                for round in 0..8 {
                    // Tags that come and go change the user's version too, so that updates are planned again.
                    if writer % 3 == 0 {
                        server.learn("ann", &[(&format!("t{writer}"), &format!("name-{round}"))]).await;
                        continue;
                    }
                    let before = server.get("ann", &id).await.unwrap();
                    let was_excluded = !before.draft.unwrap().excluded_tag_ids.is_empty();
                    let draft = if was_excluded { excluding(&[]) } else { excluding(&["private"]) };
                    let request = UpdateProfileRequest {
                        profile: Some(draft),
                        expected_versions: vec![before.version],
                        ..update_of(&id, &["excluded_tag_ids"])
                    };
                    match server.client().update_profile(by("ann", request)).await {
                        Ok(updated) => {
                            let warnings = updated.into_inner().profile.unwrap().warnings;
                            let is_widened = warnings.iter().any(|warning| warning.code == "WIDENED");
                            // What could not be ruled out may be reported of an update that narrows, too.
                            let is_undecided =
                                warnings.iter().any(|warning| warning.message.contains("could not be ruled out"));
                            assert!(is_widened == was_excluded || is_undecided, "{warnings:?}");
                            widened += usize::from(was_excluded);
                        }
                        refused => assert_eq!(why(refused), "PRECONDITION_FAILED"),
                    }
                }
                widened
            });
        }
        while let Some(done) = writers.join_next().await {
            widened += done.unwrap();
        }
        assert!(widened > 0, "{backend}: none of the updates widened");
    })
    .await;
}
