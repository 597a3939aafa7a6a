//! What the warnings of a profile cost in memory: `cargo run --release -p bench -- solver`.

use std::time::{Duration, Instant};

use exposure_svc::domain::{Rules, formula_warnings, widening};
use serde_json::{Value, json};

use crate::{ROUNDS, median};

/// How long a round of one measurement lasts.
const ROUND: Duration = Duration::from_millis(300);

/// Measures and prints.
pub(crate) fn run() -> anyhow::Result<()> {
    println!("{:<45} {:>12} {:>12}", "profile", "its warnings", "a widening");
    for parts in [5, 500] {
        let (before, after) = (profile_of(parts, 0)?, profile_of(parts, 1)?);
        print(&format!("{parts} parts"), &before, &after);
    }
    let (before, after) = long_lists()?;
    print("seven lists of 1,000, five cleared", &before, &after);
    let hard = serde_json::from_value(json!({"tag_expression": pigeons(7)}))?;
    print("too hard: 8 pigeons in 7 holes", &profile_of(5, 0)?, &hard);
    Ok(())
}

fn print(what: &str, before: &Rules, after: &Rules) {
    let warnings = time(|| drop(formula_warnings(after)));
    let widened = time(|| drop(widening((before, true), (after, true))));
    println!("{what:<45} {warnings:>9.1} µs {widened:>9.1} µs");
}

/// Microseconds that `work` takes.
fn time(work: impl Fn()) -> f64 {
    let round = || {
        let began = Instant::now();
        let mut done = 0_u32;
        while done == 0 || began.elapsed() < ROUND {
            work();
            done += 1;
        }
        began.elapsed().as_secs_f64() * 1e6 / f64::from(done)
    };
    median((0..ROUNDS).map(|_| round()).collect())
}

/// A profile of the longest lists and the largest expression there may be, and the same with five lists cleared.
fn long_lists() -> anyhow::Result<(Rules, Rules)> {
    let list = |kind: &str| -> Vec<String> { (0..1_000).map(|number| format!("{kind}-{number}")).collect() };
    let parts: Vec<Value> = (0..510).map(|number| json!({"tag": format!("e-{number}")})).collect();
    let after = json!({
        "tag_expression": {"op": "AND", "conditions": parts},
        "excluded_node_types": list("x"),
        "allowed_node_types": list("y"),
    });
    let before = json!({
        "tag_filters": {"include_all": list("a"), "include_any": list("b"), "exclude_any": list("c")},
        "tag_expression": {"op": "AND", "conditions": parts},
        "allowed_tag_ids": list("d"),
        "allowed_tags_logic": "AND",
        "excluded_tag_ids": list("f"),
        "excluded_node_types": list("x"),
        "allowed_node_types": list("y"),
    });
    Ok((serde_json::from_value(before)?, serde_json::from_value(after)?))
}

/// A profile of so many parts, of which `version` changes one; its expression meets its exclusions.
fn profile_of(parts: usize, version: usize) -> anyhow::Result<Rules> {
    let pair = |pair: usize| {
        let not = json!({"op": "NOT", "conditions": [{"tag": format!("name-{}", pair + 1)}]});
        json!({"op": "OR", "conditions": [{"tag": format!("name-{pair}")}, not]})
    };
    let pairs: Vec<Value> = (0..parts.saturating_sub(5) / 4).map(pair).collect();
    let expression = if pairs.is_empty() { Value::Null } else { json!({"op": "AND", "conditions": pairs}) };
    let rules = json!({
        "tag_filters": {"include_any": ["name-1", "name-2"], "exclude_any": ["name-3", format!("name-{}", 4 + version)]},
        "tag_expression": expression,
        "excluded_node_types": ["ENTITY"],
        "date_range_start": "2026-01-01T00:00:00Z",
    });
    Ok(serde_json::from_value(rules)?)
}

/// `holes + 1` pigeons do not fit into so many holes: no node fulfils it, and that is hard to see.
fn pigeons(holes: usize) -> Value {
    let hole = |pigeon: usize, hole: usize| json!({"tag": format!("p{pigeon}h{hole}")});
    let all = |op: &str, conditions: Vec<Value>| json!({"op": op, "conditions": conditions});
    let mut conditions: Vec<_> =
        (0..=holes).map(|pigeon| all("OR", (0..holes).map(|h| hole(pigeon, h)).collect())).collect();
    for h in 0..holes {
        let two = (1..=holes).map(|one| {
            let before = all("OR", (0..one).map(|other| hole(other, h)).collect());
            all("AND", vec![hole(one, h), before])
        });
        conditions.push(all("NOT", vec![all("OR", two.collect())]));
    }
    all("AND", conditions)
}
