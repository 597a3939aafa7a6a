//! Every statement that decides or changes names the owner for every table: then it stays on one shard of a distributed
//! PostgreSQL. Checked for the statements that the tests of this crate really send.

use test_kit::Backend;

/// The tables whose rows belong to an owner.
const TABLES: [&str; 3] = ["shares", "share_usage", "owners"];

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
        let missing = unnamed(statement);
        assert!(is_exempt || missing.is_empty(), "does not name the owner for {missing:?}: {statement}");
    })
    .await;
}

/// The tables of a statement, by their aliases, for which it does not say whose rows it is about.
fn unnamed(statement: &str) -> Vec<String> {
    let words: Vec<&str> = statement
        .split(|character: char| character.is_whitespace() || "(),".contains(character))
        .filter(|word| !word.is_empty())
        .collect();
    let mut unaliased = 0;
    let mut missing = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let table = word.trim_matches('"');
        let is_reference = place > 0 && ["FROM", "JOIN", "UPDATE", "INTO"].contains(&words[place - 1]);
        if !is_reference || !TABLES.contains(&table) {
            continue;
        }
        if words[place - 1] == "INTO" {
            // The first column that is written is the owner's.
            if words.get(place + 1).is_none_or(|column| column.trim_matches('"') != "owner_id") {
                missing.push(table.to_owned());
            }
            continue;
        }
        let mut next = words.get(place + 1).copied().unwrap_or_default();
        if next == "AS" {
            next = words.get(place + 2).copied().unwrap_or_default();
        }
        let is_alias =
            !next.is_empty() && next.chars().all(|character| character.is_ascii_lowercase() || character == '_');
        if !is_alias {
            unaliased += 1;
        } else if !statement.contains(&format!("{next}.owner_id = $")) {
            missing.push(next.to_owned());
        }
    }
    let named = [" owner_id = $", "(owner_id = $", r#""owner_id" = $"#];
    let named: usize = named.iter().map(|pattern| statement.matches(pattern).count()).sum();
    if unaliased > named {
        missing.push(format!("{} tables without an alias", unaliased - named));
    }
    missing
}

#[test]
fn statement_without_the_owner_is_noticed() {
    for good in [
        "SELECT * FROM shares WHERE owner_id = $1 AND id = $2",
        "SELECT above.* FROM shares above WHERE above.owner_id = $1",
        r#"INSERT INTO "shares" ("owner_id", "id") VALUES ($1, $2)"#,
        r#"UPDATE "shares" SET "version" = $1 WHERE "shares"."owner_id" = $2"#,
        "INSERT INTO idempotency_keys (user_id) VALUES ($1)",
    ] {
        assert_eq!(unnamed(good), [""; 0], "{good}");
    }
    for bad in [
        "SELECT * FROM shares WHERE id = $1",
        "UPDATE shares SET version = 1 WHERE parent_share_id = $1",
        "SELECT * FROM shares WHERE owner_id = $1 AND EXISTS (SELECT 1 FROM shares WHERE id = $2)",
        "SELECT above.* FROM leaf JOIN shares above ON above.id = leaf.parent WHERE leaf.owner_id = $1",
        "INSERT INTO share_usage (user_id, owner_id) VALUES ($1, $2)",
        "DELETE FROM share_usage WHERE user_id = $1",
    ] {
        assert!(!unnamed(bad).is_empty(), "{bad}");
    }
}

#[tokio::test]
async fn statements_of_the_service_are_seen() {
    let seen = std::cell::RefCell::new(Vec::new());
    let behaviour = |backend| async move {
        let stage = crate::stage::Stage::start(&backend).await;
        stage.create("ann", crate::stage::everything_to("bob")).await.unwrap();
    };
    test_kit::on_both_checking(behaviour, |statement| seen.borrow_mut().push(statement.to_owned())).await;
    let seen = seen.into_inner();
    // Nothing is seen where there is no PostgreSQL, or a server whose log this process does not read.
    if !seen.is_empty() {
        for beginning in ["INSERT INTO owners", r#"INSERT INTO "shares""#, "INSERT INTO share_usage"] {
            assert!(seen.iter().any(|statement| statement.starts_with(beginning)), "{beginning}: {seen:?}");
        }
    }
}
