//! A PostgreSQL server of one test, which can crash, have a standby, and be restored from a dump.

use std::{
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::postgres_programs::{PostgresPrograms, free_port};

/// A server that does not accept connections by then will not.
const STARTUP_TIMEOUT: Duration = Duration::from_mins(1);
const ATTEMPT_EVERY: Duration = Duration::from_millis(50);
const DATABASE: &str = "postgres";

/// A server and its files, which are removed on drop.
#[derive(Debug)]
pub struct PostgresCluster {
    programs: PostgresPrograms,
    files: TempDir,
    port: u16,
    server: Option<Child>,
}

impl PostgresCluster {
    /// A new server; `None` if PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let programs = PostgresPrograms::find()?;
        let files = programs.folder();
        programs.init(&files.path().join("data"));
        let mut cluster = Self { programs, files, port: free_port(), server: None };
        cluster.restart();
        Some(cluster)
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// Kills the server, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("a server that runs");
            server.wait().expect("a server that was killed");
        }
    }

    /// Starts the server again after a [`kill`](Self::kill).
    pub fn restart(&mut self) {
        let began = Instant::now();
        // Processes of a server that was killed end by themselves; until then no other starts.
        while !self.start_once(began) {
            assert!(began.elapsed() < STARTUP_TIMEOUT, "the PostgreSQL server does not start");
        }
    }

    /// A standby of this server, which follows it.
    #[must_use]
    pub fn standby(&self) -> Self {
        let files = self.programs.folder();
        let data = files.path().join("data");
        self.programs.run("pg_basebackup", &["-R", "-X", "stream", "-c", "fast", "-d", &self.url(), "-D", path(&data)]);
        let mut standby = Self { programs: self.programs.clone(), files, port: free_port(), server: None };
        standby.restart();
        standby
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.programs.run("pg_ctl", &["promote", "-w", "-D", path(&self.data())]);
    }

    /// Writes a dump of the database.
    pub fn dump(&self) -> PathBuf {
        let dump = self.files.path().join("dump");
        self.programs.run("pg_dump", &["-Fc", "-d", &self.url(), "-f", path(&dump)]);
        dump
    }

    /// Restores a dump of another server.
    pub fn restore(&self, dump: &Path) {
        self.programs.run("pg_restore", &["--exit-on-error", "-d", &self.url(), path(dump)]);
    }

    fn data(&self) -> PathBuf {
        self.files.path().join("data")
    }

    /// Starts the server and returns whether it accepts connections; `false`: it ended.
    fn start_once(&mut self, began: Instant) -> bool {
        let mut server = self.programs.command(&self.programs.path("postgres"));
        server.args(["-D", path(&self.data()), "-k", path(self.files.path()), "-h", "127.0.0.1"]);
        server.args(["-p", &self.port.to_string(), "-c", "max_connections=100"]);
        server.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = server.spawn().expect("postgres");
        let mut is_ready = self.programs.command(&self.programs.path("pg_isready"));
        is_ready.args(["-q", "-d", &self.url()]).current_dir("/");
        while began.elapsed() < STARTUP_TIMEOUT && server.try_wait().expect("a server").is_none() {
            if is_ready.status().expect("pg_isready").success() {
                self.server = Some(server);
                return true;
            }
            std::thread::sleep(ATTEMPT_EVERY);
        }
        let _ = server.kill();
        let _ = server.wait();
        false
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        self.kill();
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
