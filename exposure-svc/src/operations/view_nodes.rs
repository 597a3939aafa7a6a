//! `ViewNodes`: nodes as an app would see them.

use serde_json::{Map, Value};
use service::{
    consistency::{Freshness, Stamped},
    cpu_work::CpuBudget,
};

use super::{
    Exposure, NO_GRANT, Subject,
    named_tags::{named, unnamed},
};
use crate::{
    domain::{
        AppId, UserId,
        exposure::{Explanation, NodeFacts, explain},
        view::{Lens, NodeView},
    },
    error::Error,
};

/// A node as an app would see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewedNode {
    /// The deciding rule, for a person to read.
    pub reason: String,
    /// What the app sees; `None`: nothing.
    pub view: Option<NodeView>,
}

impl Exposure {
    /// Nodes of `user` with their content as `app` would see them now, in the order of the request. One read of the profile. `read` reads a
    /// content and `show` encodes a node, where the CPU work is done.
    pub async fn view_nodes<C, T>(
        &self,
        user: &UserId,
        app: &AppId,
        nodes: Vec<(NodeFacts<'_>, C)>,
        read: impl Fn(C) -> Map<String, Value>,
        show: impl Fn(ViewedNode) -> T,
    ) -> Result<Stamped<Vec<T>>, Error> {
        let mut cpu = CpuBudget::of_user(user.as_str());
        // Before the read, which is fresh when the work begins.
        cpu.acquire().await?;
        let tags = nodes.iter().flat_map(|(node, _)| node.tags);
        let directory = self.store.of(user).tags(&unnamed(tags)).await?;
        let applied = self.applied_profile(user, &Subject::App(app.clone()), &Freshness::default()).await?;
        let stamp = Some(applied.stamp);
        let Some(profile) = applied.profile else {
            let hidden = |_| show(ViewedNode { reason: NO_GRANT.to_owned(), view: None });
            return Ok(Stamped { value: nodes.into_iter().map(hidden).collect(), stamp });
        };
        let lens = Lens::new(&profile.rules, self.pseudonyms(user, app));
        let view = |(node, content): (NodeFacts<'_>, C)| {
            let tags: Vec<_> = node.tags.iter().map(|tag| named(tag, &directory)).collect();
            let node = NodeFacts { tags: &tags, ..node };
            let Explanation { exposed, reason, .. } = explain(&profile.rules, profile.is_active, &node);
            show(ViewedNode { reason, view: exposed.then(|| lens.view(&node, read(content))) })
        };
        Ok(Stamped { value: cpu.run(|| nodes.into_iter().map(view).collect()), stamp })
    }
}
