//! REST requests, beside a bare hop, a bare route and plain SQL: `cargo run --release -p bench`.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use test_kit::Process;

use crate::{
    CONNECTIONS, ROUND, ROUNDS, UNLIMITED, insert,
    load::{Load, Request},
    median, shared_with_bob, split, start,
};

/// Measures and prints.
pub(crate) async fn run() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let plane = start(data.path(), &UNLIMITED)?;
    println!("ready to serve after {} ms, {} MB resident when idle", plane.ready.as_millis(), plane.idle_kb / 1024);

    // A process of its own, as the plane is.
    let mut hop_url = String::new();
    let _hop = Process::start(Command::new(std::env::current_exe()?).arg("hop"), |line| {
        line.clone_into(&mut hop_url);
        true
    });
    let authorization = format!("Bearer {}", plane.token);
    let one = shared_with_bob(&plane.url, &plane.token).await?;
    let number = Arc::new(AtomicU64::new(0));

    let split_data = tempfile::tempdir()?;
    let split = split::start(split_data.path(), data.path()).await?;
    let split_one = shared_with_bob(&split.url, &plane.token).await?;
    let mut bare_urls = String::new();
    let _bare = Process::start(Command::new(std::env::current_exe()?).arg("bare"), |line| {
        line.clone_into(&mut bare_urls);
        true
    });
    let axum_url = format!("http://{}", bare_urls.split_whitespace().nth(1).context("no address of the bare route")?);

    let get = Load::new(&plane.url, &authorization, move || Request::get(&one));
    let get_split = Load::new(&split.url, &authorization, move || Request::get(&split_one));
    let bare = Load::new(&hop_url, &authorization, || Request::get("/share"));
    let healthz = Load::new(&plane.url, &authorization, || Request::get("/healthz"));
    let unauthorized = Load::new(&plane.url, "", || Request::get("/api/v1/sharing/outgoing")).expecting(401);
    let axum = Load::new(&axum_url, &authorization, || Request::get("/healthz"));
    let post = Load::new(&plane.url, &authorization, move || {
        let recipient = number.fetch_add(1, Ordering::Relaxed);
        Request::post(
            "/api/v1/sharing",
            format!(r#"{{"shared_with_user_id": "bob-{recipient}", "scope": "specific_tags", "tag_ids": ["t"]}}"#),
        )
    });

    let (mut probes, mut rejections, mut routes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        probes.push(healthz.closed_loop(CONNECTIONS, ROUND).await?);
        rejections.push(unauthorized.closed_loop(CONNECTIONS, ROUND).await?);
        routes.push(axum.closed_loop(CONNECTIONS, ROUND).await?);
    }
    let (probes, rejections, routes) = (median(probes), median(rejections), median(routes));
    println!("/healthz:          {probes:>8.0}/s   a bare route {routes:>8.0}/s   ratio {:.2}", probes / routes);
    println!(
        "401:               {rejections:>8.0}/s   a bare route {routes:>8.0}/s   ratio {:.2}",
        rejections / routes
    );

    let (mut gets, mut splits, mut bares) = (Vec::new(), Vec::new(), Vec::new());
    let (mut posts, mut inserts) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        gets.push(get.closed_loop(CONNECTIONS, ROUND).await?);
        splits.push(get_split.closed_loop(CONNECTIONS, ROUND).await?);
        bares.push(bare.closed_loop(CONNECTIONS, ROUND).await?);
        posts.push(post.closed_loop(CONNECTIONS, ROUND).await?);
        inserts.push(insert::per_second(data.path(), ROUND).await?);
    }
    let (gets, splits, bares) = (median(gets), median(splits), median(bares));
    let (posts, inserts) = (median(posts), median(inserts));
    println!("GET one share:     {gets:>8.0}/s   a bare hop {bares:>8.0}/s   ratio {:.2}", gets / bares);
    println!("  three processes: {splits:>8.0}/s   a bare hop {bares:>8.0}/s   ratio {:.2}", splits / bares);
    println!("POST a share:      {posts:>8.0}/s   plain SQL  {inserts:>8.0}/s   ratio {:.2}", posts / inserts);

    for (name, load, rate) in [("GET", &get, 2_000), ("a bare hop", &bare, 2_000), ("POST", &post, 300)] {
        let seen = load.open_loop(rate, Duration::from_secs(10)).await?;
        println!(
            "{name} at {rate}/s offered: p50 {:.2} ms, p99 {:.2} ms, refused {}",
            seen.p50.as_secs_f64() * 1e3,
            seen.p99.as_secs_f64() * 1e3,
            seen.failed
        );
    }
    Ok(())
}
