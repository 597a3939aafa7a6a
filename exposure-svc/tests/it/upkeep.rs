//! Upkeep: access grants that have ended are purged, and no others.

use std::time::Duration;

use exposure_svc::{
    domain::{ConfirmationKey, view::PseudonymKey},
    operations::{Exposure, Keys, Retention, Upkeep},
};
use ofself_proto::exposure::{ListAppAccessRequest, RevokeAppAccessRequest};
use runtime::clock::{Clock, ManualClock};
use service::{erasure::ErasedUsers, usage_counter::UsageCounter};
use test_kit::Backend;
use types::Timestamp;

use crate::statements::on_both;
use crate::test_server::{START, TestServer, named, store};

const DAY: i64 = 24 * 3_600;

/// Upkeep that a test runs, with a manual clock. Times lie in 2026: PostgreSQL goes by its own clock too.
async fn upkeep(backend: &Backend, bytes_per_user: i64) -> (Upkeep, ManualClock) {
    let (clock, manual_clock) = Clock::manual(Timestamp::from_parts(START, 0).unwrap());
    let keys = Keys { pseudonyms: PseudonymKey::new(&[0; 32]), confirmations: ConfirmationKey::new(&[0; 32]) };
    let exposure = Exposure::new(store(backend).await, clock, keys, ErasedUsers::default(), UsageCounter::default());
    let period = Duration::from_hours(100 * 24);
    let retention = Retention { period, bytes_per_user, events: period, erasure_delay: period };
    (Upkeep::new(exposure, retention), manual_clock)
}

async fn pass_at(upkeep: &mut Upkeep, manual_clock: &ManualClock, seconds: i64) {
    manual_clock.set(Timestamp::from_parts(START + seconds, 0).unwrap());
    upkeep.pass().await.unwrap();
}

async fn grants(server: &TestServer, user: &str) -> Vec<String> {
    let request = ListAppAccessRequest { user_id: user.into(), ..ListAppAccessRequest::default() };
    let page = server.access().list_app_access(request).await.unwrap().into_inner();
    page.access.into_iter().map(|access| access.app_id).collect()
}

/// Grants access to apps, and revokes it from all but the last.
async fn revoked_but_the_last(server: &TestServer, user: &str, apps: &[&str]) {
    let profile = server.create(user, named("one")).await.unwrap();
    for (number, app) in (1_i64..).zip(apps) {
        server.at(number);
        server.grant(user, app, &profile.id).await.unwrap();
        if Some(app) != apps.last() {
            let request = RevokeAppAccessRequest { user_id: user.into(), app_id: (*app).to_owned() };
            server.access().revoke_app_access(request).await.unwrap();
        }
    }
}

#[tokio::test]
async fn grants_past_their_retention_are_purged_and_no_others() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        revoked_but_the_last(&server, "ann", &["a", "b", "c"]).await;
        let (mut upkeep, manual_clock) = upkeep(&backend, i64::MAX).await;
        pass_at(&mut upkeep, &manual_clock, 99 * DAY).await;
        assert_eq!(grants(&server, "ann").await.len(), 3, "{backend}");
        pass_at(&mut upkeep, &manual_clock, 101 * DAY).await;
        assert_eq!(grants(&server, "ann").await, ["c"], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn revoked_grants_of_one_user_are_bounded() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        revoked_but_the_last(&server, "ann", &["a", "b", "c", "d", "e"]).await;
        revoked_but_the_last(&server, "bob", &["a", "b"]).await;
        let (mut upkeep, manual_clock) = upkeep(&backend, 2 * 512).await;
        pass_at(&mut upkeep, &manual_clock, DAY).await;
        assert_eq!(grants(&server, "ann").await, ["e", "d", "c"], "{backend}: the oldest went");
        assert_eq!(grants(&server, "bob").await, ["b", "a"], "{backend}");
    })
    .await;
}
