//! Processes and PostgreSQL are killed amid changes: a watcher misses nothing, hears nothing twice and nothing out of order.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use ofself_proto::sharing::{
    RevokeShareRequest, Share, ShareEvent, ShareEventKind as Kind, ShareStatus, WatchSharesRequest,
    WatchSharesResponse, access_service_client::AccessServiceClient, sharing_service_client::SharingServiceClient,
    watch_shares_response::Content,
};
use persistence::Database;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait};
use sharing_svc::storage::SCHEMA;
use test_kit::{Backend, PostgresCluster};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tonic::Streaming;

use crate::{
    replicas::{Replicas, long_run},
    test_server::{by, settings, tags_to},
};

/// Events that are acknowledged; `FEED_EVENTS` sets another number, for a long run.
const EVENTS: usize = 1_200;
/// Kills in a run, of each process and PostgreSQL in turn; `FEED_KILLS` sets another number.
const KILLS: usize = 6;
const WRITERS: usize = 16;
const OWNERS: usize = 40;
/// How often the reader is cut, beside the kills.
const CUTS: usize = 3;
/// A response that is not there by then does not come: its process was killed.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The back-off of a client whose server was killed.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    count: watch::Sender<usize>,
    created: Mutex<Vec<String>>,
    revoked: Mutex<Vec<String>>,
}

impl Acknowledged {
    fn add(&self, list: &Mutex<Vec<String>>, id: String) {
        list.lock().unwrap().push(id);
        self.count.send_modify(|count| *count += 1);
    }

    fn count(&self) -> usize {
        *self.count.borrow()
    }

    async fn reaches(&self, count: usize) {
        self.count.subscribe().wait_for(|reached| *reached >= count).await.unwrap();
    }
}

/// Creates shares, and revokes every fourth, until `events` are acknowledged. Whether a change without a response took place is unknown.
async fn write(writer: usize, replicas: Arc<Replicas>, acknowledged: Arc<Acknowledged>, events: usize) {
    for number in 0.. {
        if acknowledged.count() >= events {
            return;
        }
        let owner = format!("owner-{}", (writer + number * 7) % OWNERS);
        let mut client = SharingServiceClient::new(replicas.channel(writer + number));
        let request = by(&owner, tags_to(&format!("friend-{writer}-{number}"), &["t"]));
        let Ok(Ok(created)) = timeout(ATTEMPT, client.create_share(request)).await else {
            tokio::time::sleep(RETRY_AFTER).await;
            continue;
        };
        let share_id = created.into_inner().share.unwrap().id;
        acknowledged.add(&acknowledged.created, share_id.clone());
        if number % 4 == 0 {
            let request =
                by(&owner, RevokeShareRequest { share_id: share_id.clone(), ..RevokeShareRequest::default() });
            if let Ok(Ok(_)) = timeout(ATTEMPT, client.revoke_share(request)).await {
                acknowledged.add(&acknowledged.revoked, share_id);
            }
        }
    }
}

/// A watcher that goes on with its last token, at another replica, after each error.
struct Reader {
    replicas: Arc<Replicas>,
    attempts: usize,
    token: String,
    messages: Option<Streaming<WatchSharesResponse>>,
    events: Vec<ShareEvent>,
    checkpoints: usize,
}

