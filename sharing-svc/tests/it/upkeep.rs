//! Upkeep: marks, retention and purges. None of them changes a decision.

use std::time::Duration;

use ofself_proto::sharing::{
    Action, CreateShareRequest, GrantFollowShareRequest, RevokeFollowShareRequest, Share, ShareChanges, ShareStatus,
};
use runtime::clock::{Clock, ManualClock};
use sea_orm::{ConnectionTrait, Statement};
use service::{erasure::ErasedUsers, usage_counter::UsageCounter};
use sharing_svc::{
    config::QuotaSettings,
    operations::{Retention, Sharing, Upkeep},
};
use test_kit::Backend;
use types::Timestamp;

use crate::decisions::sql;
use crate::statements::on_both;
use crate::test_server::{START, TestServer, after, everything_to, of, passable, store, tags_to, user, why};

const DAY: i64 = 24 * 3_600;

/// Upkeep that a test runs, with a manual clock. Times lie in 2026: PostgreSQL goes by its own clock too.
struct ByHand {
    upkeep: Upkeep,
    manual_clock: ManualClock,
}

impl ByHand {
    async fn over(backend: &Backend, bytes_per_creator: i64) -> Self {
        let (clock, manual_clock) = Clock::manual(Timestamp::from_parts(START, 0).unwrap());
        let sharing = Sharing::new(
            store(backend).await,
            clock,
            QuotaSettings::default().quotas(),
            ErasedUsers::default(),
            UsageCounter::default(),
        );
        let period = Duration::from_hours(100 * 24);
        let retention = Retention { period, bytes_per_creator, events: period, erasure_delay: period };
        Self { upkeep: Upkeep::new(sharing, retention), manual_clock }
    }

    async fn pass_at(&mut self, seconds: i64) {
        self.manual_clock.set(Timestamp::from_parts(START + seconds, 0).unwrap());
        self.upkeep.pass().await.unwrap();
    }
}

/// How many rows the table of shares has, of those for which `condition` holds.
async fn rows(backend: &Backend, condition: &str) -> i64 {
    let database = sea_orm::Database::connect(backend.url()).await.unwrap();
    let table = if backend.to_string() == "SQLite" { "shares" } else { "sharing.shares" };
    let count = format!("SELECT COUNT(*) AS rows FROM {table} WHERE {condition}");
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), count)).await.unwrap();
    row.unwrap().try_get("", "rows").unwrap()
}

async fn usage_agrees(backend: &Backend, owner: &str) {
    assert_eq!(store(backend).await.usage_differences(&user(owner)).await.unwrap(), [], "{backend}");
}

/// A chain of shares from `ann` by way of `people`.
async fn chain(server: &TestServer, people: &[&str]) -> Vec<Share> {
    let mut links = vec![server.create("ann", passable(everything_to(people[0]))).await.unwrap()];
    for pair in people.windows(2) {
        let parent = links.last().unwrap();
        let request = of(parent, passable(everything_to(pair[1])));
        let link = server.create(pair[0], request).await.unwrap();
        links.push(link);
    }
    links
}

