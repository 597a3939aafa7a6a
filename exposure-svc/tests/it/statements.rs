//! Every statement that decides or changes names the user for every table: then it stays on one shard of a distributed
//! PostgreSQL. Checked for the statements that the tests of this crate really send.

use test_kit::{Backend, statements::unnamed};

/// The tables whose rows belong to a user.
const TABLES: [&str; 4] = ["users", "profiles", "app_access", "tags"];

/// What begins a statement that neither decides nor changes.
const EXEMPT: &[(&str, &str)] = &[
    // Upkeep finds work among all users; what it does to it names one.
    (
        "SELECT user_id, id FROM app_access WHERE revoked_at IS NOT NULL AND revoked_at <= $1 UNION",
        "upkeep: ended grants",
    ),
    ("SELECT user_id, COUNT(*) AS grants FROM app_access", "upkeep: revoked grants by user"),
    (
        "SELECT user_id, id FROM app_access WHERE expires_at IS NOT NULL AND expires_at <= $1 AND revoked_at",
        "upkeep: expired grants",
    ),
    // A snapshot for watchers, of all users.
    ("SELECT row.*, users.version AS user_version FROM", "snapshot"),
    ("CREATE ", "schema"),
    ("ALTER ", "schema"),
];

/// Shows a behavior over both databases, and that its statements name the user.
pub async fn on_both<F: Future<Output = ()>>(behavior: impl Fn(Backend) -> F) {
    test_kit::on_both_checking(behavior, |statement| {
        let is_exempt = EXEMPT.iter().any(|(beginning, _)| statement.starts_with(beginning));
        let missing = unnamed(statement, &TABLES, "user_id");
        assert!(is_exempt || missing.is_empty(), "does not name the user for {missing:?}: {statement}");
    })
    .await;
}

#[tokio::test]
async fn statements_of_the_service_are_seen() {
    let seen = std::cell::RefCell::new(Vec::new());
    let behavior = |backend| async move {
        let server = crate::test_server::TestServer::start(&backend).await;
        let made = server.create("ann", crate::test_server::named("one")).await.unwrap();
        server.grant("ann", "app", &made.id).await.unwrap();
        server.learn("ann", &[("t1", "work")]).await;
    };
    test_kit::on_both_checking(behavior, |statement| seen.borrow_mut().push(statement.to_owned())).await;
    let seen = seen.into_inner();
    // Nothing is seen where there is no PostgreSQL, or a server whose log this process does not read.
    if !seen.is_empty() {
        for beginning in
            ["INSERT INTO users", r#"INSERT INTO "profiles""#, r#"INSERT INTO "app_access""#, r#"INSERT INTO "tags""#]
        {
            assert!(seen.iter().any(|statement| statement.starts_with(beginning)), "{beginning}: {seen:?}");
        }
    }
}
