//! `ofself` as a person runs it.

use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Method;
use serde_json::Value;
use test_kit::{HttpClient, Process};
use tokio::{sync::Semaphore, task::JoinSet};

/// Writes that are not acknowledged by then will not be.
const PATIENCE: Duration = Duration::from_mins(1);

fn ofself(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ofself"));
    command.args(arguments).arg("--data-dir").arg(data).env_remove("RUST_LOG");
    command
}

/// Starts it on free ports; gives the address and the `curl` line of the banner.
fn start(data: &Path) -> (Process, String, String) {
    let (mut rest, mut curl) = (String::new(), String::new());
    let free = "127.0.0.1:0";
    let arguments =
        ["serve", "--listen", free, "--sharing-listen", free, "--exposure-listen", free, "--admin-listen", free];
    let process = Process::start(&mut ofself(&arguments, data), |line| {
        if let Some(address) = line.trim().strip_prefix("REST") {
            address.trim().trim_end_matches("/api/v1").clone_into(&mut rest);
        }
        if line.starts_with("curl ") {
            line.clone_into(&mut curl);
        }
        line.starts_with("Another token:")
    });
    (process, rest, curl)
}

fn token(data: &Path, arguments: &[&str]) -> String {
    let printed = ofself(&[&["token"], arguments].concat(), data).output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    String::from_utf8(printed.stdout).unwrap().trim_end().to_owned()
}

async fn ask(http: &HttpClient, token: &str, method: Method, path: &str, body: &str) -> Option<test_kit::Answer> {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    http.send(method, path, &headers, body).await.ok()
}

#[tokio::test]
async fn the_line_of_the_banner_works_and_its_data_survives_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let (process, _, curl) = start(data.path());
    let run = |curl: &str| -> Value {
        let shell = Command::new("sh").args(["-c", &format!("{curl} --silent --show-error")]).output().unwrap();
        serde_json::from_slice(&shell.stdout).unwrap()
    };
    let share = run(&curl);
    assert_eq!((share["owner_id"].as_str(), share["status"].as_str()), (Some("alice"), Some("active")), "{share}");
    process.signal("TERM");
    assert_eq!(process.exit_code(), Some(0));

    let (_process, rest, curl) = start(data.path());
    let bob = token(data.path(), &["--user", "bob"]);
    let path = format!("/api/v1/sharing/{}", share["id"].as_str().unwrap());
    let found = ask(&HttpClient::new(rest), &bob, Method::GET, &path, "").await.unwrap();
    assert_eq!(found.json(), share);
    // A day that ends between the two makes it another share.
    let again = run(&curl);
    assert!(again == share || again["tag_ids"] != share["tag_ids"], "the line works again after a restart: {again}");
}

#[tokio::test]
async fn a_token_is_of_the_tier_and_for_the_time_that_was_asked() {
    let data = tempfile::tempdir().unwrap();
    let (_process, rest, _) = start(data.path());
    let http = HttpClient::new(rest);
    for (arguments, status) in [
        (vec!["--user", "bob"], 200),
        (vec!["--user", "bob", "--tier", "L1"], 403),
        (vec!["--user", "bob", "--tier", "L2", "--ttl", "5m"], 403),
    ] {
        let token = token(data.path(), &arguments);
        let claims: Value = serde_json::from_slice(&decoded(token.split('.').nth(1).unwrap())).unwrap();
        let good_for = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(good_for, if arguments.contains(&"5m") { 300 } else { 3_600 }, "{arguments:?}");
        let answer = ask(&http, &token, Method::GET, "/api/v1/sharing/incoming", "").await.unwrap();
        assert_eq!(answer.status.as_u16(), status, "{arguments:?}");
    }
}

/// Base64 as tokens have it (RFC 7515).
fn decoded(text: &str) -> Vec<u8> {
    let digit = |character: u8| match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'-' => 62,
        _ => 63,
    };
    let four = |digits: &[u8]| {
        let bits =
            (0..4).fold(0_u32, |bits, at| bits << 6 | u32::from(digits.get(at).map_or(0, |found| digit(*found))));
        bits.to_be_bytes()[1..digits.len()].to_vec()
    };
    text.as_bytes().chunks(4).flat_map(four).collect()
}

#[test]
fn either_signal_ends_it_in_order_and_a_second_one_at_once() {
    for (signals, code) in [(&["INT"][..], 0), (&["INT", "TERM"], 1)] {
        let data = tempfile::tempdir().unwrap();
        let (process, rest, curl) = start(data.path());
        let bearer = curl.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap();
        let mut slow = std::net::TcpStream::connect(rest.trim_start_matches("http://")).unwrap();
        if signals.len() == 2 {
            // Under way for as long as its body may take.
            let head = format!(
                "POST /api/v1/sharing HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\ncontent-length: 9\r\n\r\n{{"
            );
            std::io::Write::write_all(&mut slow, head.as_bytes()).unwrap();
        }
        for signal in signals {
            process.signal(signal);
        }
        assert_eq!(process.exit_code(), Some(code), "{signals:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let (process, rest, _) = start(data.path());
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let counted = Arc::new(Semaphore::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let (http, acknowledged, counted) = (HttpClient::new(rest.clone()), acknowledged.clone(), counted.clone());
        let user = token(data.path(), &["--user", &format!("ann-{writer}")]);
        writers.spawn(async move {
            for write in 0.. {
                let (path, body) = if write % 2 == 0 {
                    ("/api/v1/sharing", format!(r#"{{"shared_with_user_id": "bob-{write}", "scope": "all"}}"#))
                } else {
                    ("/api/v1/exposure-profiles", format!(r#"{{"name": "profile {write}"}}"#))
                };
                let Some(answer) = ask(&http, &user, Method::POST, path, &body).await else { return };
                if answer.status != 201 || answer.json().is_null() {
                    return;
                }
                let location = answer.header("location").to_owned();
                acknowledged.lock().unwrap().push((user.clone(), location, answer.json()));
                counted.add_permits(1);
            }
        });
    }
    let enough = tokio::time::timeout(PATIENCE, counted.acquire_many(200)).await;
    enough.expect("writes are acknowledged in time").unwrap().forget();
    process.kill();
    writers.join_all().await;

    let (_process, rest, _) = start(data.path());
    let http = HttpClient::new(rest);
    let acknowledged = acknowledged.lock().unwrap().clone();
    for (user, location, row) in acknowledged {
        let path = format!("{location}?include_yaml=false");
        assert_eq!(ask(&http, &user, Method::GET, &path, "").await.unwrap().json(), row);
    }
}

#[test]
fn the_signing_key_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    let first = token(data.path(), &["--user", "bob"]);
    assert_eq!(first.split('.').count(), 3);
    let key = std::fs::metadata(data.path().join("signing-key.der")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_wrong_option_is_said_in_a_line_and_ends_with_two() {
    let data = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (vec!["serve", "--rate-limit", "many"], "--rate-limit"),
        (vec!["serve", "--drain", "10"], "--drain"),
        (vec!["token", "--user", "not an id"], "--user"),
        (vec!["serve", "--sharing-listen", "0.0.0.0:0"], "loopback"),
    ] {
        let refused = ofself(&arguments, data.path()).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
}