impl Reader {
    /// Reads one message, or connects again.
    async fn step(&mut self) {
        let next = match &mut self.messages {
            Some(messages) => timeout(ATTEMPT, messages.message()).await,
            None => {
                self.attempts += 1;
                let mut client = AccessServiceClient::new(self.replicas.channel(self.attempts));
                let request = WatchSharesRequest { after_token: self.token.clone(), ..WatchSharesRequest::default() };
                match timeout(ATTEMPT, client.watch_shares(request)).await {
                    Ok(Ok(messages)) => self.messages = Some(messages.into_inner()),
                    Ok(Err(status)) => {
                        assert_ne!(status.code(), tonic::Code::OutOfRange, "{status:?}");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                    Err(_) => {}
                }
                return;
            }
        };
        let Ok(Ok(Some(message))) = next else {
            if let Ok(Err(status)) = &next {
                assert_ne!(status.code(), tonic::Code::OutOfRange, "{status:?}");
            }
            self.messages = None;
            return;
        };
        self.token = message.token;
        match message.content {
            Some(Content::Event(event)) => self.events.push(event),
            None => self.checkpoints += 1,
            Some(other) => panic!("{other:?} after a token"),
        }
    }

    /// Reads until each change of `shares` was heard.
    async fn read_all(&mut self, shares: &[Share]) {
        let mut expected: HashSet<(String, Kind)> = HashSet::new();
        for share in shares {
            expected.insert((share.id.clone(), Kind::Created));
            if share.status() == ShareStatus::Revoked {
                expected.insert((share.id.clone(), Kind::Revoked));
            }
        }
        let mut heard = 0;
        while !expected.is_empty() {
            for event in &self.events[heard..] {
                expected.remove(&(event.after.as_ref().unwrap().id.clone(), event.kind()));
            }
            heard = self.events.len();
            if !expected.is_empty() {
                self.step().await;
            }
        }
        // Nothing comes after it.
        let checkpoints = self.checkpoints;
        while self.checkpoints < checkpoints + 2 {
            self.step().await;
        }
    }
}

/// All shares, as a new watcher gets them.
async fn snapshot(replicas: &Replicas) -> Vec<Share> {
    let request = WatchSharesRequest { from_beginning: true, ..WatchSharesRequest::default() };
    let mut client = AccessServiceClient::new(replicas.channel(0));
    let mut messages = client.watch_shares(request).await.unwrap().into_inner();
    let mut shares = Vec::new();
    loop {
        match messages.message().await.unwrap().unwrap().content {
            Some(Content::Snapshot(share)) => shares.push(share),
            Some(Content::SnapshotEnd(_)) => return shares,
            other => panic!("{other:?} in a snapshot"),
        }
    }
}

/// An unrelated transaction that stays open.
async fn open_transaction(url: &str) -> (Database, DatabaseTransaction) {
    let database = Database::connect(&settings(url.to_owned()).service.database, SCHEMA).await.unwrap();
    let transaction = database.writer().begin().await.unwrap();
    let backend = transaction.get_database_backend();
    let select = Statement::from_string(backend, "SELECT pg_current_xact_id()::text");
    transaction.query_one_raw(select).await.unwrap();
    (database, transaction)
}

/// Kills the replicas and `cluster` in turn, at equal distances of acknowledged events.
async fn kill_in_turn(
    replicas: &Replicas,
    cluster: &mut Option<PostgresCluster>,
    acknowledged: &Acknowledged,
    events: usize,
) {
    let count = replicas.count();
    let kills = long_run("FEED_KILLS", KILLS);
    let mut open = None;
    for kill in 0..kills {
        if let (Some(cluster), None) = (&cluster, &open) {
            open = Some(open_transaction(&cluster.url()).await);
        }
        acknowledged.reaches(events * (kill + 1) / (kills + 1)).await;
        let victims = count + usize::from(cluster.is_some());
        match cluster {
            Some(cluster) if kill % victims == count => {
                tokio::task::block_in_place(|| {
                    cluster.kill();
                    cluster.restart();
                });
                open = None;
            }
            _ => tokio::task::block_in_place(|| replicas.kill_and_restart(kill % victims)),
        }
    }
    acknowledged.reaches(events).await;
}

async fn feed_survives(url: String, count: usize, mut cluster: Option<PostgresCluster>) {
    let events = long_run("FEED_EVENTS", EVENTS);
    let replicas = Arc::new(tokio::task::block_in_place(|| Replicas::start(url, count)));
    let acknowledged = Arc::new(Acknowledged::default());
    let mut reader = Reader {
        replicas: replicas.clone(),
        attempts: 0,
        token: String::new(),
        messages: None,
        events: Vec::new(),
        checkpoints: 0,
    };
    while reader.token.is_empty() {
        reader.step().await;
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(writer, replicas.clone(), acknowledged.clone(), events));
    }
    let read = async {
        let mut cuts = 0;
        while acknowledged.count() < events {
            reader.step().await;
            if cuts < CUTS && reader.events.len() > events * (cuts + 1) / (CUTS + 1) {
                cuts += 1;
                reader.messages = None;
            }
        }
        assert_eq!(cuts, CUTS);
    };
    tokio::join!(read, kill_in_turn(&replicas, &mut cluster, &acknowledged, events));
    writers.join_all().await;
    let shares = snapshot(&replicas).await;
    timeout(Duration::from_mins(2), reader.read_all(&shares)).await.expect("every change in the tables is heard");

    let places: Vec<(u64, u32)> = reader.events.iter().map(|event| place(&event.id)).collect();
    assert!(places.is_sorted_by(|one, next| one < next), "each event once, in order");
    let mut versions: HashMap<&str, i64> = HashMap::new();
    for event in &reader.events {
        if let Some(before) = versions.insert(&event.owner_id, event.owner_version) {
            assert_eq!(event.owner_version, before + 1, "a gap in the versions of {}", event.owner_id);
        }
    }
    let of_kind = |kind| reader.events.iter().filter(move |event| event.kind() == kind);
    let ids = |kind| of_kind(kind).map(|event| event.after.as_ref().unwrap().id.as_str()).collect::<HashSet<_>>();
    for (kind, acknowledged) in [(Kind::Created, &acknowledged.created), (Kind::Revoked, &acknowledged.revoked)] {
        let acknowledged = acknowledged.lock().unwrap();
        let heard = ids(kind);
        assert!(acknowledged.iter().all(|id| heard.contains(id.as_str())), "acknowledged, and not heard: {kind:?}");
        assert_eq!(of_kind(kind).count(), heard.len(), "each share once: {kind:?}");
    }
    let stored: HashSet<&str> = shares.iter().map(|share| share.id.as_str()).collect();
    assert_eq!(ids(Kind::Created), stored, "the events are those of the tables");
    println!("{} events, {} acknowledged", reader.events.len(), acknowledged.count());
}

/// The numbers of an event's id.
fn place(id: &str) -> (u64, u32) {
    let (position, seq) = id.split_once('.').unwrap();
    (position.parse().unwrap(), seq.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn feed_survives_kills_on_sqlite() {
    let backend = Backend::sqlite();
    feed_survives(backend.url(), 1, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn feed_survives_kills_on_postgres() {
    let Some(cluster) = PostgresCluster::start() else { return };
    feed_survives(cluster.url(), 2, Some(cluster)).await;
}
