//! Connections to the database: broken ones are replaced, and changes that wait leave the reads theirs.

use std::{
    sync::Arc,
    time::{Duration, Instant as Monotonic},
};

use persistence::{ClockSync, Database, DatabaseSettings, Lock, Priority, create_newest_time};
use runtime::clock::Clock;
use sea_orm::{ConnectionTrait, Statement};
use test_kit::{Backend, on_both};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use types::Timestamp;

/// What must happen at once has not happened if it takes this long.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What happens to the current connections of a proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Served,
    Closed,
    /// Nothing is forwarded any more, and neither side gets an error.
    Silenced,
}

/// A proxy before PostgreSQL whose connections a test can break.
struct Proxy {
    port: u16,
    fate: watch::Sender<Fate>,
}

impl Proxy {
    async fn before(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (fate, _) = watch::channel(Fate::Served);
        let sender = fate.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut fate = sender.subscribe();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(("127.0.0.1", server_port)).await.unwrap();
                    fate.mark_unchanged();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = fate.changed() => {
                            let silenced = *fate.borrow() == Fate::Silenced;
                            if silenced {
                                std::future::pending::<()>().await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, fate }
    }

    /// Ends the service of the connections that stand now; new ones are served.
    fn end(&self, fate: Fate) {
        self.fate.send_replace(fate);
    }
}

async fn connect(url: String) -> Database {
    let settings =
        DatabaseSettings { database_url: url.into(), database_connections: 4, database_wait: Duration::from_secs(10) };
    Database::connect(&settings, "public").await.unwrap()
}

/// A database behind a proxy; `None` without PostgreSQL.
async fn behind_proxy() -> Option<(Database, Proxy)> {
    let url = Backend::postgres().await?.url();
    let port = url.rsplit_once(':')?.1.split('/').next()?.parse().ok()?;
    let proxy = Proxy::before(port).await;
    let url = url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port));
    Some((connect(url).await, proxy))
}

async fn read(database: &Database) -> i32 {
    let reader = database.reader();
    let ask = Statement::from_string(reader.get_database_backend(), "SELECT 1 AS one");
    let row = tokio::time::timeout(TIMEOUT, reader.query_one_raw(ask)).await.expect("an answer in time");
    row.unwrap().unwrap().try_get("", "one").unwrap()
}

async fn change(database: &Database) {
    let change = tokio::time::timeout(TIMEOUT, database.begin(Vec::new())).await.expect("a change in time").unwrap();
    change.execute("SELECT 1", Vec::new()).await.unwrap();
    change.commit().await.unwrap();
}

/// Opens every connection that the pools may have, and waits until all of them are idle: the driver pings a connection after its
/// use, without a timeout, before it is.
async fn fill_pools(database: &Arc<Database>) {
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let database = database.clone();
        tasks.spawn(async move {
            read(&database).await;
            change(&database).await;
        });
    }
    tasks.join_all().await;
    let idle = async {
        while database.connections_in_use() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, idle).await.expect("idle connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_broke_while_idle_are_replaced() {
    let Some((database, proxy)) = behind_proxy().await else { return };
    let database = Arc::new(database);
    for _ in 0..3 {
        fill_pools(&database).await;
        proxy.end(Fate::Closed);
        assert_eq!(read(&database).await, 1);
        change(&database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fell_silent_while_idle_are_replaced() {
    let Some((database, proxy)) = behind_proxy().await else { return };
    let database = Arc::new(database);
    fill_pools(&database).await;
    proxy.end(Fate::Silenced);
    // They are tested before use once they have been idle for a second.
    let idle_since = Monotonic::now();
    while idle_since.elapsed() < Duration::from_millis(1_100) {
        tokio::task::yield_now().await;
    }
    assert_eq!(read(&database).await, 1);
    change(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_waiting_for_a_lock_leave_connections_to_reads() {
    on_both(|backend| async move {
        let database = Arc::new(connect(backend.url()).await);
        let lock = Lock::new("data of", "ann");
        // Another process holds the lock in the database; in this process nothing waits for it yet.
        let elsewhere = connect(backend.url()).await;
        let held = elsewhere.begin(Vec::new()).await.unwrap();
        held.lock(&lock).await.unwrap();
        let mut waiting = JoinSet::new();
        for user in 0..30 {
            let (database, lock) = (database.clone(), lock.clone());
            waiting.spawn(async move {
                let user = format!("user-{}", user % 3);
                let permit = database.queue(&lock, Priority::FairlyFor(&user)).await?;
                let change = database.begin(vec![permit]).await.map_err(anyhow::Error::from)?;
                change.lock(&lock).await?;
                change.commit().await?;
                anyhow::Ok(())
            });
        }
        for _ in 0..50 {
            assert_eq!(read(&database).await, 1, "{backend}");
        }
        if backend.to_string() != "SQLite" {
            // One of them waits on a connection, the others in this process: changes of other people go on.
            change(&database).await;
        }
        held.commit().await.unwrap();
        assert!(waiting.join_all().await.iter().all(Result::is_ok), "{backend}");
    })
    .await;
}

#[tokio::test]
async fn newest_time_is_kept_after_a_restart_with_a_clock_set_back() {
    on_both(|backend| async move {
        let database = connect(backend.url()).await;
        create_newest_time(&sea_orm_migration::SchemaManager::new(database.writer())).await.unwrap();
        // A clock that is ahead raises the newest time; ahead of the database server by a minute at most.
        let real = Clock::system().now();
        let ahead = Timestamp::new(real.utc() + Duration::from_hours(1)).unwrap();
        let (fast, _hand) = Clock::manual(ahead);
        drop(ClockSync::start(database.clone(), fast).await.unwrap());

        let clock = Clock::system();
        drop(ClockSync::start(database.clone(), clock.clone()).await.unwrap());
        let gained = clock.now().utc() - real.utc();
        let most = if backend.to_string() == "SQLite" { 3_600 } else { 60 };
        assert!((most - 5..most + 60).contains(&gained.num_seconds()), "{backend}: {gained}");
        // It goes on from there.
        let first = clock.now();
        while clock.now() == first {
            tokio::task::yield_now().await;
        }
        assert!(clock.now() > first, "{backend}");
    })
    .await;
}