#[tokio::test]
async fn marks_change_neither_version_nor_response() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let links = chain(&server, &["bob", "cyd", "dan", "eve"]).await;
        let ending = CreateShareRequest { expires_at: after(10), ..tags_to("fay", &["a"]) };
        let ending = server.create("ann", ending).await.unwrap();
        server.revoke("ann", &links[0].id).await.unwrap();
        server.at(10);
        let mut before = Vec::new();
        for share in links.iter().chain([&ending]) {
            before.push(server.get("ann", &share.id).await.unwrap());
        }
        let mut upkeep = ByHand::over(&backend, i64::MAX).await;
        upkeep.pass_at(10).await;
        assert_eq!(rows(&backend, "ended_at IS NULL").await, 0, "{backend}");
        assert_eq!(rows(&backend, "ended_permanently = TRUE").await, 4, "{backend}");
        for share in before {
            assert_eq!(server.get("ann", &share.id).await.unwrap(), share, "{backend}");
        }
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn shares_that_can_return_are_not_marked() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let links = chain(&server, &["bob", "cyd", "dan"]).await;
        let ends = ShareChanges { expires_at: after(10), ..ShareChanges::default() };
        server.update("ann", &links[0].id, ends, &["expires_at"]).await.unwrap();
        let no_more = ShareChanges { can_share: Some(false), ..ShareChanges::default() };
        server.update("bob", &links[1].id, no_more, &["can_share"]).await.unwrap();
        server.at(10);
        let mut upkeep = ByHand::over(&backend, i64::MAX).await;
        upkeep.pass_at(10).await;
        assert_eq!(rows(&backend, "ended_at IS NOT NULL").await, 1, "{backend}: the one whose own expiry passed");

        // A renewal clears its mark, and all is as before.
        let longer = ShareChanges { expires_at: after(900), ..ShareChanges::default() };
        server.update("ann", &links[0].id, longer, &["expires_at"]).await.unwrap();
        let again = ShareChanges { can_share: Some(true), ..ShareChanges::default() };
        server.update("bob", &links[1].id, again, &["can_share"]).await.unwrap();
        assert_eq!(rows(&backend, "ended_at IS NOT NULL").await, 0, "{backend}");
        for (link, viewer) in links.iter().zip(["bob", "cyd", "dan"]) {
            assert_eq!(server.status(viewer, &link.id).await, ShareStatus::Active, "{backend}: {viewer}");
        }
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn revocation_marks_shares_below_an_expired_share() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let links = chain(&server, &["bob", "cyd", "dan", "eve"]).await;
        let ends = ShareChanges { expires_at: after(10), ..ShareChanges::default() };
        server.update("bob", &links[1].id, ends, &["expires_at"]).await.unwrap();
        server.at(10);
        let mut upkeep = ByHand::over(&backend, i64::MAX).await;
        upkeep.pass_at(10).await;
        server.at(20);
        server.revoke("ann", &links[0].id).await.unwrap();
        upkeep.pass_at(20).await;
        assert_eq!(rows(&backend, "ended_permanently = FALSE").await, 0, "{backend}");
        assert_eq!(rows(&backend, "sweep_below = TRUE").await, 0, "{backend}");
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn many_shares_below_are_marked_in_slices() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        for number in 0..60 {
            let child =
                server.create("bob", of(&parent, passable(everything_to(&format!("c{number}"))))).await.unwrap();
            for grandchild in 0..3 {
                let request = of(&child, everything_to(&format!("d{grandchild}")));
                server.create(&format!("c{number}"), request).await.unwrap();
            }
        }
        server.revoke("ann", &parent.id).await.unwrap();
        let mut upkeep = ByHand::over(&backend, i64::MAX).await;
        upkeep.pass_at(1).await;
        assert_eq!(rows(&backend, "ended_permanently = TRUE").await, 241, "{backend}");
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn shares_that_ended_long_ago_are_purged_leaves_first() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let links = chain(&server, &["bob", "cyd", "dan"]).await;
        let kept = server.create("ann", everything_to("gus")).await.unwrap();
        server.revoke("ann", &links[0].id).await.unwrap();
        let mut upkeep = ByHand::over(&backend, i64::MAX).await;
        upkeep.pass_at(99 * DAY).await;
        assert_eq!(rows(&backend, "1 = 1").await, 4, "{backend}");
        upkeep.pass_at(101 * DAY).await;
        assert_eq!(rows(&backend, "1 = 1").await, 1, "{backend}");
        assert_eq!(why(server.get("ann", &links[2].id).await), "SHARE_NOT_FOUND");
        assert_eq!(server.status("gus", &kept.id).await, ShareStatus::Active);
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn share_expired_beyond_retention_ends_permanently() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let links = chain(&server, &["bob", "cyd", "dan"]).await;
        let ends = ShareChanges { expires_at: after(DAY), ..ShareChanges::default() };
        server.update("ann", &links[0].id, ends, &["expires_at"]).await.unwrap();
        let mut upkeep = ByHand::over(&backend, i64::MAX).await;
        for day in [2, 100] {
            upkeep.pass_at(day * DAY).await;
            assert_eq!(rows(&backend, "1 = 1").await, 3, "{backend}: day {day}");
        }
        upkeep.pass_at(102 * DAY).await;
        assert_eq!(rows(&backend, "1 = 1").await, 0, "{backend}");
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn share_of_a_follow_is_kept_until_the_follow_ends() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let grant = || GrantFollowShareRequest {
            follow_id: "f".into(),
            owner_id: "ann".into(),
            follower_id: "bob".into(),
            ..GrantFollowShareRequest::default()
        };
        let share = server.follows().grant_follow_share(grant()).await.unwrap().into_inner().share.unwrap();
        server.revoke("ann", &share.id).await.unwrap();
        // A quota of nothing: also an early purge passes it over.
        let mut upkeep = ByHand::over(&backend, 0).await;
        upkeep.pass_at(200 * DAY).await;
        let again = server.follows().grant_follow_share(grant()).await.unwrap().into_inner();
        assert_eq!((again.share.unwrap().id, again.created), (share.id.clone(), false), "{backend}");
        let request = RevokeFollowShareRequest { follow_id: "f".into() };
        server.follows().revoke_follow_share(request).await.unwrap();
        upkeep.pass_at(200 * DAY).await;
        assert_eq!(rows(&backend, "1 = 1").await, 0, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn ended_shares_of_one_creator_are_bounded_in_bytes() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        for (creator, count) in [("ann", 12), ("bob", 4)] {
            for number in 0..count {
                server.at(number);
                let request = tags_to("cyd", &[&format!("t{number}")]);
                let request = if creator == "bob" { of(&parent, request) } else { request };
                let share = server.create(creator, request).await.unwrap();
                server.revoke(creator, &share.id).await.unwrap();
            }
        }
        // Room for ten rows of some 520 bytes each.
        let mut upkeep = ByHand::over(&backend, 5_200).await;
        upkeep.pass_at(100).await;
        assert_eq!(rows(&backend, "creator_id = 'bob' AND ended_at IS NOT NULL").await, 4, "{backend}");
        let left = rows(&backend, "creator_id = 'ann' AND ended_at IS NOT NULL").await;
        assert!((9..=10).contains(&left), "{backend}: {left}");
        assert_eq!(
            rows(&backend, "tag_ids IS NOT NULL AND CAST(tag_ids AS TEXT) LIKE '%\"t0\"%'").await,
            1,
            "the oldest went"
        );
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn early_purge_takes_what_is_below_first() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let links = chain(&server, &["bob", "cyd", "dan", "eve"]).await;
        let expiring = CreateShareRequest { expires_at: after(10), ..tags_to("fay", &["a"]) };
        server.create("ann", expiring).await.unwrap();
        server.revoke("ann", &links[0].id).await.unwrap();
        let mut upkeep = ByHand::over(&backend, 0).await;
        upkeep.pass_at(20).await;
        assert_eq!(rows(&backend, "1 = 1").await, 0, "{backend}");
        usage_agrees(&backend, "ann").await;
    })
    .await;
}

