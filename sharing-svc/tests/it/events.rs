//! Events: each change of the meaning of a share has exactly one.

use ofself_proto::sharing::{
    GrantFollowShareRequest, ListShareEventsRequest, RevokeFollowShareRequest, ShareChanges, ShareEvent,
    ShareEventKind as Kind, ShareStatus,
};
use test_kit::wait_until;
use tonic::Request;

use crate::{
    statements::on_both,
    test_server::{START, TestServer, after, by, everything_to, of, passable, why},
};

pub async fn listed(server: &TestServer, request: ListShareEventsRequest) -> Vec<ShareEvent> {
    let mut request = ListShareEventsRequest { page_size: 1_000, ..request };
    let mut events = Vec::new();
    loop {
        let page = server.admin().list_share_events(request.clone()).await.unwrap().into_inner();
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            return events;
        }
        request.page_token = page.next_page_token;
    }
}

/// The events of one owner, once there are `count` of them: upkeep announces expiries, and on PostgreSQL a position is given after the
/// commit.
pub async fn events_of(server: &TestServer, owner: &str, count: usize) -> Vec<ShareEvent> {
    wait_until("the events", async || {
        let request = ListShareEventsRequest { owner_id: owner.into(), ..ListShareEventsRequest::default() };
        let events = listed(server, request).await;
        assert!(events.len() <= count, "{} events: {events:#?}", events.len());
        (events.len() == count).then_some(events)
    })
    .await
}

fn kinds(events: &[ShareEvent]) -> Vec<Kind> {
    events.iter().map(ShareEvent::kind).collect()
}

fn writable() -> ShareChanges {
    ShareChanges { can_write: Some(true), ..ShareChanges::default() }
}

#[tokio::test]
async fn every_change_has_one_event_with_both_versions() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let share = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let below = server.create("bob", of(&share, everything_to("cyd"))).await.unwrap();
        let changed = server.update("ann", &share.id, writable(), &["can_write"]).await.unwrap();
        // Without a change there is no event.
        server.update("ann", &share.id, writable(), &["can_write"]).await.unwrap();
        server.update("bob", &below.id, writable(), &["can_write"]).await.unwrap();
        server.revoke("ann", &share.id).await.unwrap();
        server.revoke("ann", &share.id).await.unwrap();
        let events = events_of(&server, "ann", 5).await;
        assert_eq!(kinds(&events), [Kind::Created, Kind::Created, Kind::Updated, Kind::Updated, Kind::Revoked]);
        let [created, reshared, updated, updated_below, revoked] = &events[..] else { panic!("{events:?}") };
        let first = created.owner_version;
        for (event, version) in events.iter().zip(first..) {
            assert_eq!((event.owner_id.as_str(), event.owner_version), ("ann", version));
        }
        let actors = events.iter().map(|event| event.actor_id.as_str());
        assert!(actors.eq(["user:ann", "user:bob", "user:ann", "user:bob", "user:ann"]));
        assert_eq!((&created.before, created.after.as_ref().unwrap().id.as_str()), (&None, share.id.as_str()));
        assert_eq!(reshared.after.as_ref().unwrap().shared_by_user_id, "bob");
        let [before, now] = [&updated.before, &updated.after].map(|share| share.as_ref().unwrap());
        assert_eq!((before.can_write, now.can_write, now.version), (false, true, changed.version));
        assert!(now.effective.is_none() && !now.narrowed && now.status() == ShareStatus::Active);
        let below = [created, reshared, updated, updated_below, revoked].map(|event| event.has_reshares);
        assert_eq!(below, [false, false, true, false, true]);
        let [before, now] = [&revoked.before, &revoked.after].map(|share| share.as_ref().unwrap());
        assert_eq!((before.status(), now.status()), (ShareStatus::Active, ShareStatus::Revoked));
        assert_eq!(now.revoked_at, revoked.occurred_at);
    })
    .await;
}

#[tokio::test]
async fn follows_are_events_of_the_service() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let grant = GrantFollowShareRequest {
            follow_id: "f1".into(),
            owner_id: "ann".into(),
            follower_id: "bob".into(),
            ..GrantFollowShareRequest::default()
        };
        let mut request = Request::new(grant.clone());
        request.metadata_mut().insert("x-request-id", "r-7".parse().unwrap());
        server.follows().grant_follow_share(request).await.unwrap();
        server.follows().grant_follow_share(grant).await.unwrap();
        let end = RevokeFollowShareRequest { follow_id: "f1".into() };
        server.follows().revoke_follow_share(end.clone()).await.unwrap();
        server.follows().revoke_follow_share(end).await.unwrap();
        let events = events_of(&server, "ann", 2).await;
        assert_eq!(kinds(&events), [Kind::Created, Kind::Revoked]);
        assert!(events.iter().all(|event| event.actor_id == "service:unauthenticated"));
        assert_eq!((events[0].request_id.as_str(), events[1].request_id.as_str()), ("r-7", ""));
    })
    .await;
}

