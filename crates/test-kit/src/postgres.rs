//! A PostgreSQL server for the tests: the one of `TEST_POSTGRES_URL`, else a private one, started on the first use and ended
//! with the process that started it.

#![allow(clippy::disallowed_methods, reason = "an environment variable selects the server of the tests")]

use std::{
    collections::{BTreeSet, HashMap},
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{ChildStderr, Stdio},
    sync::{Arc, Condvar, Mutex, OnceLock, mpsc},
    time::Duration,
};

use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::postgres_programs::{PostgresPrograms, free_port};

/// A server that does not take connections by then will not.
const TIMEOUT: Duration = Duration::from_secs(30);

struct Server {
    /// Without the name of a database.
    url: String,
    /// What the server was sent; `None` where it is not a server of this process, whose log is not read.
    log: Option<Arc<StatementLog>>,
}

/// The statements that a server was sent, by database.
#[derive(Default)]
struct StatementLog {
    statements: Mutex<HashMap<String, BTreeSet<String>>>,
    grew: Condvar,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// The statements that the database at `url` was sent so far, each once and without its values; `None` where they are not known.
pub(crate) async fn statements(url: &str) -> Option<BTreeSet<String>> {
    let log = SERVER.get()?.as_ref()?.log.clone()?;
    let database = url.rsplit('/').next()?.to_owned();
    // Its own statement comes after all others.
    let marker = format!("SELECT 'read up to {}'", Uuid::now_v7());
    connect(url).await.execute(sqlx::AssertSqlSafe(marker.clone())).await.expect("an answer");
    tokio::task::spawn_blocking(move || log.until(&database, &marker)).await.ok()
}

impl StatementLog {
    /// The statements of a database when `marker` is among them.
    fn until(&self, database: &str, marker: &str) -> BTreeSet<String> {
        let mut statements = self.statements.lock().expect("a log");
        loop {
            if let Some(of_database) = statements.get(database)
                && of_database.contains(marker)
            {
                return of_database.iter().filter(|statement| *statement != marker).cloned().collect();
            }
            let (locked, waited) = self.grew.wait_timeout(statements, TIMEOUT).expect("a log");
            assert!(!waited.timed_out(), "the PostgreSQL server does not log its statements");
            statements = locked;
        }
    }

    fn add(&self, entry: &str) {
        // `[database] LOG:  execute name: SELECT …` or `[database] LOG:  statement: SELECT …`
        let Some((database, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once("] LOG:  ")) else {
            return;
        };
        let statement = match rest.strip_prefix("execute ") {
            Some(named) => named.split_once(": ").map(|(_, statement)| statement),
            None => rest.strip_prefix("statement: "),
        };
        let Some(statement) = statement else { return };
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        self.statements.lock().expect("a log").entry(database.to_owned()).or_default().insert(statement);
        self.grew.notify_all();
    }
}

/// A new database; `None` where there is no server to be had.
pub(crate) async fn new_database() -> Option<String> {
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
        return Some(Server { url, log: None });
    }
    PostgresPrograms::find().map(|programs| start(&programs))
}

fn start(programs: &PostgresPrograms) -> Server {
    let files = programs.folder();
    let data = files.path().join("data");
    programs.init(&data);

    let port = free_port();
    // The shell ends the server when its standard input closes, which it does when this process ends, however it ends.
    let script = r#""$0" "$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$FILES""#;
    let mut shell = programs
        .command(Path::new("/bin/sh"))
        .arg("-c")
        .arg(script)
        .arg(programs.path("postgres"))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(files.path())
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "max_connections=400", "-c", "shared_buffers=32MB"])
        // Statements without their values, for tests that look at what is sent.
        .args(["-c", "log_statement=all", "-c", "log_parameter_max_length=0", "-c", "log_line_prefix=[%d] "])
        .current_dir(files.path())
        .env("FILES", files.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("postgres");
    let log = Arc::new(StatementLog::default());
    read_log(shell.stderr.take().expect("the log of the server"), log.clone());
    // Its standard input is kept open for as long as this process lives.
    std::mem::forget(shell);
    // The shell removes them when the server has ended.
    let _kept = files.keep();
    Server { url: format!("postgres://postgres@127.0.0.1:{port}"), log: Some(log) }
}

/// Returns when the server takes connections; what it logs is read on for as long as it runs.
fn read_log(lines: ChildStderr, log: Arc<StatementLog>) {
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        let mut entry = String::new();
        for line in BufReader::new(lines).lines().map_while(Result::ok) {
            if line.contains("database system is ready to accept connections") {
                // The receiver is gone when it reports this again.
                let _ = ready.send(());
            }
            // The lines of one entry after the first begin with a tab.
            if let Some(more) = line.strip_prefix('\t') {
                entry.push(' ');
                entry.push_str(more);
                continue;
            }
            log.add(&std::mem::replace(&mut entry, line));
            if entry.contains("SELECT 'read up to ") {
                log.add(&std::mem::take(&mut entry));
            }
        }
    });
    is_ready.recv_timeout(TIMEOUT).expect("the PostgreSQL server does not take connections");
}

async fn connect(url: &str) -> PgConnection {
    let connected = tokio::time::timeout(TIMEOUT, PgConnection::connect(url)).await;
    connected.expect("the PostgreSQL server does not answer").expect("a connection to the PostgreSQL server")
}

/// Copies a database without connections. The server waits five seconds for connections that are being closed.
pub async fn copy_database(url: &str, name: &str, copy: &str) {
    let server = url.replacen(name, "postgres", 1);
    let sql = format!("CREATE DATABASE {copy} TEMPLATE {name}");
    connect(&server).await.execute(sqlx::AssertSqlSafe(sql)).await.expect("a copy of the database");
}
