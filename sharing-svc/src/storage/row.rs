//! Conversion between rows and shares. An invalid row is an internal error.

use anyhow::{Context, anyhow};
use runtime::digest::sha256;
use sea_orm::prelude::{ChronoDateTimeUtc, Uuid};
use types::{Id, Timestamp, UniqueVec};

use super::entity::Model;
use crate::{
    domain::{FollowId, Rights, Scope, Share, ShareId, Source, Terms, Usage, UserId},
    error::Error,
};

pub(super) const DIRECT: &str = "direct";
const FOLLOW: &str = "follow";
pub(super) const RESHARE: &str = "reshare";

impl From<&Share> for Model {
    fn from(share: &Share) -> Self {
        let Share {
            id,
            owner,
            recipient,
            creator,
            terms,
            source,
            revoked_at,
            ended_at,
            created_at,
            updated_at,
            version,
            created_version,
        } = share;
        let Terms { scope, rights, expires_at } = terms;
        let (source, follow_id, follow_ended_at) = match source {
            Source::Direct => (DIRECT, None, None),
            Source::Follow { follow, ended_at } => (FOLLOW, Some(follow.to_string()), *ended_at),
            Source::Reshare { .. } => (RESHARE, None, None),
        };
        let Usage { ids, id_bytes, .. } = Usage::of(share);
        let ancestors: Vec<_> = share.ancestors().iter().map(|id| id.0.simple().to_string()).collect();
        Self {
            owner_id: owner.to_string(),
            id: id.0,
            recipient_id: recipient.to_string(),
            creator_id: creator.to_string(),
            scope: scope.kind().name().to_owned(),
            tag_ids: scope.tag_ids().into(),
            node_ids: scope.node_ids().into(),
            scope_digest: scope_digest(scope),
            id_count: ids,
            id_bytes,
            can_read: rights.read,
            can_write: rights.write,
            can_delete: rights.delete,
            can_share: rights.share,
            expires_at: expires_at.map(Timestamp::utc),
            source: source.to_owned(),
            follow_id,
            follow_ended_at: follow_ended_at.map(Timestamp::utc),
            parent_share_id: share.parent().map(|parent| parent.0),
            ancestors: ancestors.into(),
            revoked_at: revoked_at.map(Timestamp::utc),
            ended_at: ended_at.map(Timestamp::utc),
            ended_permanently: revoked_at.is_some(),
            // A revocation sets it where there are shares below.
            sweep_below: false,
            created_at: created_at.utc(),
            updated_at: updated_at.utc(),
            version: *version,
            created_version: *created_version,
        }
    }
}

impl TryFrom<Model> for Share {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let id = row.id;
        parse(row).with_context(|| format!("the row of share {id} cannot be read")).map_err(Error::Internal)
    }
}

fn parse(row: Model) -> anyhow::Result<Share> {
    let scope = match row.scope.as_str() {
        "all" => Scope::All,
        "specific_tags" => Scope::Tags(ids(row.tag_ids)?),
        "specific_nodes" => Scope::Nodes(ids(row.node_ids)?),
        "graph" => Scope::Graph(ids(row.node_ids)?),
        other => return Err(anyhow!("unknown scope `{other}`")),
    };
    let source = match (row.source.as_str(), row.follow_id, row.parent_share_id) {
        (DIRECT, None, None) => Source::Direct,
        (FOLLOW, Some(follow), None) => {
            Source::Follow { follow: FollowId::parse(follow)?, ended_at: instant(row.follow_ended_at)? }
        }
        (RESHARE, None, Some(parent)) => {
            let ancestors: Vec<Uuid> = serde_json::from_value(row.ancestors).context("ancestors")?;
            if ancestors.last() != Some(&parent) {
                return Err(anyhow!("the last ancestor is not the parent"));
            }
            Source::Reshare { ancestors: ancestors.into_iter().map(ShareId).collect() }
        }
        (other, ..) => return Err(anyhow!("source `{other}` does not fit its columns")),
    };
    Ok(Share {
        id: ShareId(row.id),
        owner: UserId::parse(row.owner_id)?,
        recipient: UserId::parse(row.recipient_id)?,
        creator: UserId::parse(row.creator_id)?,
        terms: Terms {
            scope,
            rights: Rights { read: row.can_read, write: row.can_write, delete: row.can_delete, share: row.can_share },
            expires_at: instant(row.expires_at)?,
        },
        source,
        revoked_at: instant(row.revoked_at)?,
        ended_at: instant(row.ended_at)?,
        created_at: Timestamp::new(row.created_at)?,
        updated_at: Timestamp::new(row.updated_at)?,
        version: row.version,
        created_version: row.created_version,
    })
}

fn ids<Kind>(value: serde_json::Value) -> anyhow::Result<UniqueVec<Id<Kind>>> {
    let ids: Vec<Id<Kind>> = serde_json::from_value(value)?;
    if ids.is_empty() {
        return Err(anyhow!("a scope without its ids"));
    }
    Ok(UniqueVec::new(ids))
}

fn instant(timestamp: Option<ChronoDateTimeUtc>) -> anyhow::Result<Option<Timestamp>> {
    timestamp.map(Timestamp::new).transpose().map_err(Into::into)
}

/// Equal for two scopes that cover the same.
pub(super) fn scope_digest(scope: &Scope) -> String {
    hex::encode(sha256(&[scope.canonical().as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Rights;

    fn share(scope: Scope, source: Source) -> Share {
        let at = Timestamp::from_parts(1_767_225_600, 120_000_000).unwrap();
        let user = |name: &str| UserId::parse(name).unwrap();
        Share {
            id: ShareId(Uuid::from_u128(7)),
            owner: user("ann"),
            recipient: user("bob"),
            creator: user("ann"),
            terms: Terms {
                scope,
                rights: Rights { read: true, write: false, delete: true, share: false },
                expires_at: None,
            },
            source,
            revoked_at: None,
            ended_at: None,
            created_at: at,
            updated_at: at,
            version: 3,
            created_version: 1,
        }
    }

    #[test]
    fn row_of_an_event_is_read_back() {
        let at = Timestamp::from_parts(1_767_225_700, 0).unwrap();
        let tags = Scope::Tags(UniqueVec::new(vec![Id::parse("t").unwrap()]));
        let reshare = Source::Reshare { ancestors: vec![ShareId(Uuid::from_u128(5)), ShareId(Uuid::from_u128(6))] };
        let follow = Source::Follow { follow: FollowId::parse("f").unwrap(), ended_at: Some(at) };
        let plain = share(Scope::All, Source::Direct);
        let ended = Share { revoked_at: Some(at), ended_at: Some(at), ..share(tags.clone(), Source::Direct) };
        let expiring = share(tags, reshare);
        let expiring = Share { terms: Terms { expires_at: Some(at), ..expiring.terms.clone() }, ..expiring };
        for share in [plain.clone(), ended, expiring, share(Scope::All, follow)] {
            let document = serde_json::to_value(Model::from(&share)).unwrap();
            let model: Model = serde_json::from_value(document).unwrap();
            assert_eq!(Share::try_from(model).unwrap(), share);
        }
        // Only what is set.
        let members = serde_json::to_value(Model::from(&plain)).unwrap();
        let members: Vec<_> = members.as_object().unwrap().keys().cloned().collect();
        let set = [
            "owner_id",
            "id",
            "recipient_id",
            "creator_id",
            "scope",
            "can_read",
            "can_delete",
            "source",
            "created_at",
            "updated_at",
            "version",
            "created_version",
        ];
        assert_eq!(members, set);
    }
}
