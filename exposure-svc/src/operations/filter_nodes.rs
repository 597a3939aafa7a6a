//! `FilterNodes`: what an app may see of nodes, one after another.

use serde_json::{Map, Value};
use vocabulary::Instant;

use super::{AppliedProfile, Exposure, Subject};
use crate::{
    domain::{
        AppId, UserId,
        exposure::{CompiledProfile, NodeFacts},
        view::{Lens, NodeView},
    },
    error::Error,
};

/// A stream may go on for long: the profile is read again when it was read this long ago, so that a grant that was revoked
/// ends what is still flowing.
const MAX_STALENESS_MS: i64 = 1_000;

/// What an app may see of nodes, one after another.
pub struct NodeFilter {
    exposure: Exposure,
    user: UserId,
    app: AppId,
    applied: AppliedProfile,
    read_at: Instant,
    /// `None`: nothing is exposed.
    sight: Option<(CompiledProfile, Lens)>,
}

impl Exposure {
    /// Begins to filter nodes of `user`'s for `app`.
    pub async fn filter_nodes(&self, user: UserId, app: AppId) -> Result<NodeFilter, Error> {
        let read_at = self.clock.now();
        let applied = self.applied_profile(&user, &Subject::App(app.clone())).await?;
        let sight = self.sight(&user, &app, &applied);
        Ok(NodeFilter { exposure: self.clone(), user, app, applied, read_at, sight })
    }

    fn sight(&self, user: &UserId, app: &AppId, applied: &AppliedProfile) -> Option<(CompiledProfile, Lens)> {
        let compiled = applied.compile()?;
        let lens = Lens::new(&applied.profile.as_ref()?.rules, self.pseudonyms(user, app));
        Some((compiled, lens))
    }
}

impl NodeFilter {
    /// What decided on the last node.
    pub fn applied(&self) -> &AppliedProfile {
        &self.applied
    }

    /// What the app sees of a node; `None`: nothing.
    pub async fn view(&mut self, node: &NodeFacts<'_>, fields: Map<String, Value>) -> Result<Option<NodeView>, Error> {
        let now = self.exposure.clock.now();
        let age = (now.utc() - self.read_at.utc()).num_milliseconds();
        if !(0..MAX_STALENESS_MS).contains(&age) || !self.exposure.still_applies(&self.applied) {
            *self = self.exposure.filter_nodes(self.user.clone(), self.app.clone()).await?;
        }
        let Some((compiled, lens)) = &self.sight else { return Ok(None) };
        Ok(compiled.exposes(node).then(|| lens.view(node, fields)))
    }
}
