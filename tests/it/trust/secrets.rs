//! Nothing that is secret or personal leaves by the log or by an error, however much is asked to be logged.

use std::{
    fs,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use http::Method;
use serde_json::json;
use test_kit::HttpClient;

/// What a person would not want to see printed, each found nowhere else.
const PERSONAL: [&str; 6] = [
    "diary-of-march",
    "Herzrhythmusstoerung",
    "tag-about-my-divorce",
    "node-about-my-divorce",
    "my-idempotency-secret",
    "a profile for the therapist",
];

#[tokio::test]
async fn full_run_logs_no_secret() {
    let data = tempfile::tempdir().unwrap();
    let free = "127.0.0.1:0";
    let mut program = Command::new(test_kit::program("ofself"))
        .args(["serve", "--listen", free, "--sharing-listen", free, "--exposure-listen", free, "--admin-listen", free])
        .arg("--data-dir")
        .arg(data.path())
        // As much as anybody could ask for.
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(fs::File::create(data.path().join("log")).unwrap())
        .spawn()
        .unwrap();
    let address = address(&mut program);
    let token = crate::test_server::token_in(data.path(), "alice");
    let http = HttpClient::new(address);
    let mut answers = String::new();
    let [diary, illness, tag, node, key, name] = PERSONAL;
    let bearer = format!("Bearer {token}");
    let [head, claims, signature] = <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).unwrap();
    let twisted = format!("Bearer {head}.{claims}.{}", signature.chars().rev().collect::<String>());
    let ask = async |method: Method, path: &str, authorization: &str, body: String| {
        let headers =
            [("authorization", authorization), ("content-type", "application/json"), ("idempotency-key", key)];
        http.send(method, &format!("/api/v1{path}"), &headers, body).await.unwrap()
    };
    let share = json!({"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": [tag]}).to_string();
    let nodes = json!({"shared_with_user_id": "bob", "scope": "specific_nodes", "node_ids": [node]}).to_string();
    let profile = json!({"name": name, "description": illness, "allowed_tag_ids": [tag]}).to_string();
    for (method, path, authorization, body) in [
        (Method::POST, "/sharing", &bearer, share.clone()),
        (Method::POST, "/sharing", &bearer, nodes),
        (Method::POST, "/sharing", &twisted, share.clone()),
        (Method::POST, "/sharing", &bearer, format!("{{\"scope\": \"{diary}\", \"x\": \"{illness}\"}}")),
        (Method::POST, "/sharing", &bearer, format!("{diary} is no JSON")),
        (Method::POST, "/exposure-profiles", &bearer, profile),
        (Method::POST, "/exposure-profiles", &bearer, json!({"tag_expression": {"op": diary}}).to_string()),
        (Method::GET, "/exposure-profiles", &bearer, String::new()),
        (Method::GET, "/sharing/outgoing", &bearer, String::new()),
        (Method::GET, "/sharing/outgoing?limit=none-of-your-business", &bearer, String::new()),
        (Method::DELETE, "/sharing/none", &bearer, String::new()),
    ] {
        let answer = ask(method, path, authorization, body).await;
        if !answer.status.is_success() {
            answers.push_str(&String::from_utf8_lossy(&answer.body));
        }
    }
    let database = fs::read(data.path().join("signing-key.der")).unwrap();
    assert!(Command::new("kill").arg(program.id().to_string()).status().unwrap().success());
    program.wait().unwrap();

    let log = fs::read(data.path().join("log")).unwrap();
    let text = String::from_utf8_lossy(&log);
    assert!(text.contains("answered") && text.lines().count() > 20, "a log that says nothing proves nothing: {text}");
    let answered = |part: &str| text.lines().any(|line| line.contains("\"answered\"") && line.contains(part));
    assert!(answered("\"user\":\"alice\"") && answered("\"path\":\"/api/v1/sharing/none\""), "who did what is logged");
    let secrets = [&PERSONAL[..], &[token.as_str(), claims, signature]].concat();
    for secret in secrets {
        assert!(!text.contains(secret), "`{secret}` was logged");
        // A field's own value may be named to the person who sent it; a token never.
        assert!(!answers.contains(secret) || secret == diary, "`{secret}` was answered with an error: {answers}");
    }
    assert!(!log.windows(32).any(|window| database.windows(32).last() == Some(window)), "the signing key was logged");
}

/// Waits for the banner, which must hold no token, and returns the address in it.
fn address(program: &mut std::process::Child) -> String {
    use std::io::{BufRead, BufReader};
    let (lines, seen) = mpsc::channel();
    let out = BufReader::new(program.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
    let (mut address, mut banner) = (String::new(), String::new());
    while !banner.contains("Another token:") {
        let line = seen.recv_timeout(Duration::from_secs(30)).expect("the banner");
        if let Some(rest) = line.trim().strip_prefix("REST") {
            rest.trim().trim_end_matches("/api/v1").clone_into(&mut address);
        }
        banner.push_str(&line);
    }
    assert!(!banner.contains("eyJ"), "what is no terminal may be a log, and gets no token: {banner}");
    address
}
