//! `ofself` as a person runs it.

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Method;
use serde_json::Value;
use test_kit::{
    HttpClient, Process,
    frames::{END_HEADERS, Frames, HEADERS, RST_STREAM, post},
};
use tokio::{sync::Semaphore, task::JoinSet};

/// Writes that are not acknowledged by then will not be.
const TIMEOUT: Duration = Duration::from_mins(1);

const FREE: &str = "127.0.0.1:0";
const SERVE: [&str; 9] =
    ["serve", "--listen", FREE, "--sharing-listen", FREE, "--exposure-listen", FREE, "--admin-listen", FREE];

fn ofself(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(test_kit::program("ofself"));
    command.args(arguments).arg("--data-dir").arg(data).env_remove("RUST_LOG");
    command
}

/// Starts it on free ports; gives the address and the `curl` line of the banner.
fn start(data: &Path) -> (Process, String, String) {
    start_with(data, &[])
}

/// The same with more options.
fn start_with(data: &Path, options: &[&str]) -> (Process, String, String) {
    let (mut rest, mut curl) = (String::new(), String::new());
    let arguments = [&SERVE, options].concat();
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
async fn banner_command_works_and_data_survives_restart() {
    let folder = tempfile::tempdir().unwrap();
    // What a shell or a URL takes for its own.
    let data = folder.path().join("Ann's data & more, 100%?#");
    let data = data.as_path();
    let (process, _, curl) = start(data);
    let run = |curl: &str| -> Value {
        let shell = Command::new("sh").args(["-c", &format!("{curl} --silent --show-error")]).output().unwrap();
        serde_json::from_slice(&shell.stdout).unwrap()
    };
    let share = run(&curl);
    assert_eq!((share["owner_id"].as_str(), share["status"].as_str()), (Some("alice"), Some("active")), "{share}");
    process.signal("TERM");
    assert_eq!(process.exit_code(), Some(0));

    let (_process, rest, curl) = start(data);
    let bob = token(data, &["--user", "bob"]);
    let path = format!("/api/v1/sharing/{}", share["id"].as_str().unwrap());
    let found = ask(&HttpClient::new(rest), &bob, Method::GET, &path, "").await.unwrap();
    assert_eq!(found.json(), share);
    // A day that ends between the two makes it another share.
    let again = run(&curl);
    assert!(again == share || again["tag_ids"] != share["tag_ids"], "the line works again after a restart: {again}");
}

#[tokio::test]
async fn demo_fills_an_empty_directory_once() {
    let data = tempfile::tempdir().unwrap();
    let people = async |options: &[&str]| {
        let (process, rest, _) = start_with(data.path(), options);
        let http = HttpClient::new(rest);
        let alice = token(data.path(), &["--user", "alice"]);
        let people = ask(&http, &alice, Method::GET, "/api/v1/access/people?limit=100", "").await.unwrap().json();
        let nodes = http.send(Method::GET, "/console/nodes.json", &[], "").await.unwrap().json();
        process.signal("TERM");
        assert_eq!(process.exit_code(), Some(0));
        (people, nodes.as_array().unwrap().len())
    };
    let (filled, nodes) = people(&["--demo"]).await;
    let ids: Vec<_> = filled["people"].as_array().unwrap().iter().map(|person| person["user_id"].clone()).collect();
    assert_eq!(ids, ["bob", "carl", "dana", "dr-lee", "emma", "gwen", "noah"], "{filled}");
    assert!(nodes > 0);
    assert_eq!(people(&["--demo"]).await, (filled.clone(), nodes), "a restart adds nothing");
    assert_eq!(people(&[]).await, (filled, 0), "without the demo the page offers no nodes");
}

#[test]
fn demo_that_was_killed_is_not_taken_for_complete() {
    let data = tempfile::tempdir().unwrap();
    let (process, ..) = start_with(data.path(), &["--demo"]);
    process.signal("TERM");
    assert_eq!(process.exit_code(), Some(0));
    // As a kill leaves it.
    std::fs::rename(data.path().join("demo"), data.path().join("demo-incomplete")).unwrap();
    let refused = ofself(&[&SERVE[..], &["--demo"]].concat(), data.path()).output().unwrap();
    let message = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("has demo data that is not complete"), "{message}");
    assert!(data.path().join("sharing.db").exists(), "nothing is deleted");
}

