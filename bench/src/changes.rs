//! Changes by REST, beside the INSERT of a share by plain SQL.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use crate::{
    insert,
    load::{Load, Request},
    median,
};

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rounds of each measurement
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of a round
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Connections of the closed loop
    #[arg(long, default_value_t = crate::CONNECTIONS)]
    connections: usize,
}

/// Measures the changes of one owner, and of an owner for each connection, in turn with plain SQL.
pub(crate) async fn run(
    url: &str,
    data: &Path,
    token: impl Fn(&str) -> anyhow::Result<String>,
    arguments: Arguments,
) -> anyhow::Result<()> {
    let Arguments { rounds, seconds, connections } = arguments;
    let time = Duration::from_secs(seconds);
    let number = Arc::new(AtomicU64::new(0));
    let load_of = |user: &str| -> anyhow::Result<Load> {
        let (number, authorization) = (number.clone(), format!("Bearer {}", token(user)?));
        Ok(Load::new(url, &authorization, move || {
            let recipient = number.fetch_add(1, Ordering::Relaxed);
            let body =
                format!(r#"{{"shared_with_user_id": "bob-{recipient}", "scope": "specific_tags", "tag_ids": ["t"]}}"#);
            Request::post("/api/v1/sharing", body)
        }))
    };
    let one = load_of("alice")?;
    let many = (0..connections).map(|user| load_of(&format!("user-{user}"))).collect::<anyhow::Result<Vec<_>>>()?;
    let (mut of_one, mut of_many, mut inserts) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        of_one.push(one.closed_loop(connections, time).await?);
        let mut asking = JoinSet::new();
        for load in many.clone() {
            asking.spawn(async move { load.closed_loop(1, time).await });
        }
        let mut all = 0.0;
        while let Some(rate) = asking.join_next().await {
            all += rate??;
        }
        of_many.push(all);
        inserts.push(insert::per_second(data, time).await?);
    }
    let inserts = median(inserts);
    for (what, rates) in [("one owner", of_one), ("an owner each", of_many)] {
        let rate = median(rates);
        println!(
            "POST a share, {connections} connections, {what}: {rate:>8.0}/s   plain SQL {inserts:>8.0}/s   ratio {:.2}",
            rate / inserts
        );
    }
    Ok(())
}
