//! `StopSharing`: a mark ends many shares at once, and upkeep revokes them afterwards.

use std::time::Duration;

use ofself_proto::sharing::{
    CreateShareRequest, GrantFollowShareRequest, ListShareEventsRequest, ShareChanges, ShareEventKind, ShareStatus,
    StopSharingRequest, StopSharingResponse, access_advisor_service_client::AccessAdvisorServiceClient,
};
use runtime::clock::{Clock, ManualClock};
use service::{consistency::Freshness, cpu_work::CpuBudget, erasure::ErasedUsers, usage_counter::UsageCounter};
use sharing_svc::{
    config::QuotaSettings,
    domain::{
        ShareChanges as Changes, ShareDraft,
        access::{Action, FilteredNodes, NodeFacts, Resource},
    },
    error::Error,
    operations::{
        AccessQuestion, CheckAccess, CheckItem, CreateShare, ListShares, Retention, Sharing, StopSharing, UpdateShare,
        Upkeep,
    },
    storage::Blocked,
};
use test_kit::Backend;
use tonic::Status;
use types::{Actor, ExpectedVersions, FieldUpdate, IdPage, Origin, Selection, Timestamp, UniqueVec, WriteMode};

use crate::statements::on_both;
use crate::test_server::{START, TestServer, after, by, everything_to, of, passable, store, tags_to, user, why};

/// The operations without upkeep: a stop is marked and not carried out, until a test does so.
struct Marked {
    sharing: Sharing,
    upkeep: Upkeep,
    manual_clock: ManualClock,
}

impl Marked {
    async fn over(backend: &Backend) -> Self {
        let (clock, manual_clock) = Clock::manual(Timestamp::from_parts(START + 5, 0).unwrap());
        let quotas = QuotaSettings::default().quotas();
        let sharing =
            Sharing::new(store(backend).await, clock, quotas, ErasedUsers::default(), UsageCounter::default());
        let period = Duration::from_hours(100 * 24);
        let retention = Retention { period, bytes_per_creator: i64::MAX, events: period, erasure_delay: period };
        Self { upkeep: Upkeep::new(sharing.clone(), retention), sharing, manual_clock }
    }

    async fn stop(&self, people: &[&str]) -> StopSharing {
        let stopped = if people.is_empty() {
            Selection::All
        } else {
            Selection::Of(UniqueVec::new(people.iter().map(|person| user(person)).collect()))
        };
        self.sharing.stop_sharing(user("ann"), stopped, origin("ann")).await.unwrap().value
    }

    async fn may_read(&self, viewer: &str) -> bool {
        let question = AccessQuestion {
            viewer: user(viewer),
            owner: user("ann"),
            action: Action::Read,
            freshness: Freshness::default(),
        };
        let one = self.sharing.check_access(&question, resource()).await.unwrap().value;
        let one = matches!(one, CheckAccess::AllowedBy(_));
        // Every way to ask agrees.
        let batch = self.sharing.batch_check_access(&question, &[resource()]).await.unwrap().value;
        let items =
            [CheckItem { viewer: user(viewer), owner: user("ann"), action: Action::Read, resource: resource() }];
        let items = self.sharing.batch_check(&items, &Freshness::default()).await.unwrap().0;
        let explained = self.sharing.explain_access(&question, resource()).await.unwrap().value;
        let filter = self.sharing.get_access_filter(&question).await.unwrap().value;
        let owners =
            self.sharing.list_owners(&user(viewer), &Action::ALL, &page(), CpuBudget::of_services()).await.unwrap();
        let node = NodeFacts { id: "n", tag_ids: &[], graph_root_ids: &[] };
        let (fresh, cpu) = (Freshness::default(), CpuBudget::of_services());
        let viewers =
            self.sharing.list_viewers(&user("ann"), node, &page(), Blocked::LeftOut, &fresh, cpu).await.unwrap().value;
        let people = self.sharing.list_people(&user("ann"), &page()).await.unwrap().people;
        let list = ListShares { is_active: Some(true), ..ListShares::default() };
        let active = self.sharing.list_incoming_shares(&user(viewer), list).await.unwrap().items;
        assert_eq!(batch, [one]);
        assert_eq!(items, [one]);
        assert_eq!(explained.allowed, one);
        assert_eq!(filter.nodes != FilteredNodes::Nothing, one);
        assert_eq!(owners.owners.iter().any(|owner| owner.owner.as_str() == "ann"), one);
        assert_eq!(viewers.viewers.iter().any(|seen| seen.user.as_str() == viewer), one);
        assert_eq!(people.iter().any(|person| person.user.as_str() == viewer), one);
        assert_eq!(!active.is_empty(), one);
        one
    }

