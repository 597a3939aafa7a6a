//! Rows to shares and back. A row that is no share is a fault of ours, never a guess.

use anyhow::{Context, anyhow};
use sea_orm::prelude::ChronoDateTimeUtc;
use service_kit::digest::{hex, sha256};
use vocabulary::{Distinct, Id, Instant};

use super::entity::Model;
use crate::{
    domain::{FollowId, Rights, Scope, Share, ShareId, Source, Terms, UserId},
    error::Error,
};

pub(super) const DIRECT: &str = "direct";
const FOLLOW: &str = "follow";
const RESHARE: &str = "reshare";

impl From<&Share> for Model {
    fn from(share: &Share) -> Self {
        let Share { id, owner, recipient, maker, terms, source, .. } = share;
        let Terms { scope, rights, expires_at } = terms;
        let (source, follow_id) = match source {
            Source::Direct => (DIRECT, None),
            Source::Follow(follow) => (FOLLOW, Some(follow.to_string())),
            Source::Reshare { .. } => (RESHARE, None),
        };
        Self {
            id: id.0,
            owner_id: owner.to_string(),
            recipient_id: recipient.to_string(),
            maker_id: maker.to_string(),
            scope: scope.kind().name().to_owned(),
            tag_ids: scope.tag_ids().into(),
            node_ids: scope.node_ids().into(),
            scope_digest: scope_digest(scope),
            can_read: rights.read,
            can_write: rights.write,
            can_delete: rights.delete,
            can_share: rights.share,
            expires_at: expires_at.map(Instant::utc),
            effective_until: share.effective_until.map(Instant::utc),
            source: source.to_owned(),
            follow_id,
            parent_share_id: share.parent().map(|parent| parent.0),
            depth: share.depth().into(),
            revoked_at: share.revoked_at.map(Instant::utc),
            created_at: share.created_at.utc(),
            updated_at: share.updated_at.utc(),
            version: share.version,
        }
    }
}

impl TryFrom<Model> for Share {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let id = row.id;
        read(row).with_context(|| format!("the row of share {id} cannot be read")).map_err(Error::Internal)
    }
}

fn read(row: Model) -> anyhow::Result<Share> {
    let scope = match row.scope.as_str() {
        "all" => Scope::All,
        "specific_tags" => Scope::Tags(ids(row.tag_ids)?),
        "specific_nodes" => Scope::Nodes(ids(row.node_ids)?),
        "graph" => Scope::Graph(ids(row.node_ids)?),
        other => return Err(anyhow!("unknown scope `{other}`")),
    };
    let source = match (row.source.as_str(), row.follow_id, row.parent_share_id) {
        (DIRECT, None, None) => Source::Direct,
        (FOLLOW, Some(follow), None) => Source::Follow(FollowId::parse(follow)?),
        (RESHARE, None, Some(parent)) => {
            Source::Reshare { parent: ShareId(parent), depth: u8::try_from(row.depth).context("depth")? }
        }
        (other, ..) => return Err(anyhow!("source `{other}` does not fit its columns")),
    };
    Ok(Share {
        id: ShareId(row.id),
        owner: UserId::parse(row.owner_id)?,
        recipient: UserId::parse(row.recipient_id)?,
        maker: UserId::parse(row.maker_id)?,
        terms: Terms {
            scope,
            rights: Rights { read: row.can_read, write: row.can_write, delete: row.can_delete, share: row.can_share },
            expires_at: instant(row.expires_at)?,
        },
        source,
        effective_until: instant(row.effective_until)?,
        revoked_at: instant(row.revoked_at)?,
        created_at: Instant::new(row.created_at)?,
        updated_at: Instant::new(row.updated_at)?,
        version: row.version,
    })
}

fn ids<Kind>(value: serde_json::Value) -> anyhow::Result<Distinct<Id<Kind>>> {
    let ids: Vec<Id<Kind>> = serde_json::from_value(value)?;
    if ids.is_empty() {
        return Err(anyhow!("a scope without its ids"));
    }
    Ok(Distinct::new(ids))
}

fn instant(moment: Option<ChronoDateTimeUtc>) -> anyhow::Result<Option<Instant>> {
    moment.map(Instant::new).transpose().map_err(Into::into)
}

/// Equal for two scopes that cover the same.
pub(super) fn scope_digest(scope: &Scope) -> String {
    hex(&sha256(&[scope.canonical().as_bytes()]))
}
