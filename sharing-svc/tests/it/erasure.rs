//! Erasure of a person.

use ofself_proto::sharing::{
    EraseUserRequest, EraseUserResponse, ErasureState, ListShareEventsRequest, Share, ShareEventKind as Kind,
    ShareStatus, WatchSharesRequest,
};
use sharing_svc::storage::OWNERS;
use test_kit::{stored::places_of, wait_until};
use tonic::Code;

use crate::{
    events::{events_of, listed},
    import_export::{below, import, share},
    statements::on_both,
    test_server::{START, TestServer, after, everything_to, of, passable, store, tags_to, why},
    watch::Watching,
};

const PERSON: &str = "person-who-is-erased";
/// The default of the setting.
const DELAY: i64 = 600;

async fn erase(server: &TestServer, person: &str) -> EraseUserResponse {
    server.admin().erase_user(EraseUserRequest { user_id: person.into() }).await.unwrap().into_inner()
}

/// Waits until the erasure of a person is in `state`.
async fn reached(server: &TestServer, person: &str, state: ErasureState) {
    let is_reached = async || (erase(server, person).await.state() == state).then_some(());
    wait_until("the state of the erasure", is_reached).await;
}

#[tokio::test]
async fn nothing_is_left_of_an_erased_person() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // Their own data, shared and re-shared by others.
        let own = server.create_as(PERSON, Some("key-1"), passable(everything_to("bob"))).await.unwrap().share.unwrap();
        let below = server.create("bob", of(&own, passable(everything_to("cyd")))).await.unwrap();
        server.create("cyd", of(&below, everything_to("dan"))).await.unwrap();
        // Data of others that they received, re-shared, and that others re-shared further.
        let to_them = server.create_as("ann", Some("key-2"), passable(everything_to(PERSON))).await.unwrap();
        let to_them = to_them.share.unwrap();
        let by_them = server.create(PERSON, of(&to_them, passable(everything_to("eve")))).await.unwrap();
        server.create("eve", of(&by_them, everything_to("fay"))).await.unwrap();
        let ended = server.create("ann", tags_to(PERSON, &["t"])).await.unwrap();
        server.revoke("ann", &ended.id).await.unwrap();
        let kept = server.create("ann", everything_to("gus")).await.unwrap();
        events_of(&server, "ann", 6).await;
        let mut watch = Watching::begin(&server, WatchSharesRequest::default()).await;
        watch.nothing_more().await;
        let early = watch.token.clone();

        let first = erase(&server, PERSON).await;
        assert_eq!(first.erased_shares, 6, "{first:?}");
        reached(&server, PERSON, ErasureState::Revoked).await;
        for viewer in ["eve", "fay", PERSON] {
            assert!(!server.may_read(viewer, &[]).await, "{viewer}");
        }
        assert!(server.may_read("gus", &[]).await);
        for refused in
            [server.create(PERSON, everything_to("new")).await, server.create("ann", everything_to(PERSON)).await]
        {
            assert_eq!(refused.as_ref().unwrap_err().code(), Code::FailedPrecondition);
            assert_eq!(why(refused), "USER_BEING_ERASED");
        }
        // The revocations are ordinary events, of roots only.
        let mut revoked = Vec::new();
        while revoked.len() < 2 {
            let event = watch.event().await;
            assert_eq!((event.kind(), event.actor_id.as_str()), (Kind::Revoked, "system"));
            revoked.push(event.after.unwrap().id);
        }
        revoked.sort_unstable();
        let mut roots = vec![own.id.clone(), to_them.id.clone()];
        roots.sort_unstable();
        assert_eq!(revoked, roots);
        watch.nothing_more().await;
        let late = watch.token.clone();
        assert!(!places_of(&backend, "sharing", PERSON).await.is_empty());

        server.at(DELAY);
        reached(&server, PERSON, ErasureState::Erased).await;
        assert_eq!(places_of(&backend, "sharing", PERSON).await, [""; 0], "{backend}");
        assert_eq!(
            erase(&server, PERSON).await,
            EraseUserResponse { erased_shares: 0, state: ErasureState::Erased.into() }
        );
        // What is of others stays.
        assert_eq!(server.get("ann", &kept.id).await.unwrap().id, kept.id);
        let events = events_of(&server, "ann", 7).await;
        let without_rows = events.iter().filter(|event| event.after.is_none()).count();
        assert_eq!(without_rows, 5, "events keep their place, and lose the person: {events:#?}");
        let all = listed(&server, ListShareEventsRequest::default()).await;
        let last = all.last().unwrap();
        assert_eq!((last.kind(), last.owner_id.as_str(), last.actor_id.as_str()), (Kind::Erased, "", "system"));
        // A reader that has not heard of the revocations must begin anew.
        let resume = async |token: &str| {
            let request = WatchSharesRequest { after_token: token.into(), ..WatchSharesRequest::default() };
            server.access().watch_shares(request).await.map(drop)
        };
        assert_eq!(why(resume(&early).await), "TOKEN_EXPIRED");
        resume(&late).await.unwrap();
        // They may come back, and never repeat a version.
        server.create(PERSON, everything_to("bob")).await.unwrap();
        let again = events_of(&server, PERSON, 1).await;
        assert!(again[0].owner_version >= (START + DELAY) * 1_000_000);
    })
    .await;
}