    async fn everyone_who_reads(&self) -> Vec<&'static str> {
        let mut reading = Vec::new();
        for viewer in ["bob", "cyd", "dan", "eve"] {
            if self.may_read(viewer).await {
                reading.push(viewer);
            }
        }
        reading
    }
}

fn origin(name: &str) -> Origin {
    Origin { actor: Actor::User(user(name)), request_id: "request-1".to_owned() }
}

fn page() -> IdPage {
    IdPage { size: 100, after: String::new() }
}

fn resource() -> Resource<'static> {
    Resource::Node(NodeFacts { id: "n", tag_ids: &[], graph_root_ids: &[] })
}

async fn stop(server: &TestServer, owner: &str, request: StopSharingRequest) -> Result<StopSharingResponse, Status> {
    let mut client = AccessAdvisorServiceClient::new(server.channel.clone());
    Ok(client.stop_sharing(by(owner, request)).await?.into_inner())
}

fn of_people(people: &[&str]) -> StopSharingRequest {
    StopSharingRequest { people: people.iter().map(ToString::to_string).collect(), ..Default::default() }
}

/// Shares of Ann's: bob → cyd → dan, and eve; dan has one of his own too.
async fn world(server: &TestServer) -> Vec<String> {
    let bob = server.create("ann", passable(everything_to("bob"))).await.unwrap();
    let cyd = server.create("bob", of(&bob, passable(everything_to("cyd")))).await.unwrap();
    let below = server.create("cyd", of(&cyd, everything_to("dan"))).await.unwrap();
    let eve = server.create("ann", everything_to("eve")).await.unwrap();
    [bob, cyd, below, eve].map(|share| share.id).into()
}

#[tokio::test]
async fn stop_counts_in_every_decision_before_it_is_carried_out() {
    for (people, left) in [
        (vec![], vec![]),
        (vec!["bob"], vec!["eve"]),
        (vec!["cyd"], vec!["bob", "eve"]),
        (vec!["dan", "eve"], vec!["bob", "cyd"]),
        (vec!["fay"], vec!["bob", "cyd", "dan", "eve"]),
    ] {
        on_both(|backend| {
            let (people, left) = (people.clone(), left.clone());
            async move {
                let server = TestServer::start(&backend).await;
                let shares = world(&server).await;
                server.stop().await;
                let marked = Marked::over(&backend).await;
                assert_eq!(marked.everyone_who_reads().await, ["bob", "cyd", "dan", "eve"], "{backend}");
                let done = marked.stop(&people).await;
                assert_eq!(done.effective_from.is_some(), people != ["fay"], "Fay has no shares");
                assert_eq!(marked.everyone_who_reads().await, left, "{backend}: {people:?}");
                let ended: Vec<_> = done.page.shares.iter().map(ToString::to_string).collect();
                let expected: Vec<_> = match people.as_slice() {
                    [] => vec![&shares[0], &shares[3]],
                    ["bob"] => vec![&shares[0]],
                    ["cyd"] => vec![&shares[1]],
                    ["dan", "eve"] => vec![&shares[2], &shares[3]],
                    _ => vec![],
                };
                assert_eq!(ended.iter().collect::<Vec<_>>(), expected);
                assert_eq!(done.shares, i64::try_from(ended.len()).unwrap());
                // What is carried out changes no decision, and the counters stay right.
                marked.upkeep.carry_out_stops().await.unwrap();
                marked.upkeep.mark().await.unwrap();
                assert_eq!(marked.everyone_who_reads().await, left, "{backend}: {people:?}, carried out");
                assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), []);
                assert!(store(&backend).await.owners_with_stops(&[]).await.unwrap().is_empty());
            }
        })
        .await;
    }
}

