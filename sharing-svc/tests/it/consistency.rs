//! Consistency tokens: no answer is older than its token.

use std::sync::Mutex;

use ofself_proto::sharing::{
    Action, BatchCheckRequest, CheckAccessRequest, CheckItem, Consistency, CreateShareRequest, ListOwnersRequest, Node,
    Resource, RevokeShareRequest, consistency::Requirement, resource,
};
use persistence::feed::Epoch;
use proptest::prelude::*;
use service::consistency::{ConsistencyToken, Stamp};
use tonic::Code;
use types::Timestamp;

use crate::{
    statements::on_both,
    test_server::{START, TestServer, by, everything_to, of, passable, tags_to, why},
};

fn any_node() -> Resource {
    let node = Node { id: "n".into(), tag_ids: vec!["t".into()], ..Node::default() };
    Resource { resource: Some(resource::Resource::Node(node)) }
}

fn question(owner: &str, viewer: &str, token: &str) -> CheckAccessRequest {
    let fresh =
        (!token.is_empty()).then(|| Consistency { requirement: Some(Requirement::AtLeastAsFresh(token.into())) });
    CheckAccessRequest {
        viewer_id: viewer.into(),
        owner_id: owner.into(),
        action: Action::Read.into(),
        resource: Some(any_node()),
        consistency: fresh,
    }
}

async fn create(server: &TestServer, user: &str, request: CreateShareRequest) -> (String, String) {
    let made = server.create_as(user, None, request).await.unwrap();
    (made.share.unwrap().id, made.written_at)
}

fn parsed(token: &str) -> ConsistencyToken {
    ConsistencyToken::parse(token).unwrap_or_else(|| panic!("`{token}` is no token"))
}

#[tokio::test]
async fn decisions_and_writes_have_tokens_of_the_owner() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let checked = async |owner: &str, viewer: &str, token: &str| {
            server.access().check_access(question(owner, viewer, token)).await.map(tonic::Response::into_inner)
        };
        let before = checked("ann", "bob", "").await.unwrap();
        assert_eq!(parsed(&before.checked_at).stamp.version, 0, "nothing is stored about ann");
        assert_eq!(checked("ann", "ann", "").await.unwrap().checked_at, "", "her own nodes");
        let (id, written) = create(&server, "ann", passable(everything_to("bob"))).await;
        let stamp = parsed(&written).stamp;
        assert_eq!((stamp.owner.as_str(), stamp.time.utc().timestamp()), ("ann", START));
        let after = checked("ann", "bob", &written).await.unwrap();
        assert!(after.allowed);
        assert_eq!(parsed(&after.checked_at), parsed(&written));
        // A re-share, and its revocation, are versions of the owner's.
        let share = server.get("ann", &id).await.unwrap();
        let (reshared, second) = create(&server, "bob", of(&share, everything_to("cyd"))).await;
        assert_eq!(parsed(&second).stamp, Stamp { version: stamp.version + 1, ..stamp.clone() });
        let revoke = RevokeShareRequest { share_id: reshared, expected_versions: Vec::new() };
        for _ in 0..2 {
            let third = server.client().revoke_share(by("bob", revoke.clone())).await.unwrap().into_inner().written_at;
            assert_eq!(parsed(&third).stamp.version, stamp.version + 2, "a repeat names the same version");
        }
        // Tokens of others, of another epoch and of persons without data demand nothing.
        let ahead =
            ConsistencyToken { stamp: Stamp { version: stamp.version + 3, ..stamp.clone() }, ..parsed(&written) };
        let other_epoch = ConsistencyToken { epoch: Epoch(1), ..ahead.clone() };
        let of_dan = ConsistencyToken { stamp: Stamp { owner: "dan".into(), ..ahead.stamp.clone() }, ..ahead.clone() };
        for token in [other_epoch.to_string(), of_dan.to_string(), format!("{of_dan}, {written},{second}")] {
            assert!(checked("ann", "bob", &token).await.unwrap().allowed);
        }
        assert!(!checked("dan", "bob", &of_dan.to_string()).await.unwrap().allowed);
        let refused = checked("ann", "bob", &ahead.to_string()).await;
        assert_eq!(refused.as_ref().unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(why(refused), "TOKEN_AHEAD");
        let malformed = checked("ann", "bob", "x").await;
        assert_eq!(malformed.as_ref().unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(why(malformed), "consistency.at_least_as_fresh");
        // The same where the gateway passes them on.
        let mut read = by("ann", ofself_proto::sharing::GetShareRequest { share_id: id });
        read.metadata_mut().insert("x-consistency-token", ahead.to_string().parse().unwrap());
        assert_eq!(why(server.client().get_share(read).await), "TOKEN_AHEAD");
    })
    .await;
}