#[test]
fn demo_fills_a_directory_with_a_long_path() {
    let folder = tempfile::tempdir().unwrap();
    let (process, ..) = start_with(&folder.path().join("d".repeat(200)), &["--demo"]);
    process.signal("TERM");
    assert_eq!(process.exit_code(), Some(0));
}

#[test]
fn demo_rejects_a_directory_with_other_data() {
    let data = tempfile::tempdir().unwrap();
    let (process, ..) = start(data.path());
    process.signal("TERM");
    assert_eq!(process.exit_code(), Some(0));
    let refused = ofself(&[&SERVE[..], &["--demo"]].concat(), data.path()).output().unwrap();
    let message = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("--demo needs a data directory without data"), "{message}");
}

#[tokio::test]
async fn token_has_the_requested_tier_and_lifetime() {
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

#[tokio::test]
async fn flood_of_resets_writes_few_log_lines() {
    let data = tempfile::tempdir().unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = log.clone();
    let mut sharing = None;
    let (report, mut reported) = tokio::sync::mpsc::unbounded_channel();
    let (_process, address) = Process::start_and_follow(&mut ofself(&SERVE, data.path()), move |line| {
        lines.lock().unwrap().push(line.to_owned());
        if line.contains("left out log lines about peers") {
            let _ = report.send(());
        }
        if let Some(address) = line.split_whitespace().find_map(|word| word.strip_prefix("grpc://")) {
            sharing.get_or_insert_with(|| address.to_owned());
        }
        if line.starts_with("Another token:") { sharing.clone() } else { None }
    });
    let address: SocketAddr = address.parse().unwrap();
    for _ in 0..100 {
        let mut frames = Frames::connect(address).await;
        // Until the server closes the connection.
        for stream in (1..20_001).step_by(2) {
            let head = post("/ofself.sharing.v1.AccessService/CheckAccess");
            if frames.send(HEADERS, END_HEADERS, stream, &head).await.is_err()
                || frames.send(RST_STREAM, 0, stream, &8_u32.to_be_bytes()).await.is_err()
            {
                break;
            }
        }
    }
    let counted = tokio::time::timeout(TIMEOUT, reported.recv()).await;
    counted.expect("a count of what was left out").expect("its log is read");
    let log = log.lock().unwrap();
    let of_h2 = log.iter().filter(|line| line.contains("\"WARN\"") && line.contains("\"h2::")).count();
    assert!((1..=40).contains(&of_h2), "{of_h2} lines");
}

#[test]
fn first_signal_drains_and_second_exits() {
    for (signals, code) in [(&["INT"][..], 0), (&["INT", "TERM"], 1)] {
        let data = tempfile::tempdir().unwrap();
        let (process, rest, _) = start(data.path());
        let bearer = token(data.path(), &["--user", "alice"]);
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
async fn acknowledged_writes_survive_kill() {
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
    let enough = tokio::time::timeout(TIMEOUT, counted.acquire_many(200)).await;
    enough.expect("writes are acknowledged in time").unwrap().forget();
    process.kill();
    writers.join_all().await;

    let (_process, rest, _) = start(data.path());
    let http = HttpClient::new(rest);
    let acknowledged = acknowledged.lock().unwrap().clone();
    for (user, location, row) in acknowledged {
        let path = if location.contains("profiles") { format!("{location}?include_yaml=false") } else { location };
        assert_eq!(ask(&http, &user, Method::GET, &path, "").await.unwrap().json(), row);
    }
}

#[test]
fn signing_key_is_private_to_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    assert!(ofself(&["init"], data.path()).status().unwrap().success());
    let first = token(data.path(), &["--user", "bob"]);
    assert_eq!(first.split('.').count(), 3);
    let key = std::fs::metadata(data.path().join("signing-key.der")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[test]
fn token_of_a_directory_without_a_plane_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    for missing in [data.path().join("typo"), data.path().join("typo/deeper"), data.path().to_owned(), file] {
        let refused = ofself(&["token", "--user", "bob"], &missing).output().unwrap();
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{error}");
        assert!(refused.stdout.is_empty() && error.contains("no signing key in") && error.contains("--data-dir"));
    }
    let created: Vec<_> = std::fs::read_dir(data.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(created, ["file"], "and nothing is created");
}

/// What `ofself` prints to a terminal: `script` runs it on one.
#[test]
fn only_a_terminal_is_given_a_token() {
    let data = tempfile::tempdir().unwrap();
    let free = "127.0.0.1:0";
    let options = format!("--listen {free} --sharing-listen {free} --exposure-listen {free} --admin-listen {free}");
    let ofself =
        format!("exec {} serve {options} --data-dir {}", test_kit::program("ofself").display(), data.path().display());
    let mut command = Command::new("script");
    command.args(["--quiet", "--flush", "--return", "--command", &ofself, "/dev/null"]);
    let mut curl = String::new();
    let _process = Process::start(&mut command, |line| {
        if line.starts_with("curl ") {
            line.clone_into(&mut curl);
        }
        line.starts_with("Another token:")
    });
    assert!(curl.contains("Bearer eyJ"), "{curl}");

    let beside = tempfile::tempdir().unwrap();
    let (_process, _, curl) = start(beside.path());
    let command = format!("token --user alice --data-dir {}", beside.path().display());
    assert!(!curl.contains("eyJ") && curl.contains(&command), "{curl}");
}

#[test]
fn misspelled_environment_variable_is_a_warning() {
    let data = tempfile::tempdir().unwrap();
    let free = "127.0.0.1:0";
    let mut command = ofself(
        &["serve", "--listen", free, "--sharing-listen", free, "--exposure-listen", free, "--admin-listen", free],
        data.path(),
    );
    command.env("RATE_LIMITS", "5").env("OTEL_EXPORTER_OTLP_ENDPOINT", "").env("OTEL_TRACES_SAMPLER_ARG", "");
    let (mut warning, mut serves) = (String::new(), false);
    let _process = Process::start(&mut command, |line| {
        if line.contains("RATE_LIMITS") {
            line.clone_into(&mut warning);
        }
        serves |= line.starts_with("Another token:");
        serves && !warning.is_empty()
    });
    let message = "RATE_LIMITS is not a setting of ofself and is ignored; did you mean RATE_LIMIT?";
    assert!(warning.contains("WARN") && warning.contains(message), "{warning}");

    let mut doctor = ofself(&["doctor"], data.path());
    let doctor = doctor.env("RATE_LIMITS", "5").output().unwrap();
    let found = String::from_utf8(doctor.stdout).unwrap();
    assert!(found.contains(message), "{found}");
}

#[test]
fn invalid_option_is_one_line_and_exit_code_2() {
    let data = tempfile::tempdir().unwrap();
    let free = "127.0.0.1:0";
    for (arguments, reason) in [
        (vec!["serve", "--rate-limit", "many"], "--rate-limit"),
        (vec!["serve", "--drain", "10"], "--drain"),
        (vec!["token", "--user", "not an id"], "--user"),
        // Connections of other tests may use the default ports.
        (vec!["serve", "--sharing-listen", "0.0.0.0:0", "--exposure-listen", free, "--admin-listen", free], "loopback"),
        (vec!["serve", "--listen", "0.0.0.0:8080"], "`ofself` serves plain text only"),
        (vec!["serve", "--otlp-endpoint", "collector"], "--otlp-endpoint"),
    ] {
        let refused = ofself(&arguments, data.path()).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(error.contains(reason), "{arguments:?}: {error}");
    }
}
