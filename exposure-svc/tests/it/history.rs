//! `ExposureAdvisorService.ListHistory`: what changed in a person's data, in words.

use ofself_proto::exposure::{
    DeleteTagsRequest, HistoryEntry, ListHistoryRequest, ProfileDraft, RebindAppRequest, RevokeAppAccessRequest,
    UpdateAppAccessRequest, UpdateProfileRequest, exposure_advisor_service_client::ExposureAdvisorServiceClient,
};
use prost_types::{FieldMask, Timestamp};

use crate::statements::on_both;
use crate::test_server::{START, TestServer, by, named, update_of, why};

async fn history(server: &TestServer, user: &str, page_size: i32) -> Vec<HistoryEntry> {
    let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
    let mut request = ListHistoryRequest { page_size, ..ListHistoryRequest::default() };
    let mut entries = Vec::new();
    loop {
        let page = client.list_history(by(user, request.clone())).await.unwrap().into_inner();
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            return entries;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn every_change_is_told_newest_first() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let one = server.create("ann", named("One")).await.unwrap();
        let two = server.create("ann", named("Two")).await.unwrap();
        server.grant("ann", "app", &one.id).await.unwrap();
        let rebind = RebindAppRequest { app_id: "app".into(), profile_id: two.id.clone(), ..Default::default() };
        ExposureAdvisorServiceClient::new(server.channel.clone()).rebind_app(by("ann", rebind)).await.unwrap();
        let ends = UpdateAppAccessRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            profile_id: String::new(),
            expires_at: Some(Timestamp { seconds: START + 60, nanos: 0 }),
            update_mask: Some(FieldMask { paths: vec!["expires_at".into()] }),
        };
        server.access().update_app_access(ends).await.unwrap();
        let revoke = RevokeAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
        server.access().revoke_app_access(revoke).await.unwrap();
        server.learn("ann", &[("t1", "work")]).await;
        let deleted = DeleteTagsRequest { user_id: "ann".into(), tag_ids: vec!["t1".into()] };
        server.tags().delete_tags(deleted).await.unwrap();
        let draft = ProfileDraft { description: Some("mine".into()), ..ProfileDraft::default() };
        server.update("ann", &one.id, draft, &["description"]).await.unwrap();
        let inactive = UpdateProfileRequest { is_active: Some(false), ..update_of(&one.id, &["is_active"]) };
        server.client().update_profile(by("ann", inactive)).await.unwrap();
        server.delete("ann", &one.id).await.unwrap();
        server.create("bob", named("Bob's")).await.unwrap();

        let entries = history(&server, "ann", 0).await;
        let texts: Vec<_> = entries.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "You deleted the profile `One`",
                "You deactivated the profile `One`",
                "You changed the profile `One`",
                "A service deleted the tag `t1`",
                "A service named the tag `t1` `work`",
                "A service revoked the access of the app `app`",
                "A service let the access of the app `app` end at 2026-01-01T00:01:00Z",
                "You bound the app `app` to another profile",
                "A service gave the app `app` access",
                "You created the profile `Two`",
                "You created the profile `One`",
            ],
            "{backend}"
        );
        assert_eq!((entries[0].profile_id.as_str(), entries[0].app_id.as_str()), (one.id.as_str(), ""));
        assert_eq!((entries[5].profile_id.as_str(), entries[5].app_id.as_str()), ("", "app"));
        for size in 1..13 {
            assert_eq!(history(&server, "ann", size).await, entries, "{size}");
        }
        assert_eq!(history(&server, "bob", 0).await.len(), 1);
        let wrong = ListHistoryRequest { page_size: -1, page_token: "v1.1".into() };
        let refused = ExposureAdvisorServiceClient::new(server.channel.clone()).list_history(by("ann", wrong)).await;
        assert_eq!(why(refused), "page_size page_token");
    })
    .await;
}
