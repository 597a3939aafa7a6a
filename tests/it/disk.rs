//! A disk that takes no more writes. It is a limit on the size of files, which fails writes as a full disk does and needs no privilege.

use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Method;
use test_kit::{Answer, HttpClient, Process};

/// Every database of a fresh plane is smaller, and its write-ahead log soon larger.
const FILE_BLOCKS: u32 = 600;
/// What has not happened by then never will.
const TIMEOUT: Duration = Duration::from_mins(1);

struct Limited {
    process: Process,
    rest: HttpClient,
    admin: HttpClient,
    log: Arc<Mutex<String>>,
    token: String,
}

impl Limited {
    fn start(data: &Path) -> Self {
        // Ignored, so that a write beyond the limit is an error and not the end of the process.
        let shell = format!("trap '' XFSZ; ulimit -S -f {FILE_BLOCKS}; exec \"$@\"");
        let mut command = Command::new("bash");
        command.args(["-c", &shell, "bash"]).arg(test_kit::program("ofself")).args(["serve", "--data-dir"]).arg(data);
        for option in ["--listen", "--sharing-listen", "--exposure-listen", "--admin-listen"] {
            command.args([option, "127.0.0.1:0"]);
        }
        command.args(["--rate-limit", "0"]).env_remove("RUST_LOG");
        let log = Arc::new(Mutex::new(String::new()));
        let (mut rest, mut admin, kept) = (String::new(), String::new(), log.clone());
        let process = Process::start_and_follow(&mut command, move |line| {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("REST"), Some(url)) => url.trim_end_matches("/api/v1").clone_into(&mut rest),
                (Some("admin"), Some(url)) => url.trim_end_matches("/readyz").clone_into(&mut admin),
                _ => {}
            }
            let mut log = kept.lock().unwrap();
            log.push_str(line);
            log.push('\n');
            line.starts_with("Another token:").then(|| (rest.clone(), admin.clone()))
        });
        let (process, (rest, admin)) = process;
        let token = crate::test_server::token_in(data, "alice");
        Self { process, rest: HttpClient::new(rest), admin: HttpClient::new(admin), log, token }
    }

    async fn share(&self, recipient: usize) -> Answer {
        let nodes: Vec<_> = (0..500).map(|node| format!("node-{node}")).collect();
        let share = serde_json::json!({
            "shared_with_user_id": format!("bob-{recipient}"), "scope": "specific_nodes", "node_ids": nodes,
        });
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        self.rest.send(Method::POST, "/api/v1/sharing", &headers, share.to_string()).await.unwrap()
    }

    async fn list(&self) -> u16 {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", authorization.as_str())];
        let path = "/api/v1/sharing/outgoing";
        self.rest.send(Method::GET, path, &headers, "").await.unwrap().status.as_u16()
    }

    async fn failures(&self) -> f64 {
        let metrics = self.admin.send(Method::GET, "/metrics", &[], "").await.unwrap();
        let metrics = String::from_utf8(metrics.body).unwrap();
        let failures = metrics.lines().find_map(|line| line.strip_prefix("database_write_failures_total "));
        failures.expect("the counter").trim().parse().unwrap()
    }

    /// Both readiness probes, once both of them contain `text`, or do not.
    async fn readiness(&self, text: &str, expected: bool) -> [(u16, String); 2] {
        let waited = tokio::time::timeout(TIMEOUT, async {
            loop {
                let mut probes = Vec::new();
                for http in [&self.rest, &self.admin] {
                    let answer = http.send(Method::GET, "/readyz", &[], "").await.unwrap();
                    probes.push((answer.status.as_u16(), String::from_utf8(answer.body).unwrap()));
                }
                if probes.iter().all(|(_, body)| body.contains(text) == expected) {
                    return probes.try_into().unwrap();
                }
            }
        });
        waited.await.expect("both probes to agree")
    }
}

#[tokio::test]
async fn full_disk_is_an_error_in_the_log_and_in_readiness() {
    let data = tempfile::tempdir().unwrap();
    let plane = Limited::start(data.path());
    let ready = (200, "ready\n".to_owned());
    assert_eq!(plane.readiness("not ready", false).await, [ready.clone(), ready]);

    let mut recipient = 0;
    let refused = loop {
        let answer = plane.share(recipient).await;
        if answer.status != 201 {
            break answer;
        }
        recipient += 1;
    };
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (503, "SERVICE_UNAVAILABLE"));
    let [gateway, admin] = plane.readiness("writes fail", true).await;
    assert_eq!(gateway, (200, "ready\nsharing-svc: writes fail\n".to_owned()));
    assert!(admin.0 == 200 && admin.1.starts_with("ready\nsharing-svc: writes fail: "), "{admin:?}");
    assert_eq!(plane.list().await, 200, "reads are answered");
    // Without another change it is found again and again, by the time that is written every second.
    let found_again = async { while plane.failures().await < 4.0 {} };
    tokio::time::timeout(TIMEOUT, found_again).await.expect("more failures");
    plane.readiness("writes fail", true).await;
    {
        let log = plane.log.lock().unwrap();
        let errors: Vec<_> = log.lines().filter(|line| line.contains("\"level\":\"ERROR\"")).collect();
        let cause = |line: &&&str| line.contains("cause") && line.contains("disk");
        let stored = errors.iter().find(|line| line.contains("cannot store a change"));
        assert!(stored.is_some_and(|line| cause(&line)), "{log}");
        assert!(errors.iter().any(|line| line.contains("changes cannot be stored; reads work")), "{log}");
    }

    let unlimited =
        Command::new("prlimit").args(["--fsize=unlimited", "--pid", &plane.process.id().to_string()]).status();
    assert!(unlimited.unwrap().success());
    plane.readiness("writes fail", false).await;
    assert_eq!(plane.share(recipient).await.status, 201, "what was refused is not half done");
}
