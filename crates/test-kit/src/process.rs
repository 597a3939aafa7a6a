//! Programs under test, as processes.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock},
};

/// The path of a program of this workspace, which `cargo` builds first if it is out of date.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<Mutex<HashMap<String, PathBuf>>> = OnceLock::new();
    let mut built = BUILT.get_or_init(Mutex::default).lock().expect("no test panics here");
    built.entry(name.to_owned()).or_insert_with(|| build(name)).clone()
}

fn build(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("`deps` in the folder of a profile");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--package", name]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo");
    assert!(status.success(), "`{name}` does not build");
    folder.join(name)
}

/// A process that is killed on drop.
pub struct Process(Child);

impl Process {
    /// Starts a program and hands its output, line by line, to `is_up` until that says so.
    pub fn start(command: &mut Command, mut is_up: impl FnMut(&str) -> bool) -> Self {
        let (process, lines, ()) = Self::start_until(command, |line| is_up(line).then_some(()));
        // Its output is read to the end, or it would stop at a full pipe.
        std::thread::spawn(move || lines.iter().for_each(drop));
        process
    }

    /// The same; what `follow` returns first is what it was started for, and `follow` gets every later line as well.
    pub fn start_and_follow<T: Send + 'static>(
        command: &mut Command,
        mut follow: impl FnMut(&str) -> Option<T> + Send + 'static,
    ) -> (Self, T) {
        let (process, lines, value) = Self::start_until(command, &mut follow);
        std::thread::spawn(move || lines.iter().for_each(|line| drop(follow(&line))));
        (process, value)
    }

    fn start_until<T>(
        command: &mut Command,
        mut is_up: impl FnMut(&str) -> Option<T>,
    ) -> (Self, std::sync::mpsc::Receiver<String>, T) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program");
        let (lines, seen) = std::sync::mpsc::channel();
        let (out, err) = (child.stdout.take().expect("its output"), child.stderr.take().expect("its log"));
        let of_out = lines.clone();
        std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|l| of_out.send(l)));
        std::thread::spawn(move || BufReader::new(err).lines().map_while(Result::ok).try_for_each(|l| lines.send(l)));
        let mut log = String::new();
        let value = loop {
            let Ok(line) = seen.recv_timeout(std::time::Duration::from_secs(30)) else {
                panic!("the program did not come up:\n{log}");
            };
            if let Some(value) = is_up(&line) {
                break value;
            }
            log.push_str(&line);
            log.push('\n');
        };
        (Self(child), seen, value)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        self.0.kill().expect("a process to kill");
        self.0.wait().expect("a killed process");
    }

    /// Sends it a signal by its name, `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(sent.expect("kill").success());
    }

    /// Waits for its end and gives its exit code.
    pub fn exit_code(mut self) -> Option<i32> {
        self.0.wait().expect("a process").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
