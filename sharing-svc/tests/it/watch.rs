//! Watch streams: snapshot, changes, checkpoints and resume tokens.

use std::collections::BTreeMap;

use ofself_proto::sharing::{
    Share, ShareChanges, ShareEvent, ShareEventKind as Kind, WatchSharesRequest, WatchSharesResponse,
    watch_shares_response::Content,
};
use persistence::Database;
use sea_orm::ConnectionTrait;
use tonic::{Code, Streaming};
use types::Timestamp;

use crate::{
    events::events_of,
    statements::on_both,
    test_server::{START, TestServer, everything_to, of, passable, settings, tags_to, why},
};

pub struct Watching {
    messages: Streaming<WatchSharesResponse>,
    pub token: String,
}

impl Watching {
    pub async fn begin(server: &TestServer, request: WatchSharesRequest) -> Self {
        let messages = server.access().watch_shares(request).await.unwrap().into_inner();
        Self { messages, token: String::new() }
    }

    pub async fn message(&mut self) -> WatchSharesResponse {
        let message = self.messages.message().await.unwrap().expect("a message");
        self.token.clone_from(&message.token);
        message
    }

    /// The next message that is no checkpoint.
    pub async fn content(&mut self) -> Content {
        loop {
            if let Some(content) = self.message().await.content {
                return content;
            }
        }
    }

    pub async fn event(&mut self) -> ShareEvent {
        let Content::Event(event) = self.content().await else { panic!("an event") };
        event
    }

    /// Waits for a checkpoint, before which there must be nothing else.
    pub async fn nothing_more(&mut self) {
        // The first one may have been due before the last change was read.
        for _ in 0..2 {
            let message = self.message().await;
            assert_eq!(message.content, None);
        }
    }
}

fn from_beginning() -> WatchSharesRequest {
    WatchSharesRequest { from_beginning: true, ..WatchSharesRequest::default() }
}

fn after_token(token: &str) -> WatchSharesRequest {
    WatchSharesRequest { after_token: token.into(), ..WatchSharesRequest::default() }
}

#[tokio::test]
async fn snapshot_is_followed_by_changes() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let share = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        server.create("dan", everything_to("bob")).await.unwrap();
        events_of(&server, "dan", 1).await;
        let mut watch = Watching::begin(&server, from_beginning()).await;
        let first = watch.message().await;
        assert_eq!(first.content, Some(Content::Snapshot(Share { effective: None, ..share.clone() })));
        assert_eq!(first.owner_id, "ann");
        let within = watch.token.clone();
        let second = watch.message().await;
        assert_eq!(second.owner_id, "dan");
        assert_eq!(watch.message().await.content, Some(Content::SnapshotEnd(true)));
        server.revoke("ann", &share.id).await.unwrap();
        let revoked = watch.event().await;
        assert_eq!((revoked.kind(), revoked.owner_version), (Kind::Revoked, first.owner_version + 1));
        watch.nothing_more().await;
        // A reader that was cut within the snapshot goes on there.
        let mut resumed = Watching::begin(&server, after_token(&within)).await;
        assert_eq!(resumed.message().await.content, second.content);
        assert_eq!(resumed.message().await.content, Some(Content::SnapshotEnd(true)));
        assert_eq!(resumed.event().await, revoked);
        resumed.nothing_more().await;
    })
    .await;
}

#[tokio::test]
async fn watch_from_now_resumes_without_a_gap() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", everything_to("before")).await.unwrap();
        events_of(&server, "ann", 1).await;
        let mut watch = Watching::begin(&server, WatchSharesRequest::default()).await;
        watch.nothing_more().await;
        let idle = watch.token.clone();
        for name in ["bob", "cyd", "dan"] {
            server.create("ann", everything_to(name)).await.unwrap();
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push((watch.event().await, watch.token.clone()));
        }
        drop(watch);
        server.create("ann", everything_to("eve")).await.unwrap();
        let last = events_of(&server, "ann", 5).await.pop().unwrap();
        for (number, token) in std::iter::once(&idle).chain(seen.iter().map(|(_, token)| token)).enumerate() {
            let mut resumed = Watching::begin(&server, after_token(token)).await;
            for (event, _) in &seen[number..] {
                assert_eq!(resumed.event().await, *event);
            }
            assert_eq!(resumed.event().await, last);
            resumed.nothing_more().await;
        }
    })
    .await;
}

#[tokio::test]
async fn filters_pass_what_concerns_a_viewer() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // A chain of eight links: ann, v1, …, v8.
        let first = server.create("ann", passable(everything_to("v1"))).await.unwrap();
        let mut last = first.clone();
        for number in 1..8 {
            let request = of(&last, passable(everything_to(&format!("v{}", number + 1))));
            last = server.create(&format!("v{number}"), request).await.unwrap();
        }
        events_of(&server, "ann", 8).await;
        let of_viewer = WatchSharesRequest { viewer_ids: vec!["v8".into()], ..from_beginning() };
        let mut viewer = Watching::begin(&server, of_viewer).await;
        let of_owner = WatchSharesRequest { owner_ids: vec!["dan".into()], ..from_beginning() };
        let mut owner = Watching::begin(&server, of_owner).await;
        let Content::Snapshot(share) = viewer.content().await else { panic!("a share") };
        assert_eq!(share.id, last.id);
        for watch in [&mut viewer, &mut owner] {
            assert_eq!(watch.content().await, Content::SnapshotEnd(true));
        }
        server.create("ann", everything_to("other")).await.unwrap();
        server.create("dan", everything_to("v8")).await.unwrap();
        server.revoke("ann", &first.id).await.unwrap();
        let created = viewer.event().await;
        assert_eq!((created.owner_id.as_str(), created.kind()), ("dan", Kind::Created));
        assert_eq!(owner.event().await, created);
        let revoked = viewer.event().await;
        assert_eq!((revoked.kind(), revoked.has_reshares), (Kind::Revoked, true));
        assert_eq!(revoked.after.unwrap().id, first.id);
        viewer.nothing_more().await;
        owner.nothing_more().await;
    })
    .await;
}

