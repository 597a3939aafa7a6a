//! Draws the exported metrics of a limit over time: `cargo run --release -p bench -- admission-timeline FILE`.
//!
//! A route is offered 70 % of its capacity, then 200 %, then 70 % again.

use std::{
    fmt::Write,
    path::Path,
    time::{Duration, Instant},
};

use http::Method;
use test_kit::HttpClient;

use crate::admission::{MEASURE, closed_loop, offer, rest};

/// How long each part lasts.
const PART: Duration = Duration::from_secs(10);
/// The interval of samples.
const INTERVAL: Duration = Duration::from_millis(100);
/// Parts of the capacity that are offered.
const PARTS: [f64; 3] = [0.7, 2.0, 0.7];
const ROUTE: &str = "/exposure-profiles/default";

/// Width and height of a panel, and the margin around it.
const PANEL: (f64, f64) = (700.0, 90.0);
const MARGIN: f64 = 50.0;

/// Values over seconds.
type Series = Vec<(f64, f64)>;

/// The metrics of the limit at one time.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    seconds: f64,
    limit: f64,
    used: f64,
    waiting: f64,
    rejections: f64,
}

/// Measures, and writes the picture.
pub(crate) async fn run(url: &str, admin: &str, tokens: &[String], picture: &Path) -> anyhow::Result<()> {
    let get = rest(url, tokens, |_| ("GET", format!("/api/v1{ROUTE}"), String::new()));
    let capacity = closed_loop(&get, 16, MEASURE).await.rate();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let offered = async {
        for part in PARTS {
            offer(&get, capacity * part, PART).await;
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let observed = async {
        let (http, began, mut samples) = (HttpClient::new(admin.to_owned()), Instant::now(), Vec::new());
        while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
            let scraped = http.send(Method::GET, "/metrics", &[], "").await?;
            samples.push(sample(&String::from_utf8_lossy(&scraped.body), began.elapsed().as_secs_f64()));
            tokio::time::sleep(INTERVAL).await;
        }
        anyhow::Ok(samples)
    };
    let ((), samples) = tokio::join!(offered, observed);
    let samples = samples?;
    std::fs::write(picture, draw(&samples, capacity))?;
    let rejected = samples.last().copied().unwrap_or_default().rejections;
    println!("capacity {capacity:.0}/s, {} samples, {rejected} rejected; wrote {}", samples.len(), picture.display());
    Ok(())
}

fn sample(scraped: &str, seconds: f64) -> Sample {
    let label = format!("limit=\"read {ROUTE}\"");
    let sum = |name: &str| {
        let lines = scraped.lines().filter(|line| line.starts_with(name) && line.contains(&label));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    };
    Sample {
        seconds,
        limit: sum("admission_limit{"),
        used: sum("admission_used{"),
        waiting: sum("admission_waiting{"),
        rejections: sum("admission_rejections_total{"),
    }
}

fn draw(samples: &[Sample], capacity: f64) -> String {
    let rejections: Vec<_> = samples
        .windows(2)
        .filter_map(|pair| {
            let [before, after] = pair else { return None };
            Some((after.seconds, (after.rejections - before.rejections) / (after.seconds - before.seconds)))
        })
        .collect();
    let of = |value: fn(&Sample) -> f64| samples.iter().map(|sample| (sample.seconds, value(sample))).collect();
    let panels: [(&str, Series, Series); 3] = [
        ("running (line: limit)", of(|sample| sample.used), of(|sample| sample.limit)),
        ("waiting", of(|sample| sample.waiting), Vec::new()),
        ("rejections a second", rejections, Vec::new()),
    ];
    let time = PART.as_secs_f64() * 3.0;
    let (width, height) = (PANEL.0 + 2.0 * MARGIN, 3.0 * (PANEL.1 + MARGIN) + MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let mut top = MARGIN;
    for (title, values, limit) in panels {
        let most = values.iter().chain(&limit).map(|(_, value)| *value).fold(1.0, f64::max);
        let line = |points: &[(f64, f64)]| {
            points.iter().fold(String::new(), |mut line, (at, value)| {
                let (x, y) = (MARGIN + at / time * PANEL.0, top + PANEL.1 * (1.0 - value / most));
                let _ = write!(line, "{x:.1},{y:.1} ");
                line
            })
        };
        let _ = writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{:.0}\">{title}, at most {most:.0}</text>\
             <path d=\"M{MARGIN} {top}v{}h{}\" fill=\"none\" stroke=\"#888\"/>\
             <polyline points=\"{}\" fill=\"none\" stroke=\"#1f6feb\"/>\
             <polyline points=\"{}\" fill=\"none\" stroke=\"#d1242f\" stroke-dasharray=\"4\"/>",
            top - 8.0,
            PANEL.1,
            PANEL.0,
            line(&values).trim(),
            line(&limit).trim(),
        );
        top += PANEL.1 + MARGIN;
    }
    for (part, place) in PARTS.into_iter().zip([0.0, 1.0, 2.0]) {
        let x = MARGIN + place * PANEL.0 / 3.0;
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.0} {MARGIN}V{:.0}\" stroke=\"#bbb\" stroke-dasharray=\"2\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{:.0} % of {capacity:.0}/s offered, 10 s</text>",
            top - MARGIN,
            x + 4.0,
            top - MARGIN / 2.0,
            part * 100.0,
        );
    }
    svg.push_str("</svg>\n");
    svg
}