#[tokio::test]
async fn decision_is_not_before_the_time_of_its_token() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let ends = CreateShareRequest { expires_at: crate::test_server::after(100), ..everything_to("bob") };
        create(&server, "ann", ends).await;
        server.at(101);
        let late = server.access().check_access(question("ann", "bob", "")).await.unwrap().into_inner();
        assert!(!late.allowed);
        // Another replica, whose clock is behind.
        server.at(50);
        let again = server.access().check_access(question("ann", "bob", &late.checked_at)).await.unwrap().into_inner();
        assert!(!again.allowed, "what has expired by a token has expired");
        assert_eq!(parsed(&again.checked_at).stamp.time, Timestamp::from_parts(START + 101, 0).unwrap());
    })
    .await;
}

#[tokio::test]
async fn batch_over_owners_has_a_token_for_each() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let (_, ann) = create(&server, "ann", everything_to("bob")).await;
        create(&server, "cyd", tags_to("bob", &["other"])).await;
        let (_, latest) = create(&server, "cyd", everything_to("dan")).await;
        let item = |owner: &str, viewer: &str| CheckItem {
            viewer_id: viewer.into(),
            owner_id: owner.into(),
            action: Action::Read.into(),
            resource: Some(any_node()),
        };
        let items =
            vec![item("cyd", "bob"), item("ann", "bob"), item("cyd", "dan"), item("eve", "eve"), item("ann", "x")];
        let fresh = format!("{ann},{latest}");
        let consistency = Some(Consistency { requirement: Some(Requirement::AtLeastAsFresh(fresh)) });
        let request = BatchCheckRequest { items, consistency };
        let answer = server.access().batch_check(request.clone()).await.unwrap().into_inner();
        assert_eq!(answer.allowed, [false, true, true, true, false]);
        let stamps: Vec<_> = answer.checked_at.iter().map(|token| parsed(token).stamp).collect();
        assert_eq!(stamps.iter().map(|stamp| stamp.owner.as_str()).collect::<Vec<_>>(), ["cyd", "ann", "eve"]);
        assert_eq!((stamps[0].version, stamps[2].version), (parsed(&latest).stamp.version, 0));
        let mut ahead = parsed(&latest);
        ahead.stamp.version += 1;
        let consistency = Some(Consistency { requirement: Some(Requirement::AtLeastAsFresh(ahead.to_string())) });
        let refused =
            server.access().batch_check(BatchCheckRequest { consistency: consistency.clone(), ..request }).await;
        assert_eq!(why(refused), "TOKEN_AHEAD");
        // As a single check: what is their own is read from nowhere.
        let own = BatchCheckRequest { items: vec![item("cyd", "cyd"), item("ann", "bob")], consistency };
        assert_eq!(server.access().batch_check(own).await.unwrap().into_inner().allowed, [true, true]);
        let wrong = BatchCheckRequest { items: vec![CheckItem::default(), item("ann", "b b")], consistency: None };
        let fields = why(server.access().batch_check(wrong).await);
        assert!(fields.starts_with("items[0].action") && fields.ends_with("items[1].viewer_id"), "{fields}");
        assert_eq!(why(server.access().batch_check(BatchCheckRequest::default()).await), "items");
    })
    .await;
}

#[tokio::test]
async fn owners_are_listed_page_by_page() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for number in 0..7 {
            create(&server, &format!("o{number}"), passable(everything_to("bob"))).await;
        }
        let (ended, _) = create(&server, "o7", everything_to("bob")).await;
        server.revoke("o7", &ended).await.unwrap();
        let list = async |action: Action, page_size| {
            let mut request =
                ListOwnersRequest { viewer_id: "bob".into(), action: action.into(), page_size, ..Default::default() };
            let mut owners = Vec::new();
            loop {
                let page = server.access().list_owners(request.clone()).await.unwrap().into_inner();
                assert!(page.owners.iter().all(|owner| owner.share_ids.len() == 1));
                owners.extend(page.owners.into_iter().map(|owner| owner.owner_id));
                if page.next_page_token.is_empty() {
                    return owners;
                }
                request.page_token = page.next_page_token;
            }
        };
        let all: Vec<_> = (0..7).map(|number| format!("o{number}")).collect();
        for size in [0, 1, 3, 7, 100] {
            assert_eq!(list(Action::Read, size).await, all, "{size}");
        }
        assert_eq!(list(Action::Share, 2).await, all);
        assert_eq!(list(Action::Write, 2).await, [""; 0]);
        let wrong = ListOwnersRequest { page_size: -1, page_token: "x".into(), ..Default::default() };
        assert_eq!(why(server.access().list_owners(wrong).await), "action page_size page_token viewer_id");
    })
    .await;
}

/// What many clients wrote and were answered about one owner and one viewer.
#[derive(Clone, Debug, Default)]
struct History {
    /// Whether the viewer is allowed from a version on, and until when.
    writes: Vec<(i64, bool, Option<i64>)>,
    checks: Vec<Check>,
}

