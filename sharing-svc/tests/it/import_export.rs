//! Import and export.

use std::collections::BTreeSet;

use ofself_proto::sharing::{
    ExportUserRequest, GrantFollowShareRequest, ImportSharesRequest, ImportSharesResponse, Share, ShareScope,
    ShareSource, ShareStatus,
};
use serde_json::Value;

use crate::{
    events::events_of,
    statements::on_both,
    test_server::{START, TestServer, after, everything_to, of, passable, tags_to, why},
};

pub async fn import(server: &TestServer, messages: Vec<Vec<Share>>) -> ImportSharesResponse {
    let messages = messages.into_iter().map(|shares| ImportSharesRequest { shares });
    let stream = tokio_stream::iter(messages.collect::<Vec<_>>());
    server.admin().import_shares(stream).await.unwrap().into_inner()
}

pub fn share(number: u32, owner: &str, recipient: &str) -> Share {
    Share {
        id: format!("0198c0de-0000-7000-8000-{number:012}"),
        owner_id: owner.into(),
        shared_with_user_id: recipient.into(),
        shared_by_user_id: owner.into(),
        scope: ShareScope::All.into(),
        can_read: true,
        created_at: after(-1_000),
        updated_at: after(-1_000),
        source: ShareSource::Direct.into(),
        version: 3,
        ..Share::default()
    }
}

pub fn below(number: u32, parent: &Share, recipient: &str) -> Share {
    Share {
        parent_share_id: Some(parent.id.clone()),
        shared_by_user_id: parent.shared_with_user_id.clone(),
        source: ShareSource::Reshare.into(),
        ..share(number, &parent.owner_id, recipient)
    }
}

#[tokio::test]
async fn imported_shares_count_and_have_events() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let root = Share { can_share: true, ..share(1, "ann", "bob") };
        let revoked = Share { revoked_at: after(-10), ..share(3, "ann", "dan") };
        let shares = vec![root.clone(), below(2, &root, "cyd"), revoked.clone(), share(4, "eve", "bob")];
        let first = import(&server, vec![shares[..1].to_vec(), shares[1..].to_vec()]).await;
        assert_eq!((first.imported, first.refused_total), (4, 0), "{first:?}");
        assert!(server.may_read("bob", &[]).await && server.may_read("cyd", &[]).await);
        assert!(!server.may_read("dan", &[]).await);
        assert_eq!(server.status("ann", &revoked.id).await, ShareStatus::Revoked);
        let stored = server.get("ann", &root.id).await.unwrap();
        assert_eq!((stored.version, stored.created_at, stored.updated_at), (3, after(-1_000), after(-1_000)));
        let events = events_of(&server, "ann", 3).await;
        assert!(events.iter().all(|event| event.actor_id == "operator:unauthenticated"));
        // A stream that was cut is sent again.
        let again = import(&server, vec![shares.clone()]).await;
        assert_eq!((again.imported, again.refused_total), (4, 0), "{again:?}");
        events_of(&server, "ann", 3).await;
        // Exported and imported elsewhere, the usage is that of its shares.
        server.revoke("ann", &root.id).await.unwrap();
        let store = crate::test_server::store(&backend).await;
        assert_eq!(store.usage_differences(&crate::test_server::user("ann")).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn share_that_cannot_be_is_refused_by_position() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let root = Share { can_share: true, ..share(1, "ann", "bob") };
        let refused = [
            Share { can_write: true, ..root.clone() },
            Share { owner_id: "eve".into(), shared_by_user_id: "eve".into(), ..root.clone() },
            Share { id: "x".into(), ..share(2, "ann", "bob") },
            // The scans begin after it.
            Share { id: "00000000-0000-0000-0000-000000000000".into(), ..share(2, "ann", "bob") },
            // It could not be raised.
            Share { version: i64::MAX, ..share(2, "ann", "bob") },
            Share { owner_id: "a b".into(), ..share(2, "ann", "bob") },
            share(2, "ann", "ann"),
            Share { shared_by_user_id: "bob".into(), ..share(2, "ann", "cyd") },
            Share { can_read: false, ..share(2, "ann", "cyd") },
            Share { source: ShareSource::Follow.into(), ..share(2, "ann", "cyd") },
            Share { created_at: after(10), ..share(2, "ann", "cyd") },
            Share { created_at: None, ..share(2, "ann", "cyd") },
            Share { revoked_at: after(10), ..share(2, "ann", "cyd") },
            Share { scope: ShareScope::SpecificTags.into(), ..share(2, "ann", "cyd") },
            Share { scope: 99, ..share(2, "ann", "cyd") },
            below(2, &share(9, "ann", "bob"), "cyd"),
            below(2, &root, "bob"),
            Share { can_write: true, ..below(2, &root, "cyd") },
            Share { shared_by_user_id: "dan".into(), ..below(2, &root, "cyd") },
        ];
        let shares = [vec![root.clone()], refused.to_vec()].concat();
        let answer = import(&server, vec![shares]).await;
        assert_eq!((answer.imported, answer.refused_total), (1, i64::try_from(refused.len()).unwrap()), "{answer:#?}");
        assert!(answer.refused.iter().map(|refused| refused.position).eq(1..=i64::try_from(refused.len()).unwrap()));
        assert!(answer.refused.iter().all(|refused| !refused.reason.is_empty()));
        // What expires later is no future time.
        let ends = Share { expires_at: after(1_000), ..share(3, "ann", "fay") };
        assert_eq!(import(&server, vec![vec![ends]]).await.imported, 1);
        let many = ImportSharesRequest { shares: vec![root; 1_001] };
        let many = server.admin().import_shares(tokio_stream::iter([many])).await;
        assert_eq!(why(many), "shares");
    })
    .await;
}

