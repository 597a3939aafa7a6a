//! What being followed costs: `cargo run --release -p bench -- telemetry`. Calls with traces and without take turns.

use std::time::{Duration, Instant};

use anyhow::ensure;
use http::Method;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use test_kit::HttpClient;
use tonic::{
    Request, Response, Status,
    transport::server::{Server, TcpIncoming},
};

use crate::{CONNECTIONS, Plane, decisions::cpu_micros, load, median, shared_with_bob, start};

/// Rounds of each measurement; more than elsewhere, because what is looked for is small.
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_secs(2);
/// Rejections would falsify the result: the limits are high enough.
const ALL_TAKEN: [&str; 2] = ["--max-in-flight", "256"];
/// Scrapes that are timed.
const SCRAPES: u32 = 200;
/// Starts that are timed.
const STARTS: usize = 11;

/// A collector that keeps nothing.
struct Collector;

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

/// Measures and prints.
pub(crate) async fn run() -> anyhow::Result<()> {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
    let endpoint = format!("http://{}", incoming.local_addr()?);
    tokio::spawn(Server::builder().add_service(TraceServiceServer::new(Collector)).serve_with_incoming(incoming));
    let plane = |options: &[&str]| {
        let data = tempfile::tempdir()?;
        anyhow::Ok((start(data.path(), &[&ALL_TAKEN, options].concat())?, data))
    };
    let followed = |ratio| plane(&["--otlp-endpoint", &endpoint, "--trace-ratio", ratio]);
    let planes = [plane(&[])?, followed("0.01")?, followed("1")?];
    let mut loads = Vec::new();
    for (plane, _) in &planes {
        let one = shared_with_bob(&plane.url, &plane.token).await?;
        let authorization = format!("Bearer {}", plane.token);
        loads.push(load::Load::new(&plane.url, &authorization, move || load::Request::get(&one)));
    }
    let mut rates = vec![Vec::new(); loads.len()];
    for round in 0..ROUNDS {
        // Each is the first in turn: what comes first in a round finds the machine another than what comes last.
        for turn in 0..loads.len() {
            let which = (round + turn) % loads.len();
            if let (Some(load), Some(rates)) = (loads.get(which), rates.get_mut(which)) {
                rates.push(load.closed_loop(CONNECTIONS, ROUND).await?);
            }
        }
    }
    let mut medians = rates.into_iter().map(median);
    let (none, some, all) = (medians.next(), medians.next(), medians.next());
    let (none, some, all) = (none.unwrap_or_default(), some.unwrap_or_default(), all.unwrap_or_default());
    println!("GET one share: {none:.0}/s without traces");
    println!("               {some:.0}/s with 1 % of them kept: {:+.1} %", (some / none - 1.0) * 100.0);
    println!("               {all:.0}/s with all of them kept: {:+.1} %", (all / none - 1.0) * 100.0);
    let [(plain, _), _, _] = &planes;
    scrape(plain).await?;
    starts()
}

async fn scrape(plane: &Plane) -> anyhow::Result<()> {
    let admin = HttpClient::new(plane.admin.clone());
    let (began, before) = (Instant::now(), cpu_micros(plane.process.id())?);
    let mut bytes = 0;
    for _ in 0..SCRAPES {
        let answer = admin.send(Method::GET, "/metrics", &[], "").await?;
        ensure!(answer.status == 200, "{}", answer.status);
        bytes = answer.body.len();
    }
    let cpu = (cpu_micros(plane.process.id())? - before) / f64::from(SCRAPES) / 1e3;
    let took = began.elapsed() / SCRAPES;
    println!("a scrape: {bytes} bytes, {took:?}, {cpu:.2} ms of the process's CPU");
    Ok(())
}

fn starts() -> anyhow::Result<()> {
    let (mut new, mut again) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let data = tempfile::tempdir()?;
        for ready in [&mut new, &mut again] {
            ready.push(start(data.path(), &[])?.ready.as_secs_f64() * 1e3);
        }
    }
    println!("ready to serve: {:.0} ms with nothing there yet, {:.0} ms with its data", median(new), median(again));
    Ok(())
}
