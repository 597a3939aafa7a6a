//! Many shares expire while some are renewed and a process is killed: each expiry has one event.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime},
};

use ofself_proto::sharing::{
    ImportSharesRequest, ListShareEventsRequest, Share, ShareChanges, ShareEvent, ShareEventKind as Kind, ShareScope,
    ShareSource, ShareStatus, UpdateShareRequest, sharing_admin_service_client::SharingAdminServiceClient,
    sharing_service_client::SharingServiceClient,
};
use prost_types::{FieldMask, Timestamp};
use runtime::clock::Clock;
use test_kit::{Backend, PostgresCluster, wait_until};

use crate::{
    replicas::{Replicas, long_run},
    test_server::by,
};

/// Shares that expire; `FEED_EXPIRIES` sets another number, for a long run.
const EXPIRIES: usize = 400;
const OWNERS: usize = 20;
/// The first expiry is after the import, and the last one later by as much as all of them take.
const FIRST: Duration = Duration::from_secs(4);
const SPREAD: Duration = Duration::from_secs(4);
/// The time that the import of one share takes at most, and that between two expiries in a long run.
const IMPORT: Duration = Duration::from_millis(2);
const BETWEEN: Duration = Duration::from_millis(1);
/// One of so many shares is renewed.
const RENEWED: usize = 5;
const RENEWERS: usize = 4;

fn now() -> SystemTime {
    Clock::system().now().utc().into()
}

/// The shares expire by the clock of the machine.
async fn until(at: SystemTime) {
    tokio::time::sleep(at.duration_since(now()).unwrap_or_default()).await;
}

fn timestamp(at: SystemTime) -> Timestamp {
    at.into()
}

fn share(number: usize, expires_at: SystemTime) -> Share {
    let past = Some(Timestamp { seconds: 1_767_225_600, nanos: 0 });
    Share {
        id: id_of(number),
        owner_id: owner_of(number),
        shared_with_user_id: format!("friend-{number}"),
        shared_by_user_id: owner_of(number),
        scope: ShareScope::All.into(),
        can_read: true,
        created_at: past,
        updated_at: past,
        expires_at: Some(timestamp(expires_at)),
        source: ShareSource::Direct.into(),
        version: 1,
        ..Share::default()
    }
}

fn id_of(number: usize) -> String {
    format!("0198c0de-0000-7000-8000-{number:012}")
}

fn owner_of(number: usize) -> String {
    format!("owner-{}", number % OWNERS)
}

/// All events of these kinds, in order.
async fn listed(replicas: &Replicas, kinds: &[Kind]) -> Vec<ShareEvent> {
    let kinds = kinds.iter().map(|kind| i32::from(*kind)).collect();
    let mut request = ListShareEventsRequest { kinds, page_size: 1_000, ..ListShareEventsRequest::default() };
    let mut events = Vec::new();
    loop {
        let mut client = SharingAdminServiceClient::new(replicas.channel(0));
        let page = client.list_share_events(request.clone()).await.unwrap().into_inner();
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            return events;
        }
        request.page_token = page.next_page_token;
    }
}

/// Renews every fifth share while they expire, some before and some after.
async fn renew(replicas: &Replicas, renewer: usize, count: usize, first: SystemTime, spread: Duration) {
    let numbers: Vec<_> = (0..count).step_by(RENEWED).skip(renewer).step_by(RENEWERS).collect();
    let later = now() + Duration::from_hours(1);
    for (position, number) in numbers.iter().enumerate() {
        // As many as have expired by then, more or less.
        let due = first + spread * u32::try_from(position).unwrap() / u32::try_from(numbers.len()).unwrap();
        until(due).await;
        let request = UpdateShareRequest {
            share_id: id_of(*number),
            share: Some(ShareChanges { expires_at: Some(timestamp(later)), ..ShareChanges::default() }),
            update_mask: Some(FieldMask { paths: vec!["expires_at".into()] }),
            ..UpdateShareRequest::default()
        };
        wait_until("a renewal, also if a process is killed meanwhile", async || {
            let mut client = SharingServiceClient::new(replicas.channel(renewer));
            client.update_share(by(&owner_of(*number), request.clone())).await.ok()
        })
        .await;
    }
}

