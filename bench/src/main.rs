//! Benchmarks: `cargo run --release -p bench -- --help` lists them.
//!
//! Without a command it starts the `ofself` that was built beside this program and asks it by REST, in turn with a bare axum → tonic hop that
//! answers a constant, and with the INSERT of a share by plain SQL at the same durability. The machine's speed drifts, so
//! quote the ratios; each is of medians over rounds that take turns.

mod admission;
mod admission_cost;
mod admission_timeline;
mod bare;
mod changes;
mod decisions;
mod erasure;
mod existence;
mod exposure;
mod feed;
mod growth;
mod hop;
mod idle;
mod insert;
mod load;
mod paired;
mod peer;
mod raw_http;
mod redaction;
mod requests;
mod sharing;
mod solver;
mod split;
mod stop;
mod telemetry;

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Parser;
use http::Method;
use test_kit::Process;

/// Rounds of each measurement.
const ROUNDS: usize = 5;
/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(3);
/// Admission control must not reject what is measured.
const UNLIMITED: [&str; 2] = ["--max-in-flight", "1000"];
/// Connections of the closed loop.
const CONNECTIONS: usize = 16;

/// Benchmarks of the permission plane; without a command: REST beside a bare hop and plain SQL.
///
/// Runs the `ofself` that was built beside this program, so build the workspace first: `cargo build --release --workspace`. Quote
/// ratios, not absolute figures: the speed of a machine drifts.
#[derive(clap::Parser)]
#[command(name = "bench", version)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Option<Benchmark>,
}