#[tokio::test]
async fn decisions_are_the_same_before_and_after_upkeep() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let links = chain(&server, &["bob", "cyd", "dan"]).await;
        let other = server.create("ann", tags_to("dan", &["work"])).await.unwrap();
        server.revoke("bob", &links[1].id).await.unwrap();
        let may = async |viewer: &str, tag: &str| {
            crate::access::may(&server, viewer, Action::Read, crate::access::node("n", &[tag], &[])).await
        };
        let mut before = Vec::new();
        for viewer in ["bob", "cyd", "dan"] {
            before.push((may(viewer, "work").await, may(viewer, "home").await));
        }
        assert_eq!(before, [(true, true), (false, false), (true, false)], "{backend}");
        let mut upkeep = ByHand::over(&backend, 0).await;
        upkeep.pass_at(200 * DAY).await;
        for (viewer, answers) in ["bob", "cyd", "dan"].into_iter().zip(before) {
            assert_eq!((may(viewer, "work").await, may(viewer, "home").await), answers, "{backend}: {viewer}");
        }
        assert_eq!(server.status("dan", &other.id).await, ShareStatus::Active);
    })
    .await;
}

#[tokio::test]
async fn unreadable_rows_of_one_person_do_not_delay_others() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut shares = Vec::new();
        for owner in ["ann", "bob"] {
            let expiring = CreateShareRequest { expires_at: after(10), ..tags_to("zoe", &[owner]) };
            shares.push(server.create(owner, expiring).await.unwrap());
        }
        sql(&backend, "UPDATE shares SET tag_ids = '[\"not an id\"]' WHERE owner_id = 'ann'").await;
        let mut upkeep = ByHand::over(&backend, i64::MAX).await;
        upkeep.pass_at(20).await;
        assert_eq!(rows(&backend, "owner_id = 'bob' AND ended_at IS NOT NULL").await, 1, "{backend}");
        assert_eq!(rows(&backend, "owner_id = 'ann' AND ended_at IS NULL").await, 1, "{backend}: it is tried again");
        let at = Timestamp::from_parts(START + 20, 0).unwrap();
        let store = store(&backend).await;
        let except = ["bob".to_owned(), "ann".to_owned()];
        for (except, expected) in [(&except[..1], vec![user("ann")]), (&except[..], Vec::new())] {
            assert_eq!(store.owners_with_expired_shares(at, except).await.unwrap(), expected, "{backend}");
        }
    })
    .await;
}