async fn expiries_are_events(url: String, count: usize) {
    let expiries = long_run("FEED_EXPIRIES", EXPIRIES);
    let replicas = tokio::task::block_in_place(|| Replicas::start(url, count));
    let of_all = u32::try_from(expiries).unwrap();
    let (first, spread) = (now() + FIRST + IMPORT * of_all, SPREAD.max(BETWEEN * of_all));
    let of = |number: usize| first + spread * u32::try_from(number).unwrap() / of_all;
    let shares: Vec<_> = (0..expiries).map(|number| share(number * 7 % expiries, of(number))).collect();
    let messages: Vec<_> = shares.chunks(500).map(|shares| ImportSharesRequest { shares: shares.to_vec() }).collect();
    let mut admin = SharingAdminServiceClient::new(replicas.channel(0));
    let imported = admin.import_shares(tokio_stream::iter(messages)).await.unwrap().into_inner();
    assert_eq!((usize::try_from(imported.imported).unwrap(), imported.refused_total), (expiries, 0));

    let kill = async {
        until(first + spread / 2).await;
        tokio::task::block_in_place(|| replicas.kill_and_restart(0));
    };
    let renew = |renewer| renew(&replicas, renewer, expiries, first, spread);
    tokio::join!(kill, renew(0), renew(1), renew(2), renew(3));
    let is_renewed = |number: usize| number.is_multiple_of(RENEWED);
    let ending: HashSet<_> = (0..expiries).filter(|number| !is_renewed(*number)).map(id_of).collect();
    wait_until("an event of each expiry", async || {
        let expired = listed(&replicas, &[Kind::Expired]).await;
        let expired: HashSet<_> = expired.into_iter().map(|event| event.after.unwrap().id).collect();
        ending.is_subset(&expired).then_some(())
    })
    .await;

    let mut of_share: HashMap<String, Vec<ShareEvent>> = HashMap::new();
    for event in listed(&replicas, &[Kind::Expired, Kind::Renewed, Kind::Updated]).await {
        of_share.entry(event.after.as_ref().unwrap().id.clone()).or_default().push(event);
    }
    let mut seen = [0, 0, 0];
    for number in 0..expiries {
        let events = of_share.remove(&id_of(number)).unwrap_or_default();
        let kinds: Vec<_> = events.iter().map(ShareEvent::kind).collect();
        for event in events.iter().filter(|event| event.kind() == Kind::Expired) {
            let expires_at = event.after.as_ref().unwrap().expires_at.unwrap();
            let at = event.occurred_at.unwrap();
            assert!((at.seconds, at.nanos) >= (expires_at.seconds, expires_at.nanos), "too early: {event:?}");
        }
        match (is_renewed(number), kinds.as_slice()) {
            (false, [Kind::Expired]) => {}
            // Before it expired; after it, and before it was announced; after that.
            (true, [Kind::Updated]) => seen[0] += 1,
            (true, [Kind::Renewed]) => {
                assert_eq!(events[0].before.as_ref().unwrap().status(), ShareStatus::Expired);
                seen[1] += 1;
            }
            (true, [Kind::Expired, Kind::Renewed]) => seen[2] += 1,
            (_, _) => panic!("share {number} has {kinds:?}"),
        }
    }
    println!("{expiries} expiries; renewed before: {}, unannounced: {}, after: {}", seen[0], seen[1], seen[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_expiry_has_one_event_on_sqlite() {
    let backend = Backend::sqlite();
    expiries_are_events(backend.url(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_expiry_has_one_event_on_postgres() {
    let Some(cluster) = PostgresCluster::start() else { return };
    expiries_are_events(cluster.url(), 2).await;
}