#[derive(clap::Subcommand)]
enum Benchmark {
    /// Decisions over gRPC, beside a bare tonic call
    Decisions,
    /// Calls of a sharing-svc that runs, or of two in turn
    Sharing(sharing::Arguments),
    /// Calls of an exposure-svc that runs, or of two in turn
    Exposure(exposure::Arguments),
    /// Changes by REST, beside plain SQL
    Changes(changes::Arguments),
    /// How cost grows with the shares of an owner and the parts of a profile
    Growth,
    /// Admission control at 70 % of the capacity, at twice and five times, and beside other load
    Admission {
        /// Seconds that the parts at 70 % of the capacity last
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// What admission control costs a call
    AdmissionCost,
    /// Draws limit, use and rejections of a route at 70 %, 200 % and 70 % of its capacity
    AdmissionTimeline {
        /// The SVG file to write
        picture: std::path::PathBuf,
    },
    /// What the erasure of a person costs others
    Erasure(erasure::Arguments),
    /// A stop of everything that a person with many shares shares
    Stop(stop::Arguments),
    /// From a change to its watchers
    Feed(feed::Arguments),
    /// Ten thousand connections on which nothing happens
    Idle,
    /// Whether the time of a 404 tells another's share from one that does not exist
    Existence,
    /// How fast personal data is found in texts
    Redaction {
        /// A text to measure, repeated to a megabyte, in place of those that are known to be hard
        file: Option<std::path::PathBuf>,
    },
    /// What the warnings of a profile cost in memory
    Solver,
    /// The cost of traces
    Telemetry,
    /// A bare tonic and a bare axum server, for a conformance test to compare with
    #[command(hide = true)]
    Bare,
    /// A bare axum to tonic hop, for the others to compare with
    #[command(hide = true)]
    Hop,
    /// A bare tonic server over a database, for the others to compare with
    #[command(hide = true)]
    Peer {
        /// The URL of the database
        database: String,
    },
}

struct Plane {
    process: Process,
    url: String,
    admin: String,
    sharing: String,
    exposure: String,
    token: String,
    ready: Duration,
    idle_kb: u64,
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().benchmark {
        Some(Benchmark::Bare) => {
            println!("{}", bare::listen().await?.join(" "));
            std::future::pending().await
        }
        Some(Benchmark::Hop) => {
            println!("{}", hop::listen().await?);
            std::future::pending().await
        }
        Some(Benchmark::Peer { database }) => {
            println!("{}", peer::listen(database).await?);
            std::future::pending().await
        }
        Some(Benchmark::Sharing(arguments)) => sharing::run(arguments).await,
        Some(Benchmark::Exposure(arguments)) => exposure::run(arguments).await,
        Some(Benchmark::Redaction { file }) => redaction::run(file),
        Some(Benchmark::Solver) => solver::run(),
        Some(Benchmark::Telemetry) => telemetry::run().await,
        Some(Benchmark::Decisions) => {
            let data = tempfile::tempdir()?;
            of_decisions(&start(data.path(), &UNLIMITED)?, data.path()).await
        }
        Some(Benchmark::Growth) => {
            let data = tempfile::tempdir()?;
            let plane = start(data.path(), &UNLIMITED)?;
            growth::run(&plane.url, &plane.sharing, data.path(), |user| token(user, data.path())).await
        }
        Some(Benchmark::Changes(arguments)) => {
            let data = tempfile::tempdir()?;
            let plane = start(data.path(), &UNLIMITED)?;
            changes::run(&plane.url, data.path(), |user| token(user, data.path()), arguments).await
        }
        Some(Benchmark::Erasure(arguments)) => {
            let data = tempfile::tempdir()?;
            let plane = start(data.path(), &[UNLIMITED[0], UNLIMITED[1], "--erasure-delay", "1s"])?;
            erasure::run(&plane.sharing, &plane.exposure, arguments).await
        }
        Some(Benchmark::Feed(arguments)) => match &arguments.url {
            Some(url) => feed::run(url, None, &arguments).await,
            None => {
                let data = tempfile::tempdir()?;
                let plane = start(data.path(), &UNLIMITED)?;
                feed::run(&plane.sharing, Some(plane.process.id()), &arguments).await
            }
        },
        Some(Benchmark::Stop(arguments)) => {
            let data = tempfile::tempdir()?;
            let plane = start(data.path(), &UNLIMITED)?;
            stop::run(&plane.sharing, &arguments).await
        }
        Some(Benchmark::AdmissionCost) => admission_cost::run().await,
        Some(Benchmark::AdmissionTimeline { picture }) => {
            let data = tempfile::tempdir()?;
            let started = start(data.path(), &[])?;
            let tokens = users(data.path())?;
            admission_timeline::run(&started.url, &started.admin, &tokens, &picture).await
        }
        Some(Benchmark::Admission { seconds }) => {
            let data = tempfile::tempdir()?;
            let started = start(data.path(), &[])?;
            decisions::prepare_for(&started.sharing, &started.exposure).await?;
            let tokens = users(data.path())?;
            let plane = admission::Plane {
                url: &started.url,
                sharing: &started.sharing,
                exposure: &started.exposure,
                tokens: &tokens,
                process: started.process.id(),
                steady: Duration::from_secs(seconds),
            };
            admission::run(&plane).await
        }
        Some(hardship @ (Benchmark::Idle | Benchmark::Existence)) => {
            let data = tempfile::tempdir()?;
            of_hardships(&hardship, &start(data.path(), &[])?, data.path()).await
        }
        None => requests::run().await,
    }
}

/// A share of Alice's with Bob.
async fn shared_with_bob(url: &str, token: &str) -> anyhow::Result<String> {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let body = r#"{"shared_with_user_id": "bob", "scope": "all"}"#;
    let made = test_kit::HttpClient::new(url.to_owned()).send(Method::POST, "/api/v1/sharing", &headers, body).await?;
    Ok(made.header("location").to_owned())
}

/// What the plane bears.
async fn of_hardships(hardship: &Benchmark, plane: &Plane, data: &std::path::Path) -> anyhow::Result<()> {
    let one = shared_with_bob(&plane.url, &plane.token).await?;
    let token = |user: &str| token(user, data);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are no hardships")]
    match hardship {
        Benchmark::Idle => idle::run(&plane.url, &plane.token, &one, plane.process.id()).await,
        _ => {
            let nobody = "/api/v1/sharing/0193a5b0-0000-7000-8000-000000000000";
            existence::run(&plane.url, &token("eve")?, &one, nobody).await
        }
    }
}

/// The decisions over gRPC, beside a process that answers constants over the same database.
async fn of_decisions(plane: &Plane, data: &std::path::Path) -> anyhow::Result<()> {
    let mut peer = String::new();
    let database = format!("sqlite://{}", data.join("sharing.db").display());
    let _peer = Process::start(Command::new(std::env::current_exe()?).arg("peer").arg(database), |line| {
        line.clone_into(&mut peer);
        true
    });
    let addresses = decisions::Addresses {
        sharing: plane.sharing.clone(),
        exposure: plane.exposure.clone(),
        peer,
        process: plane.process.id(),
    };
    decisions::run(&addresses).await
}

fn start(data: &std::path::Path, options: &[&str]) -> anyhow::Result<Plane> {
    let program = std::env::current_exe()?.with_file_name("ofself");
    let (mut url, mut admin, mut sharing, mut exposure) = (String::new(), String::new(), String::new(), String::new());
    let began = Instant::now();
    let mut command = Command::new(&program);
    command.arg("serve").args(["--rate-limit", "0", "--data-dir"]).arg(data).args(options);
    for listen in ["--listen", "--sharing-listen", "--exposure-listen", "--admin-listen"] {
        command.args([listen, "127.0.0.1:0"]);
    }
    let process = Process::start(&mut logging_to(&data.join("log"), &command), |line| {
        if let Some(address) = line.trim().strip_prefix("REST") {
            address.trim().trim_end_matches("/api/v1").clone_into(&mut url);
        }
        if let Some(address) = line.trim().strip_prefix("admin") {
            address.split("/readyz").next().unwrap_or_default().trim().clone_into(&mut admin);
        }
        for (name, known) in [("sharing", &mut sharing), ("exposure", &mut exposure)] {
            if let Some(address) = line.split_whitespace().skip_while(|word| *word != name).nth(1) {
                *known = address.replace("grpc://", "http://");
            }
        }
        line.starts_with("Another token:")
    });
    let ready = began.elapsed();
    std::thread::sleep(Duration::from_secs(2));
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let idle_kb = resident.trim().trim_end_matches(" kB").parse()?;
    let token = token("alice", data)?;
    Ok(Plane { process, url, admin, sharing, exposure, token, ready, idle_kb })
}

/// The same command with its log in a file: reading the log takes no time of the benchmark.
fn logging_to(log: &std::path::Path, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"log=$1; shift; echo started; exec "$@" 2>"$log""#, "sh"]).arg(log);
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

fn token(user: &str, data: &std::path::Path) -> anyhow::Result<String> {
    let program = std::env::current_exe()?.with_file_name("ofself");
    let printed = Command::new(program).args(["token", "--user", user, "--data-dir"]).arg(data).output()?;
    Ok(String::from_utf8(printed.stdout)?.trim().to_owned())
}

/// Tokens of different users.
fn users(data: &std::path::Path) -> anyhow::Result<Vec<String>> {
    (0..64).map(|number| token(&format!("alice-{number}"), data)).collect()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn help_is_shown_and_unknown_benchmark_rejected() {
        let kind = |arguments: &[&str]| Arguments::try_parse_from(arguments).err().map(|error| error.kind());
        assert_eq!(kind(&["bench", "--help"]), Some(ErrorKind::DisplayHelp));
        assert_eq!(kind(&["bench", "sharing", "--help"]), Some(ErrorKind::DisplayHelp));
        assert_eq!(kind(&["bench", "decision"]), Some(ErrorKind::InvalidSubcommand));
        assert_eq!(kind(&["bench", "sharing"]), Some(ErrorKind::MissingRequiredArgument));
        assert_eq!(kind(&["bench"]), None);
    }
}
