//! `AccessAdvisorService.ListHistory`: what changed in a person's data, in words.

use ofself_proto::sharing::{
    CreateShareRequest, GrantFollowShareRequest, HistoryEntry, LeaveShareRequest, ListHistoryRequest, ShareChanges,
    ShareScope, access_advisor_service_client::AccessAdvisorServiceClient,
};

use test_kit::Backend;

use crate::statements::on_both;
use crate::test_server::{TestServer, after, by, everything_to, of, passable, tags_to, why};

async fn history(server: &TestServer, user: &str, page_size: i32) -> Vec<HistoryEntry> {
    let mut client = AccessAdvisorServiceClient::new(server.channel.clone());
    let mut request = ListHistoryRequest { page_size, ..ListHistoryRequest::default() };
    let mut entries = Vec::new();
    loop {
        let page = client.list_history(by(user, request.clone())).await.unwrap().into_inner();
        assert!(page_size == 0 || page.entries.len() <= usize::try_from(page_size).unwrap());
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            return entries;
        }
        request.page_token = page.next_page_token;
    }
}

fn nodes_to(recipient: &str, ids: &[&str]) -> CreateShareRequest {
    CreateShareRequest {
        scope: ShareScope::SpecificNodes.into(),
        node_ids: ids.iter().map(ToString::to_string).collect(),
        ..everything_to(recipient)
    }
}

#[tokio::test]
async fn every_change_is_told_newest_first() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let direct = CreateShareRequest { can_write: Some(true), ..passable(tags_to("bob", &["a", "b", "c"])) };
        let direct = server.create("ann", direct).await.unwrap();
        server.at(1);
        server.create("bob", of(&direct, CreateShareRequest { expires_at: after(60), ..tags_to("cyd", &["a"]) })).await.unwrap();
        server.at(2);
        let changes = ShareChanges {
            scope: ShareScope::SpecificTags.into(),
            tag_ids: vec!["a".into()],
            can_write: Some(false),
            expires_at: after(90),
            ..ShareChanges::default()
        };
        server.update("ann", &direct.id, changes, &["scope", "tag_ids", "can_write", "expires_at"]).await.unwrap();
        server.at(3);
        server.revoke("ann", &direct.id).await.unwrap();
        let many: Vec<_> = (0..7).map(|number| format!("n{number}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        server.create("ann", nodes_to("dan", &many)).await.unwrap();
        let follow = GrantFollowShareRequest {
            follow_id: "f1".into(),
            owner_id: "ann".into(),
            follower_id: "eve".into(),
            ..GrantFollowShareRequest::default()
        };
        server.follows().grant_follow_share(follow).await.unwrap();
        server.create("bob", everything_to("ann")).await.unwrap();

        let entries = history(&server, "ann", 0).await;
        let texts: Vec<_> = entries.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "A service shared everything with `eve`: read",
                "You shared the nodes `n0`, `n1`, `n2`, `n3`, `n4` and 2 more with `dan`: read",
                "You ended the share with `bob`, and everything that was re-shared from it",
                "You changed the share with `bob`: it covers what is tagged `a`; it allows to read, re-share; it ends at 2026-01-01T00:01:30Z",
                "`bob` re-shared what is tagged `a` with `cyd`: read, until 2026-01-01T00:01:00Z",
                "You shared what is tagged `a`, `b` or `c` with `bob`: read, write, re-share",
            ],
            "{backend}"
        );
        let ended = &entries[2];
        assert_eq!((ended.share_id.as_str(), ended.person_id.as_str()), (direct.id.as_str(), "bob"));
        assert_eq!((ended.actor_id.as_str(), ended.occurred_at), ("user:ann", after(3)));
        let ids: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), entries.len());
        for size in 1..8 {
            assert_eq!(history(&server, "ann", size).await, entries, "{size}");
        }
        assert_eq!(history(&server, "bob", 0).await.len(), 1, "of their own data only");
        assert_eq!(history(&server, "cyd", 0).await, []);
        let wrong = ListHistoryRequest { page_size: -1, page_token: "x".into() };
        let refused = AccessAdvisorServiceClient::new(server.channel.clone()).list_history(by("ann", wrong)).await;
        assert_eq!(why(refused), "page_size page_token");
    })
    .await;
}

#[tokio::test]
async fn recipient_who_leaves_is_said_to_leave() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let share = server.create("ann", everything_to("bob")).await.unwrap();
    let mut client = AccessAdvisorServiceClient::new(server.channel.clone());
    client.leave_share(by("bob", LeaveShareRequest { share_id: share.id })).await.unwrap();
    assert_eq!(history(&server, "ann", 0).await[0].text, "`bob` left the share");
}

#[tokio::test]
async fn pages_of_large_events_end_early_and_lose_none() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // Each event has 128 KB of ids.
        for number in 0..20 {
            let ids: Vec<_> = (0..1_000).map(|id| format!("{number:02}-{id:0>125}")).collect();
            let ids: Vec<_> = ids.iter().map(String::as_str).collect();
            server.create("ann", nodes_to(&format!("r{number}"), &ids)).await.unwrap();
        }
        let entries = history(&server, "ann", 100).await;
        let people: Vec<_> = entries.iter().map(|entry| entry.person_id.clone()).collect();
        let expected: Vec<_> = (0..20).rev().map(|number| format!("r{number}")).collect();
        assert_eq!(people, expected, "{backend}");
        let mut client = AccessAdvisorServiceClient::new(server.channel.clone());
        let request = by("ann", ListHistoryRequest { page_size: 100, ..ListHistoryRequest::default() });
        let first = client.list_history(request).await.unwrap().into_inner();
        assert!((1..20).contains(&first.entries.len()), "{}", first.entries.len());
    })
    .await;
}
