//! A share with very many re-shares below it. 5,000 here; `RESHARES=200000` tries more, and what is printed (`--nocapture`) is
//! what single calls took.

use std::time::Instant as Monotonic;

use ofself_proto::sharing::{ListOutgoingSharesRequest, ListViewersRequest, Node, Share, ShareChanges, ShareStatus};
use sea_orm::ConnectionTrait;
use sharing_svc::config::QuotaSettings;
use test_kit::Backend;

use crate::{
    statements::on_both,
    test_server::{TestServer, after, by, everything_to, passable, settings, store, user},
};

#[expect(clippy::disallowed_methods, reason = "how much is tried is for the caller to say")]
fn reshares() -> u32 {
    std::env::var("RESHARES").ok().and_then(|number| number.parse().ok()).unwrap_or(5_000)
}

/// Writes so many re-shares of `parent`, as `hub` could have created them.
async fn fill(backend: &Backend, parent: &Share, number: u32) {
    let simple = parent.id.replace('-', "");
    let database = sea_orm::Database::connect(backend.url()).await.unwrap();
    let (schema, id, parent_id, numbers, text) = if backend.to_string() == "SQLite" {
        let numbers = format!(
            "(WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {number}) SELECT n FROM up) AS up"
        );
        ("", "randomblob(16)", format!("X'{simple}'"), numbers, "'2026-01-01 00:00:00+00:00'")
    } else {
        let numbers = format!("generate_series(1, {number}) AS up (n)");
        (
            "sharing.",
            "gen_random_uuid()",
            format!("'{}'::uuid", parent.id),
            numbers,
            "'2026-01-01T00:00:00Z'::timestamptz",
        )
    };
    let shares = format!(
        "INSERT INTO {schema}shares (owner_id, id, recipient_id, creator_id, scope, tag_ids, node_ids, scope_digest, id_count,
             id_bytes, can_read, can_write, can_delete, can_share, source, parent_share_id, ancestors, ended_permanently,
             sweep_below, created_at, updated_at, version, created_version)
         SELECT 'ann', {id}, 'r' || n, 'hub', 'all', '[]', '[]', 'd', 0, 0, TRUE, FALSE, FALSE, FALSE, 'reshare', {parent_id},
             '[\"{simple}\"]', FALSE, FALSE, {text}, {text}, 1, 1
         FROM {numbers}"
    );
    let usage = format!(
        "INSERT INTO {schema}share_usage (owner_id, user_id, kind, shares, ids, id_bytes)
         SELECT 'ann', 'r' || n, 'reshared', 1, 0, 0 FROM {numbers}
         UNION ALL SELECT 'ann', 'hub', 'created', {number}, 0, 0
         UNION ALL SELECT 'ann', 'ann', 'reshared_total', {number}, 0, 0"
    );
    for statement in [shares, usage] {
        database.execute_unprepared(&statement).await.unwrap();
    }
}

async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let began = Monotonic::now();
    let done = work.await;
    println!("  {what}: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    done
}

async fn list(server: &TestServer, user: &str, is_active: Option<bool>) -> (Vec<Share>, i64) {
    let request = ListOutgoingSharesRequest { is_active, ..ListOutgoingSharesRequest::default() };
    let page = server.client().list_outgoing_shares(by(user, request)).await.unwrap().into_inner();
    (page.shares, page.total)
}

#[tokio::test(flavor = "multi_thread")]
async fn share_above_many_reshares_can_be_changed() {
    on_both(|backend| async move {
        let number = reshares();
        println!("{backend}, {number} re-shares");
        let quotas = QuotaSettings {
            max_reshares_per_creator: u32::MAX,
            max_shares_per_owner: u32::MAX,
            ..QuotaSettings::default()
        };
        let server =
            TestServer::start_as(sharing_svc::config::Settings { own: quotas, ..settings(backend.url()) }).await;
        let root = server.create("ann", passable(everything_to("hub"))).await.unwrap();
        let alone = server.create("ann", everything_to("dan")).await.unwrap();
        fill(&backend, &root, number).await;
        let total = i64::from(number);

        assert!(timed("CheckAccess of a re-share", server.may_read("r7", &[])).await, "{backend}");
        assert_eq!(timed("outgoing of the owner", list(&server, "ann", None)).await.1, total + 2, "{backend}");
        assert_eq!(timed("outgoing of the owner, active", list(&server, "ann", Some(true))).await.1, total + 2);
        assert_eq!(timed("outgoing of the creator", list(&server, "hub", None)).await.1, total, "{backend}");
        assert_eq!(timed("outgoing of the owner, inactive", list(&server, "ann", Some(false))).await.1, 0);
        let request = ListViewersRequest {
            owner_id: "ann".into(),
            node: Some(Node { id: "n".into(), ..Node::default() }),
            page_size: 1_000,
            ..ListViewersRequest::default()
        };
        let page = timed("a page of viewers", server.access().list_viewers(request)).await.unwrap().into_inner();
        assert_eq!(page.viewers.len(), 1_000, "{backend}");
        timed("CreateShare", server.create("ann", everything_to("eve"))).await.unwrap();

        // An end, its removal and a narrower scope write one share.
        let ends = ShareChanges { expires_at: after(60), ..ShareChanges::default() };
        timed("an expiry above all", server.update("ann", &root.id, ends, &["expires_at"])).await.unwrap();
        let never = server.update("ann", &root.id, ShareChanges::default(), &["expires_at"]);
        timed("its removal", never).await.unwrap();
        timed("RevokeShare with none below", server.revoke("ann", &alone.id)).await.unwrap();
        timed("RevokeShare above all", server.revoke("ann", &root.id)).await.unwrap();
        assert!(!server.may_read("r7", &[]).await, "{backend}");
        let (shares, _) = list(&server, "ann", Some(true)).await;
        assert!(shares.iter().all(|share| share.status() == ShareStatus::Active), "{backend}");
        let marked = async {
            while list(&server, "ann", Some(true)).await.1 > 1 {
                tokio::task::yield_now().await;
            }
        };
        timed("marks of all", marked).await;
        assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), [], "{backend}");
    })
    .await;
}
