//! A PostgreSQL server for the tests: the one of `TEST_POSTGRES_URL`, else a private one, started on the first use and ended
//! with the process that started it.

#![allow(clippy::disallowed_methods, reason = "the tests are told by the environment which server to use")]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{ChildStderr, Command, Stdio},
    sync::{OnceLock, mpsc},
    time::Duration,
};

use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

/// A server that does not take connections by then will not.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    /// Without the name of a database.
    url: String,
}

/// A new database; `None` where there is no server to be had.
pub(crate) async fn new_database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(server).as_ref()?;
    let name = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = connect(&format!("{}/postgres", server.url)).await;
    // The name is made here and holds nothing that a statement could be cut by.
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a new database");
    Some(format!("{}/{name}", server.url))
}

fn server() -> Option<Server> {
    if let Ok(url) = env::var("TEST_POSTGRES_URL") {
        let url = url.trim_end_matches('/').trim_end_matches("/postgres").to_owned();
        return Some(Server { url });
    }
    let Some(programs) = programs() else {
        assert!(env::var("REQUIRE_POSTGRES").as_deref() != Ok("1"), "REQUIRE_POSTGRES=1, and no initdb is to be found");
        eprintln!("no PostgreSQL is to be found: what is shown over it is skipped");
        return None;
    };
    Some(start(&programs))
}

fn programs() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&on_path).collect();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn start(programs: &Path) -> Server {
    let files = tempfile::tempdir().expect("a temporary folder");
    let user = unprivileged_user();
    if let Some((uid, gid)) = user {
        chown(files.path(), Some(uid), Some(gid)).expect("a folder for another user");
    }
    let data = files.path().join("data");
    let command = |program: &str| {
        let mut command = Command::new(programs.join(program));
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        command.current_dir(files.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let made = command("initdb")
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data)
        .status();
    assert!(made.expect("initdb").success(), "initdb failed");

    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    // The shell ends the server when its standard input closes, which it does when this process ends, however it ends.
    let script = r#""$0" "$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$FILES""#;
    let mut shell = Command::new("/bin/sh");
    if let Some((uid, gid)) = user {
        shell.uid(uid).gid(gid);
    }
    let mut shell = shell
        .arg("-c")
        .arg(script)
        .arg(programs.join("postgres"))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(files.path())
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "max_connections=400", "-c", "shared_buffers=32MB"])
        .current_dir(files.path())
        .env("FILES", files.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("postgres");
    wait_until_ready(shell.stderr.take().expect("what the server says"));
    // Its standard input is kept open for as long as this process lives.
    std::mem::forget(shell);
    // The shell removes them when the server has ended.
    let _kept = files.keep();
    Server { url: format!("postgres://postgres@127.0.0.1:{port}") }
}

/// Returns when the server has said that it takes queries. What else it says is read on, so that it never waits to be heard.
fn wait_until_ready(said: ChildStderr) {
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            if line.contains("database system is ready to accept connections") {
                // Nobody listens any more when it says so again.
                let _ = ready.send(());
            }
        }
    });
    is_ready.recv_timeout(PATIENCE).expect("the PostgreSQL server does not take connections");
}

/// PostgreSQL refuses to run as root: the user to be instead.
fn unprivileged_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let answer = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user = |name| Some((id(&["-u", name])?, id(&["-g", name])?));
    user("postgres").or_else(|| user("nobody"))
}

async fn connect(url: &str) -> PgConnection {
    let connected = tokio::time::timeout(PATIENCE, PgConnection::connect(url)).await;
    connected.expect("the PostgreSQL server does not answer").expect("a connection to the PostgreSQL server")
}
