//! The change feed under writers that overtake each other and roll back, sequencers that are cut, and an unrelated transaction that stays open.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use persistence::{
    Batch, Database, DatabaseSettings, Lock, Priority, VersionTable,
    feed::{END_OF_CHANGE, EventLimit, FeedPosition, NewEvent, Recorded, Sequencer, create_feed},
};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use sea_orm_migration::prelude::SchemaManager;
use test_kit::{Backend, on_both};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use types::{Origin, Timestamp};

pub(crate) const VERSIONS: VersionTable = VersionTable::new("owners", "owner_id");
const SCHEMA: &str = "feeds";
const WRITERS: u64 = 16;
const OWNERS: u64 = 6;
/// Changes of each writer; `FEED_CHANGES` sets another number, for a long run.
const CHANGES: u64 = 40;
/// How long a change waits to be overtaken.
const OVERTAKING: Duration = Duration::from_millis(8);
/// What has not happened by then does not happen.
const TIMEOUT: Duration = Duration::from_mins(30);

pub(crate) async fn connect(backend: &Backend) -> Database {
    let settings = DatabaseSettings {
        database_url: backend.url().into(),
        database_connections: 24,
        database_wait: Duration::from_secs(30),
    };
    Database::connect(&settings, SCHEMA).await.unwrap()
}

pub(crate) async fn migrated(backend: &Backend) -> Database {
    let database = connect(backend).await;
    let writer = database.writer();
    if writer.get_database_backend() == sea_orm::DbBackend::Postgres {
        writer.execute_unprepared(&format!("CREATE SCHEMA {SCHEMA}")).await.unwrap();
    }
    let manager = SchemaManager::new(writer);
    let dialect = persistence::Dialect::of(&manager);
    manager.create_table(VERSIONS.create_table(dialect)).await.unwrap();
    create_feed(&manager, VERSIONS).await.unwrap();
    // Of a reader that goes by ids which are given before the commit.
    let naive = if writer.get_database_backend() == sea_orm::DbBackend::Postgres {
        "CREATE TABLE naive (n bigserial PRIMARY KEY)"
    } else {
        "CREATE TABLE naive (n INTEGER PRIMARY KEY AUTOINCREMENT)"
    };
    writer.execute_unprepared(naive).await.unwrap();
    database.open_feed().await.unwrap();
    database
}

/// Pseudorandom numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[expect(clippy::disallowed_methods, reason = "an environment variable asks for a long run")]
fn changes() -> u64 {
    std::env::var("FEED_CHANGES").map_or(CHANGES, |number| number.parse().expect("a number"))
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_parts(1_767_225_600, 0).unwrap()
}

pub(crate) fn event(row: String, after: Option<serde_json::Value>) -> NewEvent {
    NewEvent {
        kind: "changed",
        subject: "row",
        row,
        other: None,
        creator: None,
        has_reshares: false,
        occurred_at: now(),
        after,
        limit: EventLimit::Enforced,
    }
}

/// One change of an owner's data, which other changes overtake; returns its version, or `None` if it was rolled back. `commits`: the
/// number of changes that were committed.
async fn change(database: &Database, owner: u64, random: &mut Random, commits: &watch::Sender<u64>) -> Option<i64> {
    let owner = format!("owner-{owner}");
    let permit = database.queue(&Lock::new("owner", &owner), Priority::First).await.unwrap();
    let change = database.begin(vec![permit]).await.unwrap();
    let log = database.event_log(VERSIONS, &owner, Origin::system(), u64::MAX);
    change.execute("INSERT INTO naive DEFAULT VALUES", Vec::new()).await.unwrap();
    let version = VERSIONS.raise(&change, &owner, now()).await.unwrap();
    for number in 0..=random.below(3) {
        log.record(event(format!("row-{number}"), Some(serde_json::json!({"version": version}))));
    }
    assert_eq!(log.write(&change).await.unwrap(), Recorded::Ok);
    // Bounded: SQLite has one writer, and all writers may wait here.
    let overtaken_by = *commits.borrow() + random.below(4);
    let _ = timeout(OVERTAKING, commits.subscribe().wait_for(|commits| *commits >= overtaken_by)).await;
    if random.below(5) == 0 {
        return None;
    }
    change.commit().await.unwrap();
    log.committed();
    commits.send_modify(|commits| *commits += 1);
    Some(version)
}