#[tokio::test]
async fn unknown_person_is_erased_already() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        assert_eq!(
            erase(&server, PERSON).await,
            EraseUserResponse { erased_shares: 0, state: ErasureState::Erased.into() }
        );
        assert_eq!(places_of(&backend, "sharing", PERSON).await, [""; 0]);
        let wrong = server.admin().erase_user(EraseUserRequest { user_id: "a b".into() }).await;
        assert_eq!(why(wrong), "user_id");
    })
    .await;
}

#[tokio::test]
async fn erasure_goes_on_after_a_restart() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create(PERSON, everything_to("bob")).await.unwrap();
        erase(&server, PERSON).await;
        server.stop().await;
        let server = TestServer::start(&backend).await;
        reached(&server, PERSON, ErasureState::Revoked).await;
        assert_eq!(why(server.create(PERSON, everything_to("new")).await), "USER_BEING_ERASED");
        server.at(DELAY);
        reached(&server, PERSON, ErasureState::Erased).await;
        assert_eq!(places_of(&backend, "sharing", PERSON).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn imported_share_below_a_revoked_one_holds_up_no_erasure() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let root = Share { can_share: true, revoked_at: after(-100), ..share(1, "ann", "bob") };
        let child = Share { revoked_at: None, can_share: true, ..below(2, &root, PERSON) };
        let grandchild = below(3, &child, "dan");
        assert_eq!(import(&server, vec![vec![root], vec![child], vec![grandchild]]).await.imported, 3);
        erase(&server, PERSON).await;
        reached(&server, PERSON, ErasureState::Revoked).await;
        server.at(DELAY);
        reached(&server, PERSON, ErasureState::Erased).await;
        assert_eq!(places_of(&backend, "sharing", PERSON).await, [""; 0], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn erasing_a_user_named_all_keeps_other_responses() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let first = server.create_as("ann", Some("key"), everything_to("bob")).await.unwrap();
        // Words of every stored response.
        server.create("direct", everything_to("all")).await.unwrap();
        for person in ["direct", "all"] {
            reached(&server, person, ErasureState::Revoked).await;
        }
        server.at(DELAY);
        for person in ["direct", "all"] {
            reached(&server, person, ErasureState::Erased).await;
        }
        let again = server.create_as("ann", Some("key"), everything_to("bob")).await.unwrap();
        assert_eq!(again.share.unwrap().id, first.share.unwrap().id, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn erasure_ends_once_with_two_replicas() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create(PERSON, everything_to("bob")).await.unwrap();
        erase(&server, PERSON).await;
        reached(&server, PERSON, ErasureState::Revoked).await;
        // A replica whose clock has passed the delay, up to its last step.
        let store = store(&backend).await;
        let database = store.database();
        let revoked_at = database.erasure_of(PERSON).await.unwrap().unwrap().revoked_at.unwrap();
        server.at(DELAY);
        reached(&server, PERSON, ErasureState::Erased).await;
        let again = database.finish_erasure(PERSON, revoked_at, OWNERS, revoked_at).await.unwrap();
        assert!(!again, "{backend}: the other replica has ended it");
        // They return, and are not erased by the stale step.
        let share = server.create(PERSON, everything_to("bob")).await.unwrap();
        assert!(!database.finish_erasure(PERSON, revoked_at, OWNERS, revoked_at).await.unwrap());
        assert_eq!(server.status("bob", &share.id).await, ShareStatus::Active);
        // A later change raises the version, which is still there.
        server.revoke(PERSON, &share.id).await.unwrap();
        let events = listed(&server, ListShareEventsRequest::default()).await;
        assert_eq!(events.iter().filter(|event| event.kind() == Kind::Erased).count(), 1, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn every_share_is_revoked_in_slices() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // More than a slice of their own, and of others to them; some were created before 1970.
        let shares = (0..1_100).map(|number| {
            let (owner, recipient) = if number % 2 == 0 {
                (PERSON.to_owned(), format!("friend-{number}"))
            } else {
                (format!("owner-{}", number % 7), PERSON.to_owned())
            };
            let created_at = after(-START - i64::from(number % 40) * 1_000);
            Share { created_at, updated_at: created_at, ..share(number, &owner, &recipient) }
        });
        let shares: Vec<_> = shares.collect();
        let imported = import(&server, shares.chunks(1_000).map(<[Share]>::to_vec).collect()).await;
        // The quota between two people does not apply to an import.
        assert_eq!((imported.imported, imported.refused_total), (1_100, 0), "{backend}");
        erase(&server, PERSON).await;
        reached(&server, PERSON, ErasureState::Revoked).await;
        let revoked = ListShareEventsRequest { kinds: vec![Kind::Revoked.into()], ..ListShareEventsRequest::default() };
        assert_eq!(listed(&server, revoked).await.len(), 1_100, "{backend}");
    })
    .await;
}
