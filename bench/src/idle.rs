//! Ten thousand connections on which nothing happens: `cargo run --release -p bench -- idle`.

use std::{fs, time::Instant};

use anyhow::Context;
use http::Method;
use test_kit::HttpClient;
use tokio::net::TcpStream;

/// Connections that do nothing.
const CONNECTIONS: usize = 10_000;
/// Requests beside them.
const REQUESTS: usize = 2_000;

/// Asks for one share, alone and beside idle connections.
pub(crate) async fn run(url: &str, token: &str, one: &str, process: u32) -> anyhow::Result<()> {
    let address = url.trim_start_matches("http://").to_owned();
    let authorization = format!("Bearer {token}");
    let http = HttpClient::new(url);
    let median = async || {
        let mut took = Vec::new();
        for _ in 0..REQUESTS {
            let began = Instant::now();
            let answer = http.send(Method::GET, one, &[("authorization", &authorization)], "").await?;
            anyhow::ensure!(answer.status == 200, "{}", answer.status);
            took.push(began.elapsed());
        }
        took.sort_unstable();
        took.get(took.len() / 2).copied().context("no request")
    };
    let alone = median().await?;
    let (before, mut idle) = (resident(process)?, Vec::new());
    for _ in 0..CONNECTIONS {
        idle.push(TcpStream::connect(&address).await.context("one more connection")?);
    }
    let beside = median().await?;
    let after = resident(process)?;
    println!("one after another: p50 {alone:?} alone, {beside:?} beside {} idle connections", idle.len());
    println!("memory: {before} kB before, {after} kB beside them");
    Ok(())
}

fn resident(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(resident.trim().trim_end_matches(" kB").parse()?)
}