#[tokio::test]
async fn stopped_share_is_revoked_for_every_change() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let shares = world(&server).await;
        let expiring = CreateShareRequest { expires_at: after(3), ..tags_to("fay", &["a"]) };
        let expired = server.create("ann", expiring).await.unwrap();
        let follow = GrantFollowShareRequest {
            follow_id: "f1".into(),
            owner_id: "ann".into(),
            follower_id: "gus".into(),
            ..Default::default()
        };
        server.follows().grant_follow_share(follow).await.unwrap();
        server.stop().await;
        let marked = Marked::over(&backend).await;
        marked.stop(&[]).await;
        let sharing = &marked.sharing;
        for id in [&shares[0], &expired.id] {
            let changes = Changes { can_write: FieldUpdate::Set(true), ..Changes::default() };
            let update = UpdateShare { changes, expected: ExpectedVersions::new(Vec::new()), mode: WriteMode::Execute };
            let updated = sharing.update_share(user("ann"), id.clone(), update, origin("ann")).await;
            assert!(matches!(updated, Err(Error::ShareRevoked)), "{backend}: {updated:?}");
            let seen = sharing.get_share(&user("ann"), id).await.unwrap();
            assert!(seen.revoked_at.is_some() && seen.effective.is_none());
        }
        let reshare = ShareDraft { parent_share_id: Some(shares[0].clone()), ..draft("gus") };
        let reshared = sharing.create_share(user("bob"), reshare, WriteMode::Execute, None, origin("bob")).await;
        assert!(matches!(reshared, Err(Error::ShareRevoked)), "{reshared:?}");
        let revoked = sharing
            .revoke_share(user("ann"), shares[3].clone(), ExpectedVersions::new(Vec::new()), origin("ann"))
            .await
            .unwrap();
        assert!(revoked.value.revoked_at.is_some());
        // What is shared anew counts, though an equal share was stopped and is not revoked yet.
        for _ in 0..2 {
            let again = sharing.create_share(user("ann"), draft("eve"), WriteMode::Execute, None, origin("ann")).await;
            match again {
                Ok(created) => assert!(matches!(created.value, CreateShare::Created(_))),
                Err(error) => assert!(matches!(error, Error::SharingExists(_)), "{error:?}"),
            }
        }
        assert_eq!(marked.everyone_who_reads().await, ["eve"]);
        marked.manual_clock.set(Timestamp::from_parts(START + 9, 0).unwrap());
        marked.upkeep.carry_out_stops().await.unwrap();
        assert_eq!(marked.everyone_who_reads().await, ["eve"], "{backend}: the new share stays");
        let list = ListShares { is_active: Some(true), ..ListShares::default() };
        let active = sharing.list_outgoing_shares(&user("ann"), list).await.unwrap();
        assert_eq!(active.items.len(), 1);
        assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), []);
    })
    .await;
}

fn draft(recipient: &str) -> ShareDraft {
    ShareDraft {
        shared_with_user_id: recipient.to_owned(),
        scope: Some(sharing_svc::domain::ScopeKind::All),
        ..ShareDraft::default()
    }
}

#[tokio::test]
async fn stop_is_one_event_and_then_one_for_each_share() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let shares = world(&server).await;
        let done = stop(&server, "ann", of_people(&["bob", "eve"])).await.unwrap();
        assert_eq!((done.shares, done.share_ids.len()), (2, 2), "{backend}");
        assert!(!done.written_at.is_empty() && done.effective_from.is_some());
        for viewer in ["bob", "cyd", "dan", "eve"] {
            assert!(!server.may_read(viewer, &[]).await);
        }
        let list = ListShareEventsRequest { owner_id: "ann".into(), ..Default::default() };
        let events = loop {
            let events = server.admin().list_share_events(list.clone()).await.unwrap().into_inner().events;
            if events.iter().filter(|event| event.kind() == ShareEventKind::Revoked).count() == 2 {
                break events;
            }
            tokio::task::yield_now().await;
        };
        let stops: Vec<_> = events.iter().filter(|event| event.kind() == ShareEventKind::Stopped).collect();
        let people: Vec<_> = stops.iter().map(|event| event.person_id.as_str()).collect();
        assert_eq!(people, ["bob", "eve"]);
        assert!(stops.iter().all(|stop| stop.has_reshares && stop.after.is_none() && stop.actor_id == "user:ann"));
        assert_eq!(stops[0].owner_version, stops[1].owner_version, "one change");
        for event in events.iter().filter(|event| event.kind() == ShareEventKind::Revoked) {
            let share = event.after.as_ref().unwrap();
            assert_eq!((event.actor_id.as_str(), share.status()), ("user:ann", ShareStatus::Revoked));
            assert!(event.owner_version > stops[0].owner_version);
            assert_eq!(event.has_reshares, share.id == shares[0]);
        }
        assert_eq!(server.status("ann", &shares[2]).await, ShareStatus::Revoked);
        // Again: nothing is left to end.
        server.at(1);
        let again = stop(&server, "ann", of_people(&["bob", "eve"])).await.unwrap();
        assert_eq!(again, StopSharingResponse::default());
        let none = stop(&server, "zoe", StopSharingRequest { everyone: true, ..Default::default() }).await.unwrap();
        assert_eq!(none, StopSharingResponse::default(), "nothing is stored about her");
    })
    .await;
}

