//! Whether a PostgreSQL server can be reached, and why not.

use std::time::Duration;

use anyhow::anyhow;
use sea_orm::sqlx::{self, Connection, PgConnection, postgres::PgConnectOptions};

/// How a PostgreSQL server is reached.
#[derive(Clone, Debug)]
pub(super) struct PostgresServer {
    options: Box<PgConnectOptions>,
    timeout: Duration,
}

/// The driver treats the brackets of an IPv6 address in a URL as part of the name.
pub(super) fn without_brackets(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(str::to_owned);
    match host {
        Some(host) => options.host(&host),
        None => options,
    }
}

impl PostgresServer {
    /// A server that does not respond within `timeout` is reported.
    pub(super) fn new(options: PgConnectOptions, timeout: Duration) -> Self {
        Self { options: Box::new(without_brackets(options)), timeout }
    }

    /// Connects once. A pool would retry a refused connection until its timeout, and report only the timeout.
    pub(super) async fn probe(&self) -> anyhow::Result<()> {
        let connected = tokio::time::timeout(self.timeout, PgConnection::connect_with(&self.options)).await;
        let cause = match connected {
            Ok(Ok(connection)) => {
                // It has responded; how the connection ends does not matter.
                let _ = connection.close().await;
                return Ok(());
            }
            Ok(Err(sqlx::Error::Io(error))) => error.to_string(),
            Ok(Err(error)) => match error.as_database_error() {
                Some(answer) => answer.message().to_owned(),
                None => error.to_string(),
            },
            Err(_) => format!("no answer within {:?}", self.timeout),
        };
        Err(anyhow!("cannot connect to PostgreSQL at {}: {cause}", self.address()))
    }

    fn address(&self) -> String {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        match self.options.get_socket() {
            Some(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
            None if host.starts_with('/') => format!("{host}/.s.PGSQL.{port}"),
            None if host.contains(':') => format!("[{host}]:{port}"),
            None => format!("{host}:{port}"),
        }
    }
}
