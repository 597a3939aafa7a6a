//! Checks that a statement names the person whose rows it reads or writes: then it stays on one shard of a distributed PostgreSQL.

/// The tables of a statement, by their aliases, for which it does not name the person by the column `person`.
pub fn unnamed(statement: &str, tables: &[&str], person: &str) -> Vec<String> {
    let words: Vec<&str> = statement
        .split(|character: char| character.is_whitespace() || "(),".contains(character))
        .filter(|word| !word.is_empty())
        .collect();
    let mut unaliased = 0;
    let mut missing = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let table = word.trim_matches('"');
        let is_reference = place > 0 && ["FROM", "JOIN", "UPDATE", "INTO"].contains(&words[place - 1]);
        if !is_reference || !tables.contains(&table) {
            continue;
        }
        if words[place - 1] == "INTO" {
            // The first column that is written is the person's.
            if words.get(place + 1).is_none_or(|column| column.trim_matches('"') != person) {
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
        } else if !statement.contains(&format!("{next}.{person} = $")) {
            missing.push(next.to_owned());
        }
    }
    let named = [format!(" {person} = $"), format!("({person} = $"), format!("\"{person}\" = $")];
    let named: usize = named.iter().map(|pattern| statement.matches(pattern.as_str()).count()).sum();
    if unaliased > named {
        missing.push(format!("{} tables without an alias", unaliased - named));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: [&str; 3] = ["shares", "share_usage", "owners"];

    #[test]
    fn statement_without_the_person_is_detected() {
        for complete in [
            "SELECT * FROM shares WHERE owner_id = $1 AND id = $2",
            "SELECT above.* FROM shares above WHERE above.owner_id = $1",
            r#"INSERT INTO "shares" ("owner_id", "id") VALUES ($1, $2)"#,
            r#"UPDATE "shares" SET "version" = $1 WHERE "shares"."owner_id" = $2"#,
            "INSERT INTO idempotency_keys (user_id) VALUES ($1)",
        ] {
            assert_eq!(unnamed(complete, &TABLES, "owner_id"), [""; 0], "{complete}");
        }
        for incomplete in [
            "SELECT * FROM shares WHERE id = $1",
            "UPDATE shares SET version = 1 WHERE parent_share_id = $1",
            "SELECT * FROM shares WHERE owner_id = $1 AND EXISTS (SELECT 1 FROM shares WHERE id = $2)",
            "SELECT above.* FROM leaf JOIN shares above ON above.id = leaf.parent WHERE leaf.owner_id = $1",
            "INSERT INTO share_usage (user_id, owner_id) VALUES ($1, $2)",
            "DELETE FROM share_usage WHERE user_id = $1",
        ] {
            assert!(!unnamed(incomplete, &TABLES, "owner_id").is_empty(), "{incomplete}");
        }
    }
}
