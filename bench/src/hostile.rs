//! Requests that nobody would send who means well: `cargo run --release -p bench -- hostile`. Every answer must be one of
//! those that docs/rest-api.md knows, and none a 500.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::ensure;
use http::Method;
use serde_json::{Value, json};
use test_kit::HttpClient;
use tokio::task::JoinSet;

/// Requests in all.
const REQUESTS: u64 = 60_000;
/// Of which so many are under way at once.
const AT_ONCE: u64 = 8;
/// The statuses that the contract knows.
const DOCUMENTED: [u16; 18] =
    [200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 431, 503, 400];

/// A number generator that makes the same requests each time (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.next().is_multiple_of(many)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = usize::try_from(self.next() % from.len() as u64).unwrap_or_default();
        from.get(index).unwrap_or_else(|| unreachable!("an index below the length"))
    }
}

const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD, Method::OPTIONS];
const STRINGS: [&str; 16] = [
    "ann",
    "bob",
    "holiday",
    "all",
    "specific_tags",
    "graph",
    "",
    " ",
    "\u{0}",
    "\u{202e}gro.live",
    "../../etc/passwd",
    "' OR 1=1 --",
    "🙂",
    "2030-01-01T00:00:00Z",
    "9999-99-99T99:99:99Z",
    "full",
];
const NAMES: [&str; 26] = [
    "shared_with_user_id",
    "scope",
    "tag_ids",
    "node_ids",
    "can_read",
    "can_write",
    "can_share",
    "expires_at",
    "parent_share_id",
    "name",
    "description",
    "tag_filters",
    "tag_expression",
    "allowed_tag_ids",
    "excluded_tag_ids",
    "allowed_node_ids",
    "date_range_start",
    "transformations",
    "max_detail_level",
    "tag_permissions",
    "schema_permissions",
    "is_active",
    "op",
    "conditions",
    "tag",
    "unknown",
];
const QUERIES: [&str; 10] = [
    "limit=5",
    "limit=-1",
    "limit=99999999999999999999",
    "offset=3",
    "page=0&per_page=0",
    "is_active=maybe",
    "is_active=",
    "include_yaml=%zz",
    "limit=1&limit=2",
    "%00=%ff",
];

/// A JSON value of any kind.
fn value(random: &mut Random, depth: u32) -> Value {
    match random.next() % if depth == 0 { 5 } else { 7 } {
        0 => Value::Null,
        1 => json!(random.one_in(2)),
        2 => json!(*random.pick(&[0.5, -1.0, 0.0, 1e308, 1e18])),
        3 | 4 => json!(*random.pick(&STRINGS)),
        5 => (0..random.next() % 4).map(|_| value(random, depth - 1)).collect(),
        _ => (0..random.next() % 4).map(|_| ((*random.pick(&NAMES)).to_owned(), value(random, depth - 1))).collect(),
    }
}

/// A body that is nearly right, with some of its members something else; now and then, no JSON at all.
fn body(random: &mut Random) -> Vec<u8> {
    let mut body = if random.one_in(2) {
        json!({"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": [format!("t{}", random.next() % 50)]})
    } else {
        json!({"name": "Work", "allowed_tag_ids": ["a"], "tag_expression": {"op": "AND", "conditions": [{"tag": "work"}]}})
    };
    if let Some(members) = body.as_object_mut() {
        for _ in 0..random.next() % 4 {
            members.insert((*random.pick(&NAMES)).to_owned(), value(random, 4));
        }
    }
    let mut text = body.to_string().into_bytes();
    if random.one_in(8) {
        let at = usize::try_from(random.next() % text.len().max(1) as u64).unwrap_or_default();
        match random.next() % 3 {
            0 => text.truncate(at),
            1 => text.insert(at, u8::try_from(random.next() % 256).unwrap_or_default()),
            _ => text.extend(std::iter::repeat_n(b'[', 20_000)),
        }
    }
    if random.one_in(2_000) { vec![b' '; 300 * 1024] } else { text }
}

fn path(random: &mut Random, known: &[String]) -> String {
    let fixed = [
        "/sharing",
        "/sharing/outgoing",
        "/sharing/incoming",
        "/exposure-profiles",
        "/exposure-profiles/default",
        "/exposure-profiles/from-template",
        "/sharing/%2e%2e",
        "/sharing/x/y",
        "/",
        "/exposure-profiles/%ff/yaml",
    ];
    let path = match random.next() % 3 {
        0 => format!("/api/v1{}", random.pick(&fixed)),
        1 => random.pick(known).clone(),
        _ => format!("{}/yaml", random.pick(known)),
    };
    if random.one_in(3) { format!("{path}?{}", random.pick(&QUERIES)) } else { path }
}

/// Sends them all; says what came back.
pub(crate) async fn run(url: &str, token: &str, known: Vec<String>) -> anyhow::Result<()> {
    let authorization = format!("Bearer {token}");
    let (seen, sent) = (Arc::new(Mutex::new(BTreeMap::<u16, u64>::new())), Arc::new(AtomicU64::new(0)));
    let mut sending = JoinSet::new();
    for part in 0..AT_ONCE {
        let (http, authorization, known) = (HttpClient::new(url), authorization.clone(), known.clone());
        let (seen, sent) = (seen.clone(), sent.clone());
        sending.spawn(async move {
            let mut random = Random(part);
            while sent.fetch_add(1, Ordering::Relaxed) < REQUESTS {
                let (method, path) = (random.pick(&METHODS).clone(), path(&mut random, &known));
                let mut headers = Vec::new();
                if !random.one_in(50) {
                    headers.push(("authorization", authorization.as_str()));
                }
                if !random.one_in(20) {
                    headers
                        .push(("content-type", *random.pick(&["application/json", "application/json", "text/plain"])));
                }
                for (name, values) in [
                    ("if-match", &["*", "\"1\"", "W/\"x", "\"1-0123456789abcdef\""][..]),
                    ("if-none-match", &["*", "\"1\", \"2\""]),
                    ("idempotency-key", &["k", "", "a b", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"]),
                    ("traceparent", &["00-00-00-00", "x"]),
                    ("accept", &["application/json", "*/*;q=2", ";;;"]),
                    ("x-ofself-user", &["eve"]),
                    ("content-encoding", &["gzip"]),
                ] {
                    if random.one_in(10) {
                        headers.push((name, *random.pick(values)));
                    }
                }
                let sent = http.send(method.clone(), &path, &headers, body(&mut random)).await;
                let Ok(answer) = sent else { continue };
                let status = answer.status.as_u16();
                ensure!(DOCUMENTED.contains(&status), "{method} {path} got {status}");
                *seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).entry(status).or_default() += 1;
            }
            Ok(())
        });
    }
    for part in sending.join_all().await {
        part?;
    }
    let seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    println!("{} requests answered, none with a status that is not documented", seen.values().sum::<u64>());
    for (status, count) in seen.iter() {
        println!("  {status}: {count}");
    }
    Ok(())
}
