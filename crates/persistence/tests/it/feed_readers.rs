//! Readers of the feed: the hub and its checkpoints, pages, and what is pruned or erased under them.

use std::time::Duration;

use persistence::{
    Database,
    feed::{EventFilter, FeedHub, FeedPosition, NewEvent, Recorded, Sequencer, SubscriptionEnd},
};
use runtime::shutdown::Shutdown;
use test_kit::{Backend, on_both};
use types::{Origin, Timestamp};

use crate::feed::{VERSIONS, connect, event, migrated, now};

/// What has not happened by then does not happen.
const TIMEOUT: Duration = Duration::from_mins(30);

/// A feed that cannot be read is not at its end.
#[tokio::test]
async fn stale_hub_has_no_checkpoint() {
    let backend = Backend::sqlite();
    let database = migrated(&backend).await;
    let hub = FeedHub::start(database).await.unwrap();
    let subscription = hub.subscribe(&[]);
    assert_eq!(subscription.checkpoint(), None, "nothing was read");
    for _ in 0..2 {
        let shutdown = Shutdown::new();
        let reader = tokio::spawn(hub.clone().run(shutdown.clone()));
        // A reader that ends ends the watchers.
        let subscription = hub.subscribe(&[]);
        let read = async || subscription.checkpoint();
        assert_eq!(test_kit::wait_until("a read of the feed", read).await, 0);
        shutdown.begin();
        reader.await.unwrap();
        // Nothing has read the feed for a minute.
        let subscription = hub.subscribe(&[]);
        tokio::time::pause();
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(subscription.checkpoint(), None);
        tokio::time::resume();
    }
}

/// Changes of one owner, each with events of such sizes.
async fn changes_of_sizes(database: &Database, changes: &[&[usize]]) {
    for (number, sizes) in changes.iter().enumerate() {
        let change = database.begin(Vec::new()).await.unwrap();
        let log = database.event_log(VERSIONS, "ann", Origin::system(), u64::MAX);
        VERSIONS.raise(&change, "ann", now()).await.unwrap();
        for (place, size) in sizes.iter().enumerate() {
            log.record(event(format!("row-{number}-{place}"), Some(serde_json::json!("x".repeat(*size)))));
        }
        assert_eq!(log.write(&change).await.unwrap(), Recorded::Ok);
        change.commit().await.unwrap();
        log.committed();
    }
    if database.kind() == "PostgreSQL" {
        while Sequencer::new(database.clone()).step().await.unwrap() {}
    }
}

#[tokio::test]
async fn pages_are_bounded_in_bytes() {
    on_both(|backend| async move {
        const LARGE: usize = 400_000;
        let database = migrated(&backend).await;
        // The pages end within a change, at its end, and after an event that alone is larger than a page.
        let changes = [&[LARGE; 4][..], &[10; 30], &[2_000_000], &[LARGE; 3], &[1]];
        changes_of_sizes(&database, &changes).await;
        let places = (1..)
            .zip(changes)
            .flat_map(|(position, sizes)| (0..).take(sizes.len()).map(move |seq| FeedPosition { position, seq }));
        let expected: Vec<_> = places.collect();
        for is_list in [false, true] {
            let (mut after, mut read, mut pages) = (FeedPosition::default(), Vec::new(), 0);
            after.seq = -1;
            loop {
                let page = if is_list {
                    database.list_events(&EventFilter::default(), after, 25).await.unwrap()
                } else {
                    database.feed_after(after, i64::MAX, &[], 25).await.unwrap()
                };
                // The last event may exceed it.
                let but_last = page.events.iter().rev().skip(1).map(|event| event.bytes).sum::<usize>();
                assert!(but_last < 1024 * 1024, "{but_last} bytes in {} events", page.events.len());
                read.extend(page.events.iter().map(|event| event.at));
                after = page.last;
                pages += 1;
                if !page.is_full {
                    break;
                }
            }
            assert_eq!(read, expected, "{backend}");
            assert!(pages >= 5, "{pages} pages");
        }
    })
    .await;
}

