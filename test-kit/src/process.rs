//! Programs under test, as processes.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A process that is killed when the test lets go of it.
pub struct Process(Child);

impl Process {
    /// Starts a program and hands its output, line by line, to `is_up` until that says so.
    pub fn start(command: &mut Command, mut is_up: impl FnMut(&str) -> bool) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program");
        let (lines, seen) = std::sync::mpsc::channel();
        let (out, err) = (child.stdout.take().expect("its output"), child.stderr.take().expect("its log"));
        let of_out = lines.clone();
        std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|l| of_out.send(l)));
        std::thread::spawn(move || BufReader::new(err).lines().map_while(Result::ok).try_for_each(|l| lines.send(l)));
        let mut log = String::new();
        loop {
            let Ok(line) = seen.recv_timeout(std::time::Duration::from_secs(30)) else {
                panic!("the program did not come up:\n{log}");
            };
            if is_up(&line) {
                break;
            }
            log.push_str(&line);
            log.push('\n');
        }
        // Its output is read to the end, or it would stop at a full pipe.
        std::thread::spawn(move || seen.iter().for_each(drop));
        Self(child)
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
