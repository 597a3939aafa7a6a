//! Epochs of the feed. A restored database, or a standby that was promoted, lacks changes that readers may have seen: it starts a new
//! epoch, so that a position of the old one is not taken for a position of the new one.

use std::{
    fs::OpenOptions,
    io::{Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use tracing::warn;

use crate::{Change, Database};

/// An epoch: 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u128);

/// What identifies a PostgreSQL database that is not restored: its cluster, the timeline of the cluster, the database and the table.
pub(super) const IDENTITY_POSTGRES: &str = "(
    (SELECT CAST(system_identifier AS text) FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
        || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || CAST('feed_state' AS regclass)::oid
)";

impl Epoch {
    fn random() -> Self {
        Self(uuid::Uuid::new_v4().as_u128() ^ uuid::Uuid::new_v4().as_u128().rotate_left(64))
    }

    /// Parses the text of a row.
    pub(super) fn parse(text: &str) -> Result<Self, DbErr> {
        u128::from_str_radix(text, 16).map(Self).map_err(|error| DbErr::Type(error.to_string()))
    }

    pub(super) fn to_text(self) -> String {
        format!("{:032x}", self.0)
    }
}

impl Database {
    /// Starts the first epoch of a new database, and a new one if the database was restored or copied.
    pub async fn open_feed(&self) -> anyhow::Result<Epoch> {
        // An erasure may have ended just before a crash.
        if let Err(error) = self.truncate_wal().await {
            warn!(%error, "cannot truncate the write-ahead log at startup");
        }
        let change = self.begin(Vec::new()).await?;
        if change.connection().get_database_backend() == DbBackend::Postgres {
            // Two replicas may start at once.
            change.lock(&crate::Lock::new("feed", "epoch")).await?;
        }
        let identity = match &self.file {
            Some(file) => identity_of(file)?,
            None => postgres_identity(&change).await?,
        };
        let epoch = match current(&change).await? {
            None => start_first(&change, &identity).await?,
            Some((epoch, known)) if known == identity => epoch,
            Some((epoch, _)) => {
                warn!("the database was restored, copied or promoted: a new epoch of the change feed begins");
                start_next(&change, epoch, &identity).await?
            }
        };
        change.commit().await?;
        Ok(epoch)
    }
}

/// The epoch and the identity of the database that it belongs to.
async fn current(change: &Change) -> Result<Option<(Epoch, String)>, DbErr> {
    let rows = change.query("SELECT epoch, identity FROM feed_state WHERE id = 1", Vec::new()).await?;
    rows.first().map(read_current).transpose()
}

fn read_current(row: &QueryResult) -> Result<(Epoch, String), DbErr> {
    Ok((Epoch::parse(&row.try_get::<String>("", "epoch")?)?, row.try_get("", "identity")?))
}

async fn start_first(change: &Change, identity: &str) -> Result<Epoch, DbErr> {
    let epoch = Epoch::random();
    let values = vec![epoch.to_text().into(), identity.into()];
    change
        .execute(
            "INSERT INTO feed_state (id, epoch, pruned_to, resumable_from, resumable_seq, identity) VALUES (1, $1, 0, 0, 0, $2)",
            values,
        )
        .await?;
    Ok(epoch)
}

/// Ends `former` at the last position that this database has. Changes without a position get theirs in the new epoch.
pub(super) async fn start_next(change: &Change, former: Epoch, identity: &str) -> Result<Epoch, DbErr> {
    const END: &str = "
        INSERT INTO feed_epochs (epoch, ended_at)
        SELECT $1, COALESCE((SELECT MAX(position) FROM feed), pruned_to) FROM feed_state WHERE id = 1";
    let epoch = Epoch::random();
    change.execute(END, vec![former.to_text().into()]).await?;
    let values = vec![epoch.to_text().into(), identity.into()];
    change.execute("UPDATE feed_state SET epoch = $1, identity = $2 WHERE id = 1", values).await?;
    Ok(epoch)
}

async fn postgres_identity(change: &Change) -> Result<String, DbErr> {
    let sql = format!("SELECT {IDENTITY_POSTGRES} AS identity");
    let row = change.connection().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.map_or_else(|| Err(DbErr::RecordNotFound("the identity".to_owned())), |row| row.try_get("", "identity"))
}

/// What identifies a SQLite file that is not copied: a file beside it, by its content, its inode and its last change. A copy has another
/// inode, and a file that is written over another change time.
fn identity_of(database: &Path) -> anyhow::Result<String> {
    let mut name = database.as_os_str().to_owned();
    name.push(".identity");
    let path = PathBuf::from(name);
    let cannot = || format!("cannot use {}", path.display());
    let mut content = String::new();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(cannot)?;
    file.read_to_string(&mut content).with_context(cannot)?;
    if content.is_empty() {
        content = uuid::Uuid::new_v4().to_string();
        file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)?;
    }
    let metadata = file.metadata().with_context(cannot)?;
    Ok(format!("{content}/{}/{}.{:09}", metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}
