use grpc_server::rpc_error::RpcError;
use ofself_proto::exposure::{
    AppTier, GetAppAccessRequest, GrantAppAccessRequest, ListAppAccessRequest, RevokeAppAccessRequest,
    UpdateAppAccessRequest,
};
use prost_types::{FieldMask, Timestamp};

use crate::statements::on_both;
use crate::test_server::{START, TestServer, named, why};

fn update(profile: &str, mask: &[&str]) -> UpdateAppAccessRequest {
    UpdateAppAccessRequest {
        user_id: "ann".into(),
        app_id: "app".into(),
        profile_id: profile.into(),
        expires_at: None,
        update_mask: Some(FieldMask { paths: mask.iter().map(ToString::to_string).collect() }),
    }
}

fn revoke() -> RevokeAppAccessRequest {
    RevokeAppAccessRequest { user_id: "ann".into(), app_id: "app".into() }
}

#[tokio::test]
async fn profile_with_an_active_grant_is_not_deleted() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("one")).await.unwrap();
        let other = server.create("ann", named("two")).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        server.grant("ann", "another.app", &profile.id).await.unwrap();
        let refusal = RpcError::from_status(&server.delete("ann", &profile.id).await.unwrap_err()).unwrap();
        assert_eq!((refusal.reason.as_str(), refusal.metadata["apps"].as_str()), ("PROFILE_IN_USE", "another.app,app"));

        server.access().revoke_app_access(revoke()).await.unwrap();
        assert_eq!(why(server.delete("ann", &profile.id).await), "PROFILE_IN_USE");
        let swap = UpdateAppAccessRequest { app_id: "another.app".into(), ..update(&other.id, &["profile_id"]) };
        server.access().update_app_access(swap).await.unwrap();
        server.delete("ann", &profile.id).await.unwrap();

        let ended = GetAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
        let ended = server.access().get_app_access(ended).await.unwrap().into_inner().access.unwrap();
        assert!(!ended.is_active && ended.profile_id.is_empty(), "{backend}: an ended grant forgets its profile");
    })
    .await;
}

#[tokio::test]
async fn one_grant_of_an_app_is_active_at_a_time() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("one")).await.unwrap();
        let first = server.grant("ann", "app", &profile.id).await.unwrap();
        assert!(first.is_active && first.tier() == AppTier::L2);
        let refusal = RpcError::from_status(&server.grant("ann", "app", &profile.id).await.unwrap_err()).unwrap();
        assert_eq!((refusal.reason.as_str(), &refusal.metadata["grant_id"]), ("APP_ACCESS_EXISTS", &first.id));

        let ended = server.access().revoke_app_access(revoke()).await.unwrap().into_inner().access.unwrap();
        let again = server.access().revoke_app_access(revoke()).await.unwrap().into_inner().access.unwrap();
        assert_eq!(ended, again, "{backend}");
        server.at(1);
        let second = server.grant("ann", "app", &profile.id).await.unwrap();
        let list = ListAppAccessRequest { user_id: "ann".into(), ..Default::default() };
        let listed = server.access().list_app_access(list).await.unwrap().into_inner().access;
        assert_eq!(listed, [second, ended]);
    })
    .await;
}

#[tokio::test]
async fn grant_expires_exactly_at_its_expiry() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("one")).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        let ends = Some(Timestamp { seconds: START + 10, nanos: 0 });
        let ends = UpdateAppAccessRequest { expires_at: ends, ..update("", &["expires_at"]) };
        server.access().update_app_access(ends).await.unwrap();
        let is_active = || async {
            let request = GetAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
            server.access().get_app_access(request).await.unwrap().into_inner().access.unwrap().is_active
        };
        server.at(9);
        assert!(is_active().await, "{backend}");
        server.at(10);
        assert!(!is_active().await);
        assert_eq!(why(server.access().update_app_access(update("", &["expires_at"])).await), "APP_ACCESS_NOT_FOUND");
        // An expired grant keeps neither the profile nor a new grant of the app.
        let renewed = server.grant("ann", "app", &profile.id).await.unwrap();
        assert!(renewed.is_active);
        server.access().revoke_app_access(revoke()).await.unwrap();
        server.delete("ann", &profile.id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn expired_grant_does_not_block_profile_deletion() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("one")).await.unwrap();
        let request = GrantAppAccessRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            tier: AppTier::L1.into(),
            profile_id: profile.id.clone(),
            expires_at: Some(Timestamp { seconds: START + 5, nanos: 0 }),
        };
        server.access().grant_app_access(request).await.unwrap();
        assert_eq!(why(server.delete("ann", &profile.id).await), "PROFILE_IN_USE", "{backend}");
        server.at(5);
        server.delete("ann", &profile.id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn grant_needs_a_profile_of_the_same_person() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let anns = server.create("ann", named("one")).await.unwrap();
        assert_eq!(why(server.grant("bob", "app", &anns.id).await), "PROFILE_NOT_FOUND", "{backend}");
        let bobs = server.create("bob", named("two")).await.unwrap();
        server.grant("ann", "app", &anns.id).await.unwrap();
        let swap = server.access().update_app_access(update(&bobs.id, &["profile_id"])).await;
        assert_eq!(why(swap), "PROFILE_NOT_FOUND");
        let wrong = server.access().grant_app_access(GrantAppAccessRequest::default()).await;
        assert_eq!(why(wrong), "app_id profile_id tier user_id");
    })
    .await;
}

#[tokio::test]
async fn active_grant_is_found_after_clock_set_back() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("one")).await.unwrap();
        server.at(10);
        server.grant("ann", "app", &profile.id).await.unwrap();
        server.access().revoke_app_access(revoke()).await.unwrap();
        server.at(5);
        let second = server.grant("ann", "app", &profile.id).await.unwrap();
        let revoked = server.access().revoke_app_access(revoke()).await.unwrap().into_inner().access.unwrap();
        assert_eq!((revoked.id, revoked.is_active), (second.id, false), "{backend}");
    })
    .await;
}
