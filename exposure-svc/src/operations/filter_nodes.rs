//! `FilterNodes`: the visible part of a stream of nodes.

use std::sync::Arc;

use serde_json::{Map, Value};
use service::{
    consistency::Freshness,
    cpu_work::{permit_of_services, run_blocking},
};
use types::Timestamp;

use super::{AppliedProfile, Exposure, Subject};
use crate::{
    domain::{
        AppId, UserId,
        exposure::{CompiledProfile, NodeFacts, TagFacts},
        view::{Lens, NodeView},
    },
    error::Error,
};

/// A stream may go on for long: the profile is read again when it was read this long ago, so that a grant that was revoked
/// ends what is still flowing.
pub(super) const MAX_STALENESS_MS: i64 = 1_000;
/// Bytes of text in the content of a node up to which it is transformed on the async worker: it takes a millisecond at most.
const INLINE_BYTES: usize = 16 * 1024;

/// The visible part of a stream of nodes.
pub struct NodeFilter {
    exposure: Exposure,
    user: UserId,
    app: AppId,
    freshness: Freshness,
    applied: AppliedProfile,
    read_at: Timestamp,
    /// `None`: nothing is exposed.
    sight: Option<Sight>,
}

/// The compiled profile, and the view of exposed nodes.
struct Sight {
    compiled: CompiledProfile,
    lens: Arc<Lens>,
}

/// A node description, owned, for another thread.
struct OwnedFacts {
    id: String,
    node_type: String,
    tags: Vec<(String, String)>,
    schema: Option<String>,
    created_at: Timestamp,
}

impl Exposure {
    /// Begins to filter nodes of `user`'s for `app`.
    pub async fn filter_nodes(&self, user: UserId, app: AppId, freshness: Freshness) -> Result<NodeFilter, Error> {
        let read_at = self.clock.now();
        let applied = self.applied_profile(&user, &Subject::App(app.clone()), &freshness).await?;
        let sight = self.sight(&user, &app, &applied);
        Ok(NodeFilter { exposure: self.clone(), user, app, freshness, applied, read_at, sight })
    }

    fn sight(&self, user: &UserId, app: &AppId, applied: &AppliedProfile) -> Option<Sight> {
        let compiled = applied.compile()?;
        let lens = Lens::new(&applied.profile.as_ref()?.rules, self.pseudonyms(user, app));
        Some(Sight { compiled, lens: Arc::new(lens) })
    }
}

impl NodeFilter {
    /// The basis of the decision on the last node.
    pub fn applied(&self) -> &AppliedProfile {
        &self.applied
    }

    /// The visible part of a node; `None`: hidden.
    pub async fn view(&mut self, node: &NodeFacts<'_>, fields: Map<String, Value>) -> Result<Option<NodeView>, Error> {
        // Acquired before the profile is read, so that the profile is fresh when the work begins.
        let permit = if bytes_of(&fields) > INLINE_BYTES { Some(permit_of_services().await?) } else { None };
        let now = self.exposure.clock.now();
        let age = (now.utc() - self.read_at.utc()).num_milliseconds();
        if !(0..MAX_STALENESS_MS).contains(&age) || !self.exposure.still_applies(&self.applied) {
            let (user, app, freshness) = (self.user.clone(), self.app.clone(), self.freshness.clone());
            *self = self.exposure.filter_nodes(user, app, freshness).await?;
        }
        let Some(Sight { compiled, lens }) = &self.sight else { return Ok(None) };
        let is_exposed = compiled.exposes(node);
        self.exposure.count_use(&self.user, &self.app, &self.applied, 1, usize::from(is_exposed));
        if !is_exposed {
            return Ok(None);
        }
        let Some(permit) = permit else { return Ok(Some(lens.view(node, fields))) };
        let (lens, facts) = (lens.clone(), OwnedFacts::from(node));
        let (_, view) = run_blocking(permit, move || facts.with_facts(|node| lens.view(node, fields))).await?;
        Ok(Some(view))
    }
}

impl From<&NodeFacts<'_>> for OwnedFacts {
    fn from(node: &NodeFacts<'_>) -> Self {
        let NodeFacts { id, node_type, tags, schema, created_at } = *node;
        Self {
            id: id.to_owned(),
            node_type: node_type.to_owned(),
            tags: tags.iter().map(|tag| (tag.id.to_owned(), tag.name.to_string())).collect(),
            schema: schema.map(str::to_owned),
            created_at,
        }
    }
}

impl OwnedFacts {
    fn with_facts<T>(&self, ask: impl FnOnce(&NodeFacts<'_>) -> T) -> T {
        let Self { id, node_type, tags, schema, created_at } = self;
        let tags: Vec<_> = tags.iter().map(|(id, name)| TagFacts::new(id, name)).collect();
        ask(&NodeFacts { id, node_type, tags: &tags, schema: schema.as_deref(), created_at: *created_at })
    }
}

/// Bytes of the texts in the content of a node, and of the names of its members.
fn bytes_of(fields: &Map<String, Value>) -> usize {
    fields.iter().map(|(name, value)| name.len() + bytes_of_value(value)).sum()
}

fn bytes_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of_value).sum(),
        Value::Object(members) => bytes_of(members),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
