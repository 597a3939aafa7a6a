//! Every statement that decides or changes names the owner for every table: then it stays on one shard of a distributed
//! PostgreSQL. Checked for the statements that the tests of this crate really send.

use test_kit::{Backend, statements::unnamed};

/// The tables whose rows belong to an owner.
const TABLES: [&str; 4] = ["shares", "share_usage", "owners", "blocks"];

/// What begins a statement that neither decides nor changes, or that cannot know the owner yet.
const EXEMPT: &[(&str, &str)] = &[
    // One share by its id alone.
    ("WITH leaf AS (SELECT * FROM shares WHERE id = $1 AND (owner_id = $2 OR", "a share by its id"),
    (r#"SELECT "shares"."owner_id""#, "the shares of a follow by its id"),
    // Lists: of what a user received, and of what they created of other people's data.
    ("WITH leaf AS (SELECT share.*, (SELECT", "a page of a list"),
    ("SELECT (SELECT COUNT(*) FROM shares WHERE", "the total of a list"),
    // Upkeep finds work among all owners; what it does to it names one.
    ("SELECT DISTINCT owner_id FROM ( SELECT owner_id FROM shares WHERE ended_at IS NULL", "upkeep: expired shares"),
    ("SELECT owner_id, id FROM shares WHERE sweep_below = TRUE", "upkeep: shares to sweep"),
    ("SELECT owner_id, id FROM shares WHERE ended_at IS NOT NULL", "upkeep: shares to purge"),
    ("SELECT owner_id, id FROM ( SELECT owner_id, id, ended_at, SUM", "upkeep: the oldest of a creator"),
    ("SELECT user_id, CAST(SUM(id_bytes) AS BIGINT) AS bytes FROM share_usage WHERE kind", "upkeep: bytes of creators"),
    ("SELECT owner_id FROM owners WHERE stops IS NOT NULL", "upkeep: stops to carry out"),
    // The people whom one person blocked.
    ("SELECT owner_id FROM blocks WHERE viewer_id = $1", "blocked people"),
    ("SELECT COUNT(*) AS blocks FROM blocks WHERE viewer_id = $1", "the number of blocked people"),
    ("DELETE FROM blocks WHERE viewer_id = $1", "erasure of blocks by a person"),
    // Decisions about many owners, and the owners of a person.
    ("WITH pair AS (", "a batch over owners"),
    ("SELECT owner_id, COUNT(*) AS shares, CAST(SUM(id_bytes)", "owners who share with a person"),
    ("WITH leaf AS (SELECT * FROM shares WHERE recipient_id = $1 AND owner_id > $2", "shares of a range of owners"),
    // Erasure finds what concerns a person among all owners.
    (
        "SELECT COUNT(*) AS shares FROM ( SELECT owner_id, id FROM shares WHERE owner_id = $1 UNION",
        "shares about a person",
    ),
    ("SELECT owner_id, id, created_at FROM shares WHERE recipient_id = $1", "shares to revoke"),
    ("SELECT owner_id, id FROM shares WHERE recipient_id = $1 LIMIT", "shares to a person"),
    ("SELECT owner_id FROM shares WHERE id = $1", "whether another owner has this id"),
    ("SELECT * FROM shares WHERE recipient_id = $1", "export"),
    ("SELECT * FROM shares WHERE creator_id = $1 AND parent_share_id", "export"),
    // A snapshot for watchers, of all owners.
    ("SELECT shares.*, owners.version AS owner_version, owners.stops AS owner_stops FROM shares", "snapshot"),
    // The schema, and what tests do behind the back of the service.
    ("CREATE ", "schema"),
    ("ALTER ", "tests"),
    ("SET ", "tests"),
    ("LOCK ", "tests"),
    ("INSERT INTO sharing.", "tests"),
    ("SELECT COUNT(*) AS rows", "tests"),
    ("UPDATE shares SET tag_ids", "tests"),
];

/// Shows a behaviour over both databases, and that its statements name the owner.
pub async fn on_both<F: Future<Output = ()>>(behaviour: impl Fn(Backend) -> F) {
    test_kit::on_both_checking(behaviour, |statement| {
        let is_exempt = EXEMPT.iter().any(|(beginning, _)| statement.starts_with(beginning));
        let missing = unnamed(statement, &TABLES, "owner_id");
        assert!(is_exempt || missing.is_empty(), "does not name the owner for {missing:?}: {statement}");
    })
    .await;
}

#[tokio::test]
async fn statements_of_the_service_are_seen() {
    let seen = std::cell::RefCell::new(Vec::new());
    let behaviour = |backend| async move {
        let server = crate::test_server::TestServer::start(&backend).await;
        server.create("ann", crate::test_server::everything_to("bob")).await.unwrap();
    };
    test_kit::on_both_checking(behaviour, |statement| seen.borrow_mut().push(statement.to_owned())).await;
    let seen = seen.into_inner();
    // Nothing is seen where there is no PostgreSQL, or a server whose log this process does not read.
    if !seen.is_empty() {
        for part in ["INSERT INTO owners", "INSERT INTO shares", "INSERT INTO events", "INSERT INTO share_usage"] {
            assert!(seen.iter().any(|statement| statement.contains(part)), "{part}: {seen:?}");
        }
    }
}