#[tokio::test]
async fn concurrent_imports_store_an_id_once() {
    on_both(|backend| async move {
        let servers = [TestServer::start(&backend).await, TestServer::start(&backend).await];
        let shares_of = |owner: &str| (1..=40).map(|number| vec![share(number, owner, "zoe")]).collect::<Vec<_>>();
        let (of_ann, of_bob, of_cyd) = tokio::join!(
            import(&servers[0], shares_of("ann")),
            import(&servers[0], shares_of("bob")),
            import(&servers[1], shares_of("cyd"))
        );
        let results = [of_ann, of_bob, of_cyd];
        assert_eq!(results.iter().map(|result| result.imported).sum::<i64>(), 40, "{results:?}");
        assert_eq!(results.iter().map(|result| result.refused_total).sum::<i64>(), 80);
        for refused in results.iter().flat_map(|result| &result.refused) {
            assert_eq!(refused.reason, "a share of another owner has this id");
        }
    })
    .await;
}

async fn export(server: &TestServer, user: &str) -> String {
    let request = ExportUserRequest { user_id: user.into() };
    let mut pieces = server.admin().export_user(request).await.unwrap().into_inner();
    let mut text = String::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        text.push_str(&piece.chunk);
    }
    text
}

#[tokio::test]
async fn export_in_slices_has_every_share_once() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // More than two slices of each list, many of one time; some of before 1970.
        let mut shares = Vec::new();
        for number in 0..1_100 {
            let root = share(3 * number, "ann", &format!("friend-{number}"));
            let received = Share { can_share: true, ..share(3 * number + 1, &format!("owner-{}", number % 7), "ann") };
            let reshared = below(3 * number + 2, &received, &format!("friend-{number}"));
            let created_at = after(-START - i64::from(number % 3) * 10);
            shares.extend([root, received, reshared].map(|share| Share {
                created_at,
                updated_at: created_at,
                ..share
            }));
        }
        let imported = import(&server, shares.chunks(999).map(<[Share]>::to_vec).collect()).await;
        assert_eq!((imported.imported, imported.refused_total), (3_300, 0), "{backend}");
        let document: Value = serde_json::from_str(&export(&server, "ann").await).unwrap();
        for (list, first) in [("outgoing", 0), ("incoming", 1), ("reshared", 2)] {
            let ids: BTreeSet<_> =
                document[list].as_array().unwrap().iter().map(|share| share["id"].to_string()).collect();
            let expected = shares.iter().skip(first).step_by(3).map(|share| format!("\"{}\"", share.id)).collect();
            assert_eq!(ids, expected, "{list}, {backend}");
            assert_eq!(document[list].as_array().unwrap().len(), 1_100, "{list}, {backend}");
        }
    })
    .await;
}

#[tokio::test]
async fn export_has_everything_about_a_person_by_its_schema() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let own = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        server.create("bob", of(&own, everything_to("cyd"))).await.unwrap();
        let received = server.create("dan", passable(tags_to("ann", &["t"]))).await.unwrap();
        server.create("ann", of(&received, tags_to("eve", &["t"]))).await.unwrap();
        let follow = GrantFollowShareRequest {
            follow_id: "f".into(),
            owner_id: "ann".into(),
            follower_id: "fay".into(),
            ..GrantFollowShareRequest::default()
        };
        server.follows().grant_follow_share(follow).await.unwrap();
        server.create("others", everything_to("only")).await.unwrap();
        events_of(&server, "ann", 3).await;
        let text = export(&server, "ann").await;
        let document: Value = serde_json::from_str(&text).unwrap();
        let schema: Value = serde_json::from_str(include_str!("../../../docs/export-sharing.schema.json")).unwrap();
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&document), names(&schema["properties"]));
        let count = |list: &str| document[list].as_array().unwrap().len();
        assert_eq!(["outgoing", "incoming", "reshared", "events"].map(count), [3, 1, 1, 3]);
        for list in ["outgoing", "incoming", "reshared", "events"] {
            let required = schema["properties"][list]["items"]["required"].as_array().unwrap();
            for item in document[list].as_array().unwrap() {
                let expected: BTreeSet<_> = required.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
                assert_eq!(names(item), expected, "{list}");
            }
        }
        assert!(!text.contains("others") && document["exported_at"].as_str().unwrap().starts_with("2026-01-01"));
        assert_eq!(document["outgoing"][0]["created_at"], "2026-01-01T00:00:00Z");
        let wrong = server.admin().export_user(ExportUserRequest { user_id: "a b".into() }).await;
        assert_eq!(why(wrong.map(drop)), "user_id");
    })
    .await;
}
