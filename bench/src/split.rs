//! The plane as three processes over loopback, in plain text.

use std::{net::TcpListener, path::Path, process::Command, time::Duration};

use anyhow::bail;
use http::Method;
use test_kit::{HttpClient, Process};

use crate::{UNLIMITED, logging_to};

/// Three processes that serve.
pub(crate) struct Split {
    pub(crate) url: String,
    _processes: [Process; 3],
}

/// Starts them with databases in `data`; they accept the tokens of the `ofself` whose data is in `issuer`.
pub(crate) async fn start(data: &Path, issuer: &Path) -> anyhow::Result<Split> {
    let address = || anyhow::Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string());
    let (sharing, exposure, rest) = (address()?, address()?, address()?);
    let program = |name: &str| anyhow::Ok(Command::new(std::env::current_exe()?.with_file_name(name)));
    let service = |name: &str, listen: &str| {
        let mut command = program(name)?;
        let database = format!("sqlite://{}?mode=rwc", data.join(format!("{name}.db")).display());
        command.args(["serve", "--listen", listen, "--admin-listen", "127.0.0.1:0", "--database-url", &database]);
        command.args(UNLIMITED);
        anyhow::Ok(Process::start(&mut logging_to(&data.join(name), &command), |_| true))
    };
    let mut gateway = program("gateway")?;
    gateway.args(["serve", "--listen", &rest, "--admin-listen", "127.0.0.1:0", "--rate-limit", "0"]);
    gateway.args(["--sharing-url", &format!("http://{sharing}"), "--exposure-url", &format!("http://{exposure}")]);
    gateway.args(["--jwt-issuer", "ofself-standalone", "--jwt-audience", "ofself-api", "--jwt-jwks-file"]);
    gateway.arg(issuer.join("jwks.json")).args(UNLIMITED);
    let processes = [
        service("sharing-svc", &sharing)?,
        service("exposure-svc", &exposure)?,
        Process::start(&mut logging_to(&data.join("gateway"), &gateway), |_| true),
    ];
    let url = format!("http://{rest}");
    for _ in 0..500 {
        let answer = HttpClient::new(url.clone()).send(Method::GET, "/readyz", &[], "").await;
        if answer.is_ok_and(|answer| answer.status.is_success()) {
            return Ok(Split { url, _processes: processes });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the three processes are not ready")
}
