//! `dry_run`: every check of a write, and nothing written.

use ofself_proto::sharing::{CreateShareRequest, ShareChanges, UpdateShareRequest};
use prost_types::FieldMask;
use sharing_svc::config::QuotaSettings;

use crate::{
    statements::on_both,
    test_server::{TestServer, after, by, everything_to, of, passable, settings, store, tags_to, user, why},
};

/// The response to a dry run, and what the write itself answers after it, must agree.
async fn create_after_dry_run(
    server: &TestServer,
    creator: &str,
    request: CreateShareRequest,
) -> Result<String, String> {
    let dry = CreateShareRequest { dry_run: true, ..request.clone() };
    let dry = server.client().create_share(by(creator, dry)).await.map(|response| response.into_inner().share.unwrap());
    let created = server.create(creator, request).await;
    match (dry, created) {
        (Ok(mut dry), Ok(created)) => {
            assert_eq!((dry.id.as_str(), dry.created_at, dry.updated_at, dry.version), ("", None, None, 0));
            dry.id.clone_from(&created.id);
            (dry.created_at, dry.updated_at, dry.version) = (created.created_at, created.updated_at, created.version);
            assert_eq!(dry, created);
            Ok(created.id)
        }
        (dry, created) => {
            let (dry, created) = (why(dry), why(created));
            assert_eq!(dry, created);
            Err(created)
        }
    }
}

#[tokio::test]
async fn dry_run_of_create_agrees_with_create() {
    on_both(|backend| async move {
        let quotas = QuotaSettings { max_shares_per_recipient: 2, ..QuotaSettings::default() };
        let server =
            TestServer::start_as(sharing_svc::config::Settings { own: quotas, ..settings(backend.url()) }).await;
        let parent = create_after_dry_run(&server, "ann", passable(tags_to("bob", &["work"]))).await.unwrap();
        let parent = server.get("ann", &parent).await.unwrap();
        create_after_dry_run(&server, "bob", of(&parent, tags_to("cyd", &["work"]))).await.unwrap();
        for (creator, request, reason) in [
            ("ann", tags_to("bob", &["work"]), "SHARING_EXISTS"),
            ("ann", tags_to("ann", &["work"]), "shared_with_user_id"),
            ("ann", CreateShareRequest { expires_at: after(-1), ..everything_to("bob") }, "expires_at"),
            ("eve", of(&parent, tags_to("cyd", &["work"])), "SHARE_NOT_FOUND"),
            ("bob", of(&parent, tags_to("dan", &["home"])), "tag_ids"),
        ] {
            assert_eq!(create_after_dry_run(&server, creator, request).await.unwrap_err(), reason, "{backend}");
        }
        let ending = CreateShareRequest { expires_at: after(100), ..tags_to("bob", &["home"]) };
        create_after_dry_run(&server, "ann", ending).await.unwrap();
        let refused = create_after_dry_run(&server, "ann", tags_to("bob", &["more"])).await;
        assert_eq!(refused.unwrap_err(), "shared_with_user_id", "the quota");
        // An expired share does not count, marked or not; the marks of a dry run are rolled back.
        server.at(100);
        create_after_dry_run(&server, "ann", tags_to("bob", &["more"])).await.unwrap();
        assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), [], "{backend}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_of_one_owner_leave_connections_to_others() {
    on_both(|backend| async move {
        let quotas = QuotaSettings { max_shares_per_recipient: 1, ..QuotaSettings::default() };
        let server =
            TestServer::start_as(sharing_svc::config::Settings { own: quotas, ..settings(backend.url()) }).await;
        let share = server.create("ann", tags_to("bob", &["work"])).await.unwrap();
        // Another replica changes ann's shares for a while. At the quota, a dry run needs her row as well.
        let elsewhere = store(&backend).await.begin(None, None, types::Origin::system()).await.unwrap();
        elsewhere.lock_owner(&user("ann")).await.unwrap();
        let mut dry_runs = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (mut client, id) = (server.client(), share.id.clone());
            dry_runs.spawn(async move {
                if number % 2 == 0 {
                    let create = CreateShareRequest { dry_run: true, ..tags_to("bob", &["more"]) };
                    why(client.create_share(by("ann", create)).await)
                } else {
                    let dry_run = UpdateShareRequest { share_id: id, dry_run: true, ..UpdateShareRequest::default() };
                    client.update_share(by("ann", dry_run)).await.map(|_| "unchanged".to_owned()).unwrap()
                }
            });
        }
        if backend.to_string() != "SQLite" {
            for number in 0..20 {
                server.create(&format!("user-{number}"), everything_to("bob")).await.unwrap();
            }
        }
        drop(elsewhere);
        for outcome in dry_runs.join_all().await {
            assert!(["shared_with_user_id", "unchanged"].contains(&outcome.as_str()), "{backend}: {outcome}");
        }
    })
    .await;
}

#[tokio::test]
async fn dry_run_of_update_agrees_with_update() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let share = server.create("ann", tags_to("bob", &["work"])).await.unwrap();
        server.create("ann", tags_to("bob", &["home"])).await.unwrap();
        let update = |changes: ShareChanges, mask: &[&str], dry_run| UpdateShareRequest {
            share_id: share.id.clone(),
            share: Some(changes),
            update_mask: Some(FieldMask { paths: mask.iter().map(|path| (*path).to_owned()).collect() }),
            dry_run,
            ..UpdateShareRequest::default()
        };
        let tags = |tags: &[&str]| ShareChanges {
            tag_ids: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..ShareChanges::default()
        };
        let nothing = ShareChanges { can_read: Some(false), ..ShareChanges::default() };
        for (user, changes, mask) in [
            ("ann", tags(&["home"]), "tag_ids"),
            ("ann", nothing, "can_read"),
            ("bob", tags(&["a"]), "tag_ids"),
            ("eve", tags(&["a"]), "tag_ids"),
            ("ann", tags(&["work", "play"]), "tag_ids"),
        ] {
            let dry = server.client().update_share(by(user, update(changes.clone(), &[mask], true))).await;
            let before = server.get("ann", &share.id).await.unwrap();
            assert_eq!(before, share, "{backend}: a dry run writes nothing");
            let updated = server.client().update_share(by(user, update(changes, &[mask], false))).await;
            match (dry, updated) {
                (Ok(dry), Ok(updated)) => {
                    let (dry, updated) = (dry.into_inner().share.unwrap(), updated.into_inner().share.unwrap());
                    assert_eq!((dry.id.as_str(), dry.version), ("", 0));
                    assert_eq!(dry.tag_ids, updated.tag_ids);
                }
                (dry, updated) => assert_eq!(why(dry), why(updated)),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn unchanged_past_expiry_can_be_sent_back() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let ending = CreateShareRequest { expires_at: after(100), ..tags_to("bob", &["work"]) };
        let share = server.create("ann", ending).await.unwrap();
        server.at(200);
        let same = ShareChanges { expires_at: share.expires_at, ..ShareChanges::default() };
        let unchanged = server.update("ann", &share.id, same, &["expires_at"]).await.unwrap();
        assert_eq!((unchanged.version, unchanged.expires_at), (share.version, share.expires_at), "{backend}");
        let other = ShareChanges { expires_at: after(150), ..ShareChanges::default() };
        assert_eq!(why(server.update("ann", &share.id, other, &["expires_at"]).await), "expires_at");
    })
    .await;
}
