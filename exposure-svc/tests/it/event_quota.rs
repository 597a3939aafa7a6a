//! The limit of bytes of events.

use ofself_proto::exposure::{
    AppTier, GrantAppAccessRequest, ProfileDraft, RevokeAppAccessRequest, UpdateProfileRequest,
};
use test_kit::Backend;
use tonic::{Code, Status};

use crate::{
    statements::on_both,
    test_server::{TestServer, by, named, settings, strings, update_of},
};

/// Bytes of some events.
const BYTES: u64 = 12_000;
/// Changes that exceed the limit.
const CHANGES: usize = 60;

async fn limited(backend: &Backend) -> TestServer {
    let mut settings = settings(backend.url());
    settings.service.retention.event_bytes_per_user = BYTES;
    TestServer::start_as(settings).await
}

fn types(included: &[&str]) -> ProfileDraft {
    ProfileDraft { allowed_node_types: strings(included), ..ProfileDraft::default() }
}

fn assert_limited(result: Result<impl std::fmt::Debug, Status>, change: &str) {
    assert_eq!(result.expect_err(change).code(), Code::ResourceExhausted, "{change}");
}

#[tokio::test]
async fn limit_rejects_all_but_narrowing_changes() {
    on_both(|backend| async move {
        let server = limited(&backend).await;
        let narrow =
            server.create("ann", ProfileDraft { name: Some("narrow".into()), ..types(&["note"]) }).await.unwrap();
        let wide = server.create("ann", named("wide")).await.unwrap();
        server.make_default("ann", &wide.id, true).await.unwrap();
        server.grant("ann", "app", &wide.id).await.unwrap();
        let mut created = 0;
        let rejected = loop {
            match server.create("ann", named(&format!("profile {created}"))).await {
                Ok(_) => created += 1,
                Err(rejected) => break rejected,
            }
            assert!(created < CHANGES);
        };
        assert_eq!(rejected.code(), Code::ResourceExhausted, "{rejected:?}");

        // What exposes more, or the same.
        let update = async |draft: ProfileDraft, field: &str| server.update("ann", &narrow.id, draft, &[field]).await;
        assert_limited(update(types(&["note", "photo"]), "allowed_node_types").await, "wider");
        assert_limited(update(named("other"), "name").await, "a name");
        let grant = GrantAppAccessRequest {
            user_id: "ann".into(),
            app_id: "other".into(),
            tier: AppTier::L2.into(),
            profile_id: narrow.id.clone(),
            expires_at: None,
        };
        assert_limited(server.access().grant_app_access(grant).await, "a grant");
        // Others have a limit of their own.
        server.create("bob", named("first")).await.unwrap();

        // A stricter default, and never back.
        server.make_default("ann", &narrow.id, true).await.unwrap();
        let wider = UpdateProfileRequest { is_default: Some(true), ..update_of(&wide.id, &["is_default"]) };
        assert_limited(server.client().update_profile(by("ann", wider)).await, "a wider default");
        // What exposes less.
        let nothing = ProfileDraft { excluded_node_types: strings(&["note"]), ..ProfileDraft::default() };
        update(nothing, "excluded_node_types").await.unwrap();
        let revoke = RevokeAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
        server.access().revoke_app_access(revoke).await.unwrap();
        server.delete("ann", &wide.id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn equal_rules_in_another_order_are_limited() {
    on_both(|backend| async move {
        let server = limited(&backend).await;
        let draft = ProfileDraft { name: Some("two".into()), ..types(&["note", "photo"]) };
        let profile = server.create("ann", draft).await.unwrap();
        let mut orders = [["photo", "note"], ["note", "photo"]].into_iter().cycle().take(CHANGES);
        let rejected = loop {
            let order = orders.next().expect("a rejection");
            if let Err(rejected) = server.update("ann", &profile.id, types(&order), &["allowed_node_types"]).await {
                break rejected;
            }
        };
        assert_eq!(rejected.code(), Code::ResourceExhausted, "{rejected:?}");
    })
    .await;
}