#[tokio::test]
async fn expiry_is_announced_once_and_renewal_says_so() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let until = |seconds| ShareChanges { expires_at: after(seconds), ..ShareChanges::default() };
        let ends = |recipient: &str| ofself_proto::sharing::CreateShareRequest {
            expires_at: after(100),
            ..passable(everything_to(recipient))
        };
        let share = server.create("ann", ends("bob")).await.unwrap();
        server.create("bob", of(&share, everything_to("cyd"))).await.unwrap();
        let renewed_in_time = server.create("dan", ends("bob")).await.unwrap();
        server.at(99);
        server.update("dan", &renewed_in_time.id, until(500), &["expires_at"]).await.unwrap();
        server.at(100);
        // The re-share copied the expiry of its parent.
        let events = events_of(&server, "ann", 4).await;
        assert_eq!(kinds(&events), [Kind::Created, Kind::Created, Kind::Expired, Kind::Expired]);
        let (one, other) = (&events[2], &events[3]);
        assert_eq!(one.owner_version, other.owner_version, "one change");
        for event in [one, other] {
            assert_eq!(event.actor_id, "system");
            assert_eq!(event.has_reshares, event.after.as_ref().unwrap().id == share.id);
            assert_eq!(event.after.as_ref().unwrap().status(), ShareStatus::Expired);
            assert!(event.occurred_at.as_ref().unwrap().seconds >= START + 100);
        }
        server.update("ann", &share.id, until(200), &["expires_at"]).await.unwrap();
        let events = events_of(&server, "ann", 5).await;
        let renewed = &events[4];
        assert_eq!(renewed.kind(), Kind::Renewed);
        let [before, now] = [&renewed.before, &renewed.after].map(|share| share.as_ref().unwrap().status());
        assert_eq!((before, now), (ShareStatus::Expired, ShareStatus::Active));
        server.at(200);
        let events = events_of(&server, "ann", 6).await;
        assert_eq!(events[5].kind(), Kind::Expired);
        // Changed, and still expired.
        server.update("ann", &share.id, writable(), &["can_write"]).await.unwrap();
        let events = events_of(&server, "ann", 7).await;
        assert_eq!(events[6].kind(), Kind::Updated);
        let request = ListShareEventsRequest { owner_id: "dan".into(), ..ListShareEventsRequest::default() };
        assert_eq!(kinds(&listed(&server, request).await), [Kind::Created, Kind::Updated], "never early");
    })
    .await;
}

#[tokio::test]
async fn events_are_listed_by_every_filter_and_page() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let share = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        server.at(10);
        server.create("bob", of(&share, everything_to("cyd"))).await.unwrap();
        server.create("dan", everything_to("bob")).await.unwrap();
        server.at(20);
        server.revoke("ann", &share.id).await.unwrap();
        events_of(&server, "ann", 3).await;
        events_of(&server, "dan", 1).await;
        let all = ListShareEventsRequest::default();
        let count = async |request| listed(&server, request).await.len();
        assert_eq!(count(all.clone()).await, 4);
        let cases = [
            (ListShareEventsRequest { share_id: share.id.clone(), ..all.clone() }, 2),
            (ListShareEventsRequest { share_id: "other".into(), ..all.clone() }, 0),
            (ListShareEventsRequest { actor_id: "user:bob".into(), ..all.clone() }, 1),
            (ListShareEventsRequest { actor_id: "user:ann".into(), ..all.clone() }, 2),
            (ListShareEventsRequest { actor_id: "bob".into(), ..all.clone() }, 0),
            (ListShareEventsRequest { kinds: vec![Kind::Created.into()], ..all.clone() }, 3),
            (ListShareEventsRequest { kinds: vec![Kind::Created.into(), Kind::Revoked.into()], ..all.clone() }, 4),
            (ListShareEventsRequest { after: after(10), ..all.clone() }, 3),
            (ListShareEventsRequest { before: after(10), ..all.clone() }, 1),
            (ListShareEventsRequest { after: after(10), before: after(20), owner_id: "ann".into(), ..all.clone() }, 1),
        ];
        for (request, expected) in cases {
            assert_eq!(count(request.clone()).await, expected, "{request:?}");
        }
        let mut paged = Vec::new();
        let mut request = ListShareEventsRequest { page_size: 1, ..all.clone() };
        loop {
            let page = server.admin().list_share_events(request.clone()).await.unwrap().into_inner();
            paged.extend(page.events);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(paged, listed(&server, all.clone()).await);
        let wrong = ListShareEventsRequest {
            page_size: -1,
            page_token: "v1.x".into(),
            owner_id: "a b".into(),
            kinds: vec![0, 99],
            ..all
        };
        let refused = why(server.admin().list_share_events(wrong).await);
        assert_eq!(refused, "kinds[0] kinds[1] owner_id page_size page_token");
    })
    .await;
}

#[tokio::test]
async fn refused_change_has_no_event() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", everything_to("bob")).await.unwrap();
        server.create("ann", everything_to("bob")).await.unwrap_err();
        let mut dry = everything_to("cyd");
        dry.dry_run = true;
        server.client().create_share(by("ann", dry)).await.unwrap();
        server.create("ann", everything_to("dan")).await.unwrap();
        let events = events_of(&server, "ann", 2).await;
        assert_eq!(events[1].owner_version, events[0].owner_version + 1, "versions are dense");
    })
    .await;
}