#[tokio::test]
async fn pages_list_all_that_a_stop_ended() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut created = Vec::new();
        for number in 0..230 {
            created.push(server.create("ann", everything_to(&format!("u{number}"))).await.unwrap().id);
        }
        server.revoke("ann", &created.remove(7)).await.unwrap();
        server.at(1);
        let mut request = StopSharingRequest { everyone: true, ..Default::default() };
        let first = stop(&server, "ann", request.clone()).await.unwrap();
        assert_eq!((first.shares, first.share_ids.len()), (229, 100), "{backend}");
        let later = server.create("ann", everything_to("zoe")).await.unwrap();
        let (mut listed, mut token) = (first.share_ids, first.next_page_token);
        while !token.is_empty() {
            request.page_token = token;
            let page = stop(&server, "ann", request.clone()).await.unwrap();
            assert!(page.effective_from.is_none() && page.written_at.is_empty(), "a page stops nothing");
            listed.extend(page.share_ids);
            token = page.next_page_token;
        }
        created.sort();
        assert_eq!(listed, created);
        assert_eq!(server.status("ann", &later.id).await, ShareStatus::Active);
    })
    .await;
}

#[tokio::test]
async fn wrong_stop_names_its_fields() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    server.create("ann", everything_to("bob")).await.unwrap();
    let everyone = StopSharingRequest { everyone: true, ..of_people(&["bob"]) };
    let forged = StopSharingRequest { page_token: "v1.1".into(), ..of_people(&["bob"]) };
    let many: Vec<_> = (0..1_001).map(|number| format!("u{number}")).collect();
    let many = StopSharingRequest { people: many, ..Default::default() };
    for (request, fields) in [
        (StopSharingRequest::default(), "people"),
        (everyone, "people"),
        (of_people(&["bob", "a b", ""]), "people[1] people[2]"),
        (forged, "page_token"),
        (many, "people"),
    ] {
        assert_eq!(why(stop(&server, "ann", request).await), fields);
    }
    assert!(server.may_read("bob", &[]).await);
}

#[tokio::test]
async fn restart_carries_out_a_stop() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let shares = world(&server).await;
        server.stop().await;
        Marked::over(&backend).await.stop(&[]).await;
        let server = TestServer::start(&backend).await;
        assert!(!server.may_read("bob", &[]).await, "{backend}");
        let changes = ShareChanges { can_write: Some(true), ..ShareChanges::default() };
        assert_eq!(why(server.update("ann", &shares[0], changes, &["can_write"]).await), "SHARE_REVOKED");
        let store = store(&backend).await;
        while !store.owners_with_stops(&[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(store.usage_differences(&user("ann")).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn no_replica_allows_what_was_stopped() {
    let Some(backend) = Backend::postgres().await else { return };
    let replicas = [TestServer::start(&backend).await, TestServer::start(&backend).await];
    for round in 0..5 {
        for replica in &replicas {
            replica.at(i64::try_from(round).unwrap());
        }
        let people: Vec<_> = (0..20).map(|number| format!("p{round}-{number}")).collect();
        for person in &people {
            replicas[0].create("ann", everything_to(person)).await.unwrap();
        }
        assert!(replicas[1].may_read(&people[0], &[]).await);
        let everyone = StopSharingRequest { everyone: true, ..Default::default() };
        let done = stop(&replicas[round % 2], "ann", everyone).await.unwrap();
        assert_eq!((done.shares, done.share_ids.len()), (20, 20));
        // While upkeep of either replica revokes the shares, and afterwards.
        for person in &people {
            for replica in &replicas {
                assert!(!replica.may_read(person, &[]).await, "{person}");
            }
        }
    }
}
