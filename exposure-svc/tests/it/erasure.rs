//! Erasure of a person.

use ofself_proto::exposure::{
    EraseUserRequest, EraseUserResponse, ErasureState, ListProfileEventsRequest, ProfileEvent, ProfileEventKind as Kind,
};
use test_kit::{stored::places_of, wait_until};
use tonic::Code;

use crate::{
    statements::on_both,
    test_server::{TestServer, named, why},
};

const PERSON: &str = "person-who-is-erased";
/// The default of the setting.
const DELAY: i64 = 600;

async fn erase(server: &TestServer) -> EraseUserResponse {
    server.admin().erase_user(EraseUserRequest { user_id: PERSON.into() }).await.unwrap().into_inner()
}

/// Waits until the erasure is in `state`.
async fn reached(server: &TestServer, state: ErasureState) {
    wait_until("the state of the erasure", async || (erase(server).await.state() == state).then_some(())).await;
}

#[tokio::test]
async fn nothing_is_left_of_an_erased_person() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let default = server.default(PERSON).await;
        server.create_as(PERSON, Some("key-1"), named("One")).await.unwrap();
        server.grant(PERSON, "app", &default.id).await.unwrap();
        server.learn(PERSON, &[("t1", "work"), ("t2", "play")]).await;
        server.create("ann", named("Other")).await.unwrap();
        let first = erase(&server).await;
        assert_eq!((first.erased_profiles, first.erased_grants, first.erased_tags), (2, 1, 2));
        reached(&server, ErasureState::Revoked).await;
        let refused = server.create(PERSON, named("Two")).await;
        assert_eq!(refused.as_ref().unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(why(refused), "USER_BEING_ERASED");
        let request = ListProfileEventsRequest { user_id: PERSON.into(), ..ListProfileEventsRequest::default() };
        let mut last = Vec::new();
        while last.len() < 3 {
            let events = server.admin().list_profile_events(request.clone()).await.unwrap().into_inner().events;
            last = events.iter().filter(|event| event.actor_id == "system").map(ProfileEvent::kind).collect();
        }
        assert_eq!(last, [Kind::GrantRevoked, Kind::Deactivated, Kind::Deactivated]);
        assert!(!places_of(&backend, "exposure", PERSON).await.is_empty());
        server.at(DELAY);
        reached(&server, ErasureState::Erased).await;
        assert_eq!(places_of(&backend, "exposure", PERSON).await, [""; 0], "{backend}");
        let all = server.admin().list_profile_events(ListProfileEventsRequest::default()).await.unwrap().into_inner();
        let kinds: Vec<_> = all.events.iter().map(|event| (event.user_id.as_str(), event.kind())).collect();
        assert_eq!(kinds, [("ann", Kind::Created), ("", Kind::Erased)]);
        server.create(PERSON, named("Again")).await.unwrap();
    })
    .await;
}