/// A reader notes a position that nothing committed exceeds, also of changes without a position.
#[tokio::test]
async fn committed_changes_are_waited_for() {
    on_both(|backend| async move {
        let database = migrated(&backend).await;
        let none = database.last_position_of_committed(Duration::ZERO).await.unwrap();
        assert_eq!(none, 0);
        let log = database.event_log(VERSIONS, "ann", Origin::system(), u64::MAX);
        let change = database.begin(Vec::new()).await.unwrap();
        VERSIONS.raise(&change, "ann", now()).await.unwrap();
        log.record(event("row".to_owned(), None));
        assert_eq!(log.write(&change).await.unwrap(), Recorded::Ok);
        change.commit().await.unwrap();
        if database.kind() == "PostgreSQL" {
            assert!(database.last_position_of_committed(Duration::ZERO).await.is_err());
            let waiting = database.clone();
            let waiting = tokio::spawn(async move { waiting.last_position_of_committed(TIMEOUT).await });
            Sequencer::new(database.clone()).step().await.unwrap();
            assert_eq!(waiting.await.unwrap().unwrap(), 1);
        }
        assert_eq!(database.last_position_of_committed(Duration::ZERO).await.unwrap(), 1);
    })
    .await;
}

/// Writes a change of ann's data with one event about another person, without a position on PostgreSQL.
async fn change_about(database: &Database, other: &str) {
    let log = database.event_log(VERSIONS, "ann", Origin::system(), u64::MAX);
    let change = database.begin(Vec::new()).await.unwrap();
    VERSIONS.raise(&change, "ann", now()).await.unwrap();
    log.record(NewEvent { other: Some(other.to_owned()), ..event("row".to_owned(), None) });
    assert_eq!(log.write(&change).await.unwrap(), Recorded::Ok);
    change.commit().await.unwrap();
    log.committed();
}

/// A checkpoint says that every earlier change was sent, also one that has no position yet.
#[tokio::test]
async fn stalled_sequencer_stops_checkpoints() {
    let Some(backend) = Backend::postgres().await else { return };
    let database = migrated(&backend).await;
    let mut sequencer = Sequencer::new(database.clone());
    let hub = FeedHub::start(database.clone()).await.unwrap();
    let mut subscription = hub.subscribe(&[]);
    let shutdown = Shutdown::new();
    let reader = tokio::spawn(hub.clone().run(shutdown.clone()));
    // Another process gives the position: the feed is read to its end, and this process does not know whether that is all.
    change_about(&database, "bob").await;
    Sequencer::new(connect(&backend).await).step().await.unwrap();
    let position = async || (hub.position() == 1).then_some(());
    test_kit::wait_until("a read of the feed", position).await;
    subscription.next().await.unwrap();
    assert_eq!(subscription.checkpoint(), None);
    sequencer.step().await.unwrap();
    let checkpoint = async || subscription.checkpoint();
    assert_eq!(test_kit::wait_until("a checkpoint", checkpoint).await, 1);
    shutdown.begin();
    reader.await.unwrap();
}

/// A process that was away while a person was erased has not seen the revocations.
#[tokio::test]
async fn overtaken_hub_ends_its_watchers() {
    on_both(|backend| async move {
        let database = migrated(&backend).await;
        let hub = FeedHub::start(database.clone()).await.unwrap();
        let mut subscription = hub.subscribe(&[]);
        change_about(&database, "bob").await;
        if database.kind() == "PostgreSQL" {
            assert!(!database.expire_tokens_of("bob").await.unwrap(), "the event about bob has no position");
            while Sequencer::new(database.clone()).step().await.unwrap() {}
        }
        assert!(database.expire_tokens_of("ann").await.unwrap());
        while database.scrub_feed("ann").await.unwrap() {}
        let shutdown = Shutdown::new();
        let reader = tokio::spawn(hub.clone().run(shutdown.clone()));
        assert_eq!(subscription.next().await.unwrap_err(), SubscriptionEnd::Expired, "{backend}");
        shutdown.begin();
        reader.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn pruning_ends_a_slice_by_its_events() {
    on_both(|backend| async move {
        let database = migrated(&backend).await;
        let many = vec![1; 3_000];
        changes_of_sizes(&database, &[&many, &many, &[1; 10]]).await;
        let cutoff = Timestamp::from_parts(1_767_225_601, 0).unwrap();
        let mut slices = Vec::new();
        loop {
            match database.prune_feed(cutoff).await.unwrap() {
                0 => break,
                changes => slices.push(changes),
            }
        }
        assert_eq!(slices, [2, 1], "{backend}");
    })
    .await;
}