/// Two replicas, each cut in the middle of its transaction again and again.
async fn cut_sequencers(backend: &Backend, is_over: &Arc<AtomicBool>, tasks: &mut JoinSet<()>) {
    for seed in [3, 5] {
        let (other, is_over) = (connect(backend).await, is_over.clone());
        tasks.spawn(async move {
            let mut random = Random(seed);
            let mut sequencer = Sequencer::new(other);
            while !is_over.load(Ordering::SeqCst) {
                let cut = Duration::from_micros(random.below(4_000));
                if let Ok(moved) = timeout(cut, sequencer.step()).await {
                    moved.unwrap();
                }
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_missed_doubled_or_out_of_order() {
    on_both(|backend| async move {
        let database = migrated(&backend).await;
        let is_postgres = database.kind() == "PostgreSQL";
        let is_over = Arc::new(AtomicBool::new(false));
        let committed: Arc<Mutex<HashMap<String, Vec<i64>>>> = Arc::default();
        let mut tasks = JoinSet::new();
        if is_postgres {
            cut_sequencers(&backend, &is_over, &mut tasks).await;
        }
        // A transaction that has nothing to do with it, and stays open.
        let elsewhere = connect(&backend).await;
        let unrelated = elsewhere.reader();
        let open = if is_postgres {
            let transaction = elsewhere.writer().begin().await.unwrap();
            let select = Statement::from_string(unrelated.get_database_backend(), "SELECT pg_current_xact_id()::text");
            transaction.query_one_raw(select).await.unwrap();
            Some(transaction)
        } else {
            None
        };
        let done = Arc::new(AtomicU64::new(0));
        let commits = watch::Sender::new(0);
        for writer in 1..=WRITERS {
            let (database, committed, done, commits) =
                (database.clone(), committed.clone(), done.clone(), commits.clone());
            tasks.spawn(async move {
                let mut random = Random(writer * 7_919);
                for _ in 0..changes() {
                    let owner = random.below(OWNERS);
                    if let Some(version) = change(&database, owner, &mut random, &commits).await {
                        committed.lock().unwrap().entry(format!("owner-{owner}")).or_default().push(version);
                    }
                }
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        // A reader by positions, which is begun anew three times, and one by ids.
        let (mut seen, mut position, mut naive, mut by_ids) =
            (HashMap::<String, Vec<i64>>::new(), FeedPosition::default(), 0_i64, 0_u64);
        let mut positions = Vec::new();
        let total = |of: &HashMap<String, Vec<i64>>| of.values().map(Vec::len).sum::<usize>();
        let read = async {
            loop {
                let is_last = done.load(Ordering::SeqCst) == WRITERS;
                let page = database.feed_after(position, i64::MAX, &[], 20).await.unwrap();
                for event in &page.events {
                    positions.push(event.at);
                    let versions = seen.entry(event.owner.clone()).or_default();
                    if versions.last() != Some(&event.version) {
                        versions.push(event.version);
                    }
                }
                // A token is the position of any event.
                position = page.last;
                let backend = database.reader().get_database_backend();
                let sql = format!("SELECT n FROM naive WHERE n > {naive} ORDER BY n");
                for row in database.reader().query_all_raw(Statement::from_string(backend, sql)).await.unwrap() {
                    let n: i64 = if is_postgres {
                        row.try_get("", "n").unwrap()
                    } else {
                        row.try_get::<i32>("", "n").unwrap().into()
                    };
                    naive = naive.max(n);
                    by_ids += 1;
                }
                if is_last && page.events.is_empty() && total(&seen) >= total(&committed.lock().unwrap()) {
                    break;
                }
            }
        };
        timeout(TIMEOUT, read).await.expect("every change");
        is_over.store(true, Ordering::SeqCst);
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        drop(open);
        let mut committed = Arc::try_unwrap(committed).unwrap().into_inner().unwrap();
        for versions in committed.values_mut() {
            versions.sort_unstable();
        }
        assert_eq!(seen, committed, "{backend}");
        assert!(positions.is_sorted_by(|one, next| one < next), "each event once, in order");
        let expected: Vec<_> = (1..=i64::try_from(total(&seen)).unwrap()).collect();
        let mut dense: Vec<_> = positions.iter().map(|at| at.position).collect();
        dense.dedup();
        assert_eq!(dense, expected, "positions are dense");
        if is_postgres {
            assert!(
                by_ids < total(&seen) as u64,
                "a reader by ids misses changes that commit late, or this shows nothing"
            );
        }
        let state = database.feed_state().await.unwrap();
        assert_eq!(state.last, *expected.last().unwrap());
        let at_end = FeedPosition { position: state.last, seq: END_OF_CHANGE };
        assert!(database.feed_after(at_end, i64::MAX, &[], 10).await.unwrap().events.is_empty());
    })
    .await;
}

fn event_of(row: &str, creator: Option<&str>) -> NewEvent {
    NewEvent {
        kind: "changed",
        subject: "row",
        row: row.to_owned(),
        other: None,
        creator: creator.map(str::to_owned),
        has_reshares: false,
        occurred_at: Timestamp::from_parts(1_767_225_600, 0).unwrap(),
        after: None,
        limit: EventLimit::Enforced,
    }
}

/// Two processes change one owner's data: the second waits for the owner's row and holds nothing that the first needs.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_an_owner_do_not_deadlock() {
    on_both(|backend| async move {
        let database = migrated(&backend).await;
        let (first, other) = (connect(&backend).await, connect(&backend).await);
        // The counter exists: it has a row that can be locked.
        let create = async |database: &Database| {
            let log = database.event_log(VERSIONS, "ann", Origin::system(), u64::MAX);
            let change = database.begin(Vec::new()).await.unwrap();
            let insertion = ("INSERT INTO naive DEFAULT VALUES".to_owned(), Vec::new());
            log.raise_and_insert(&change, insertion, event_of("row", None), Batch::default()).await.unwrap();
            assert_eq!(log.write(&change).await.unwrap(), Recorded::Ok);
            change.commit().await.unwrap();
        };
        create(&database).await;
        if database.kind() != "PostgreSQL" {
            // One writer: the second change begins when the first has ended.
            return;
        }
        let log = first.event_log(VERSIONS, "ann", Origin::system(), u64::MAX);
        let change = first.begin(Vec::new()).await.unwrap();
        VERSIONS.raise(&change, "ann", event_of("row", None).occurred_at).await.unwrap();
        let waiting = async {
            test_kit::wait_until("a change that waits for the owner's row", async || {
                const WAITING: &str =
                    "SELECT 1 AS found FROM pg_locks JOIN pg_database ON oid = database OR database IS NULL
                    WHERE NOT granted AND datname = current_database()";
                let statement = Statement::from_string(sea_orm::DbBackend::Postgres, WAITING);
                database.reader().query_one_raw(statement).await.unwrap().map(drop)
            })
            .await;
            log.record(event_of("row", None));
            assert_eq!(log.write(&change).await.unwrap(), Recorded::Ok);
            change.commit().await.unwrap();
        };
        tokio::join!(create(&other), waiting);
        let state = test_kit::wait_until("every position", async || {
            let mut sequencer = Sequencer::new(connect(&backend).await);
            sequencer.step().await.unwrap();
            Some(database.feed_state().await.unwrap()).filter(|state| state.last == 3)
        })
        .await;
        assert_eq!(state.last, 3);
    })
    .await;
}
