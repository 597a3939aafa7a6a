//! `dry_run`: every check of a write, and nothing written.

use ofself_proto::exposure::{CreateProfileRequest, ListProfilesRequest, Profile, ProfileDraft, UpdateProfileRequest};

use crate::{
    statements::on_both,
    test_server::{TestServer, by, full, named, strings, update_of, why},
};

fn unsaved(profile: Profile) -> Profile {
    Profile { id: String::new(), created_at: None, updated_at: None, version: 0, ..profile }
}

#[tokio::test]
async fn dry_run_of_create_agrees_with_create() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for draft in [full(), named("bare"), named(""), ProfileDraft { transformations: strings(&["x"]), ..named("n") }]
        {
            let request = CreateProfileRequest { profile: Some(draft.clone()), dry_run: true, ..Default::default() };
            let dry = server.client().create_profile(by("ann", request)).await;
            let listed = server.client().list_profiles(by("ann", ListProfilesRequest::default())).await.unwrap();
            let count = listed.into_inner().total;
            match (dry, server.create("ann", draft).await) {
                (Ok(dry), Ok(created)) => {
                    assert_eq!(dry.into_inner().profile.unwrap(), unsaved(created), "{backend}");
                }
                (dry, created) => assert_eq!(why(dry), why(created)),
            }
            let listed = server.client().list_profiles(by("ann", ListProfilesRequest::default())).await.unwrap();
            assert!(listed.into_inner().total <= count + 1, "a dry run creates nothing");
        }
    })
    .await;
}

#[tokio::test]
async fn dry_run_of_update_agrees_with_update() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", full()).await.unwrap();
        let wider = ProfileDraft { excluded_tag_ids: Vec::new(), ..full() };
        for (draft, mask) in [(wider, "excluded_tag_ids"), (named(""), "name"), (named("renamed"), "name")] {
            let request = |dry_run| UpdateProfileRequest {
                profile: Some(draft.clone()),
                dry_run,
                ..update_of(&profile.id, &[mask])
            };
            let before = server.get("ann", &profile.id).await.unwrap();
            let dry = server.client().update_profile(by("ann", request(true))).await;
            assert_eq!(server.get("ann", &profile.id).await.unwrap(), before, "{backend}: a dry run writes nothing");
            match (dry, server.client().update_profile(by("ann", request(false))).await) {
                (Ok(dry), Ok(updated)) => {
                    let updated = updated.into_inner().profile.unwrap();
                    assert_eq!(dry.into_inner().profile.unwrap(), unsaved(updated), "{backend}: also its warnings");
                }
                (dry, updated) => assert_eq!(why(dry), why(updated)),
            }
        }
    })
    .await;
}