#[derive(Clone, Copy, Debug)]
struct Check {
    /// The version that was demanded.
    demanded: i64,
    /// The version and the time that the answer names.
    version: i64,
    at: i64,
    allowed: bool,
}

impl History {
    /// The answers that no serial history could give.
    fn violations(&self) -> Vec<Check> {
        let mut writes = self.writes.clone();
        writes.sort_unstable();
        let is_wrong = |check: &&Check| {
            let last = writes.iter().take_while(|(version, ..)| *version <= check.version).last();
            let expected = last.is_some_and(|(_, allowed, until)| *allowed && until.is_none_or(|end| end > check.at));
            check.version < check.demanded || check.allowed != expected
        };
        self.checks.iter().filter(is_wrong).copied().collect()
    }
}

#[test]
fn checker_finds_planted_bugs() {
    let sound = History {
        writes: vec![(1, true, None), (2, false, None), (3, true, Some(50))],
        checks: vec![
            Check { demanded: 0, version: 1, at: 10, allowed: true },
            Check { demanded: 2, version: 2, at: 10, allowed: false },
            Check { demanded: 2, version: 3, at: 49, allowed: true },
            Check { demanded: 3, version: 3, at: 50, allowed: false },
        ],
    };
    assert_eq!(sound.violations().len(), 0);
    let planted = |check: Check| History { checks: vec![check], ..sound.clone() }.violations().len();
    // The version was read after the shares: the answer of version 1 under the token of version 2.
    assert_eq!(planted(Check { demanded: 0, version: 2, at: 10, allowed: true }), 1);
    // The answer is older than was demanded.
    assert_eq!(planted(Check { demanded: 2, version: 1, at: 10, allowed: true }), 1);
    // A re-share that does not raise the version: it is allowed at a version that denies.
    assert_eq!(planted(Check { demanded: 0, version: 2, at: 10, allowed: true }), 1);
    // The expiry is ignored.
    assert_eq!(planted(Check { demanded: 3, version: 3, at: 60, allowed: true }), 1);
}

/// Two processes over one database; writers re-share to, and revoke from, the viewer, while others check with the newest token they saw.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_older_than_its_token() {
    on_both(|backend| async move {
        let (one, other) = (TestServer::start(&backend).await, TestServer::start(&backend).await);
        let (root, _) = create(&one, "ann", passable(everything_to("bob"))).await;
        let root = one.get("ann", &root).await.unwrap();
        let history = Mutex::new(History::default());
        let newest = Mutex::new(String::new());
        let record = |token: &str, allowed: bool| {
            history.lock().unwrap().writes.push((parsed(token).stamp.version, allowed, None));
            let mut newest = newest.lock().unwrap();
            if newest.is_empty() || parsed(&newest).stamp.version < parsed(token).stamp.version {
                token.clone_into(&mut newest);
            }
        };
        // One writer at a time changes what the viewer may do, alternately through both processes.
        let write = async {
            for round in 0..60 {
                let server = if round % 2 == 0 { &one } else { &other };
                let (id, token) = create(server, "bob", of(&root, everything_to("cyd"))).await;
                record(&token, true);
                let revoke = RevokeShareRequest { share_id: id, expected_versions: Vec::new() };
                let server = if round % 3 == 0 { &one } else { &other };
                let token = server.client().revoke_share(by("bob", revoke)).await.unwrap().into_inner().written_at;
                record(&token, false);
            }
        };
        // Other changes of the owner, which raise the version and leave the viewer alone.
        let beside = async {
            for number in 0..60 {
                create(&other, "ann", tags_to("eve", &[&format!("t{number}")])).await;
            }
        };
        let check = async |server: &TestServer| {
            for _ in 0..150 {
                let token = newest.lock().unwrap().clone();
                let demanded = if token.is_empty() { 0 } else { parsed(&token).stamp.version };
                let answer = server.access().check_access(question("ann", "cyd", &token)).await.unwrap().into_inner();
                let stamp = parsed(&answer.checked_at).stamp;
                let at = stamp.time.utc().timestamp();
                let check = Check { demanded, version: stamp.version, at, allowed: answer.allowed };
                history.lock().unwrap().checks.push(check);
            }
        };
        tokio::join!(write, beside, check(&one), check(&other), check(&one), check(&other));
        let history = history.into_inner().unwrap();
        assert_eq!(history.checks.len(), 600);
        let violations = history.violations();
        assert!(violations.is_empty(), "{backend}: {violations:?} in {history:?}");
    })
    .await;
}

proptest! {
    #[test]
    fn any_text_is_a_token_or_an_error(text in ".{0,200}") {
        prop_assert!(ConsistencyToken::parse(&text).is_none());
    }
}