#[tokio::test]
async fn token_that_cannot_be_resumed_is_refused() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let refused = async |request| {
            let answer = server.access().watch_shares(request).await;
            let code = answer.as_ref().map_or_else(tonic::Status::code, |_| Code::Ok);
            (code, why(answer.map(drop)))
        };
        let both = WatchSharesRequest { after_token: "x".into(), ..from_beginning() };
        assert_eq!(refused(both).await, (Code::InvalidArgument, "from_beginning".into()));
        assert_eq!(refused(after_token("x")).await, (Code::InvalidArgument, "after_token".into()));
        let ids =
            WatchSharesRequest { owner_ids: vec!["a b".into()], viewer_ids: vec![String::new()], ..from_beginning() };
        assert_eq!(refused(ids).await, (Code::InvalidArgument, "owner_ids[0] viewer_ids[0]".into()));

        let mut watch = Watching::begin(&server, WatchSharesRequest::default()).await;
        server.create("ann", everything_to("bob")).await.unwrap();
        watch.event().await;
        let early = watch.token.clone();
        server.create("ann", everything_to("cyd")).await.unwrap();
        watch.event().await;
        watch.nothing_more().await;
        let late = watch.token.clone();
        let database = Database::connect(&settings(backend.url()).service.database, sharing_svc::storage::SCHEMA).await;
        let database = database.unwrap();
        let cutoff = Timestamp::from_parts(START + 1, 0).unwrap();
        assert_eq!(database.prune_feed(cutoff).await.unwrap(), 2);
        assert_eq!(refused(after_token(&early)).await, (Code::OutOfRange, "TOKEN_EXPIRED".into()));
        let mut resumed = Watching::begin(&server, after_token(&late)).await;
        server.create("ann", everything_to("dan")).await.unwrap();
        let event = resumed.event().await;
        assert_eq!(event.kind(), Kind::Created);
        // After a restore, positions that this database never had are of another epoch; those before it are still good.
        let newest = resumed.token.clone();
        resumed.nothing_more().await;
        let at_end = resumed.token.clone();
        // The manual step of docs/operating.md for a restore that cannot be detected.
        database.writer().execute_unprepared("UPDATE feed_state SET identity = ''").await.unwrap();
        database.open_feed().await.unwrap();
        server.create("ann", everything_to("eve")).await.unwrap();
        events_of(&server, "ann", 2).await;
        for token in [&newest, &at_end] {
            let mut resumed = Watching::begin(&server, after_token(token)).await;
            assert_eq!(resumed.event().await.after.unwrap().shared_with_user_id, "eve");
        }
    })
    .await;
}

/// What a reader holds, by the rules of the contract.
#[derive(Default)]
struct Held {
    rows: BTreeMap<String, (i64, Share)>,
}

impl Held {
    fn apply(&mut self, message: WatchSharesResponse) -> bool {
        let (version, share) = match message.content {
            Some(Content::Snapshot(share)) => (message.owner_version, share),
            Some(Content::Event(event)) => (event.owner_version, event.after.unwrap()),
            Some(Content::SnapshotEnd(_)) | None => return message.content.is_none(),
        };
        let held = self.rows.get(&share.id).map_or(i64::MIN, |(version, _)| *version);
        if version > held {
            self.rows.insert(share.id.clone(), (version, share));
        }
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_is_cut_ends_with_the_state_of_the_tables() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for number in 0..40 {
            server.create(&format!("owner-{}", number % 5), tags_to("bob", &[&format!("t{number}")])).await.unwrap();
        }
        let write = async |owner: usize| {
            let owner = format!("owner-{owner}");
            for number in 0..30 {
                let share = server.create(&owner, tags_to("cyd", &[&format!("n{number}")])).await.unwrap();
                if number % 3 == 0 {
                    let changes = ShareChanges { can_write: Some(true), ..ShareChanges::default() };
                    server.update(&owner, &share.id, changes, &["can_write"]).await.unwrap();
                }
                if number % 4 == 0 {
                    server.revoke(&owner, &share.id).await.unwrap();
                }
            }
        };
        let writes = async {
            tokio::join!(write(0), write(1), write(2), write(3), write(4));
        };
        let read = async {
            let mut held = Held::default();
            let mut watch = Watching::begin(&server, from_beginning()).await;
            for messages in [7, 25, 60] {
                for _ in 0..messages {
                    held.apply(watch.message().await);
                }
                watch = Watching::begin(&server, after_token(&watch.token.clone())).await;
            }
            (held, watch)
        };
        let ((), (mut held, mut watch)) = tokio::join!(writes, read);
        let mut checkpoints = 0;
        while checkpoints < 2 {
            checkpoints += usize::from(held.apply(watch.message().await));
        }
        let mut fresh = Held::default();
        let mut watch = Watching::begin(&server, from_beginning()).await;
        while !fresh.apply(watch.message().await) {}
        assert_eq!(fresh.rows.len(), 40 + 5 * 30);
        let shares = |held: Held| held.rows.into_values().map(|(_, share)| share).collect::<Vec<_>>();
        assert_eq!(shares(held), shares(fresh));
    })
    .await;
}
