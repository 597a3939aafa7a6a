//! Processes of the service over one database, which crash.

#![allow(clippy::disallowed_methods, reason = "an environment variable asks for a long run")]

use std::{env, sync::Mutex};

use test_kit::Process;
use tonic::transport::Channel;

use crate::durability::start_at;

/// Replicas over one database.
pub struct Replicas {
    url: String,
    running: Mutex<Vec<(Option<Process>, Channel)>>,
}

impl Replicas {
    pub fn start(url: String, count: usize) -> Self {
        let running = (0..count).map(|_| Self::spawn(&url)).collect();
        Self { url, running: Mutex::new(running) }
    }

    fn spawn(url: &str) -> (Option<Process>, Channel) {
        let (process, address) = start_at(url, &[]);
        (Some(process), Channel::from_shared(address).unwrap().connect_lazy())
    }

    pub fn count(&self) -> usize {
        self.running.lock().unwrap().len()
    }

    pub fn channel(&self, number: usize) -> Channel {
        let running = self.running.lock().unwrap();
        running[number % running.len()].1.clone()
    }

    /// Kills a process as `kill -9` does, and starts another.
    pub fn kill_and_restart(&self, number: usize) {
        let process = self.running.lock().unwrap()[number].0.take();
        process.expect("a process").kill();
        let spawned = Self::spawn(&self.url);
        self.running.lock().unwrap()[number] = spawned;
    }
}

/// The size of a test: the value of an environment variable for a long run, or the default.
pub fn long_run(name: &str, default: usize) -> usize {
    env::var(name).map_or(default, |number| number.parse().expect("a number"))
}
