//! The programs of PostgreSQL on this machine.

#![allow(clippy::disallowed_methods, reason = "an environment variable says whether they are required")]

use std::{
    env, fs, iter,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use uuid::Uuid;

/// The programs, and the user that executes them.
#[derive(Clone, Debug)]
pub(crate) struct PostgresPrograms {
    folder: PathBuf,
    user: Option<(u32, u32)>,
}

impl PostgresPrograms {
    /// Finds them; `None` if they are not installed, which is an error if the environment says `REQUIRE_POSTGRES=1`.
    pub(crate) fn find() -> Option<Self> {
        let on_path = env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = env::split_paths(&on_path).collect();
        if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
            folders.extend(versions.flatten().map(|version| version.path().join("bin")));
        }
        // A link on the path leads to the folder with all programs.
        let folder_of_all = |folder: PathBuf| Some(folder.join("initdb").canonicalize().ok()?.parent()?.to_owned());
        let folder = folders.into_iter().filter_map(folder_of_all).find(|folder| folder.join("postgres").exists());
        let Some(folder) = folder else {
            assert!(env::var("REQUIRE_POSTGRES").as_deref() != Ok("1"), "REQUIRE_POSTGRES=1, and initdb is not found");
            eprintln!("PostgreSQL is not found: the parts of tests that need it are skipped");
            return None;
        };
        Some(Self { folder, user: unprivileged_user() })
    }

    /// The path of a program.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// A temporary folder that the programs can write.
    pub(crate) fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Some((uid, gid)) = self.user {
            chown(folder.path(), Some(uid), Some(gid)).expect("a folder for another user");
        }
        folder
    }

    /// A command that the user of the programs executes.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Executes a program of PostgreSQL, which must succeed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self.command(&self.path(program));
        let output = command.args(arguments).current_dir("/").stdin(Stdio::null()).output().expect("a program");
        assert!(output.status.success(), "{program} failed: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Creates the files of a server in `data`.
    pub(crate) fn init(&self, data: &Path) {
        let data = data.to_str().expect("a path in UTF-8");
        let options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D", data];
        self.run("initdb", &options);
    }
}

/// A free TCP port for a server that cannot choose its own, and that may restart on it.
///
/// It is below the ports that the system gives to outgoing connections and to servers that ask for any port: one of those could be
/// given away before the server starts, or while it restarts.
pub(crate) fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut ports = iter::repeat_with(|| 10_000 + Uuid::new_v4().as_fields().1 % 22_000);
    ports.find(is_free).expect("a free port")
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
