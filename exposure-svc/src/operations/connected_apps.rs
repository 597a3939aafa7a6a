//! `ListConnectedApps`, `ListNodeApps`, `RebindApp`, `DisconnectApp`: the apps that a person connected.

use service::{
    consistency::{Stamp, Stamped},
    cpu_work::CpuBudget,
};
use types::{IdPage, Origin, PageSizes, Timestamp};

use super::{
    Exposure,
    consistency::stamp,
    named_tags::{named, unnamed},
};
use crate::{
    domain::{
        AppAccess, AppAccessEdits, AppId, Profile, UserId,
        exposure::{Explanation, NodeFacts, explain},
    },
    error::Error,
    storage::AppUses,
};

/// Apps on a page.
pub const APP_PAGES: PageSizes = PageSizes { default: 20, max: 100 };

/// An app with an active grant, and its profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedApp {
    /// The grant.
    pub access: AppAccess,
    /// The name of the profile.
    pub profile_name: String,
    /// An inactive profile exposes nothing.
    pub profile_is_active: bool,
    /// What the app asked and saw; `None`: it did not ask within the retention of uses.
    pub uses: Option<AppUses>,
}

/// One page of connected apps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedAppsPage {
    /// Sorted by app.
    pub apps: Vec<ConnectedApp>,
    /// As of this time.
    pub as_of: Timestamp,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

/// The decision about a node for one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeApp {
    /// The app.
    pub app: AppId,
    /// Whether it sees the node.
    pub exposed: bool,
    /// The deciding rule, for a person to read.
    pub reason: String,
}

/// One page of decisions about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAppsPage {
    /// Sorted by app.
    pub apps: Vec<NodeApp>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Exposure {
    /// A page of the apps with an active grant to `user`'s data.
    pub async fn list_connected_apps(&self, user: &UserId, page: &IdPage) -> Result<ConnectedAppsPage, Error> {
        let as_of = self.clock.now();
        let bound = self.store.of(user).connected_app_names(&page.after, as_of, page.size + 1).await?;
        let mut bound = bound;
        let next = page.cut(&mut bound, None, |(access, ..)| access.app.to_string());
        let counts = self.store.uses(user, bound.iter().map(|(access, ..)| &access.app), as_of).await?;
        let app = |(access, profile_name, profile_is_active): (AppAccess, String, bool)| {
            let asked = counts.get(&access.app).copied();
            ConnectedApp { access, profile_name, profile_is_active, uses: asked }
        };
        let apps = bound.into_iter().map(app).collect();
        Ok(ConnectedAppsPage { apps, as_of, next })
    }

    /// A page of the apps with an active grant to `user`'s data, with the decision about `node`.
    pub async fn list_node_apps(
        &self,
        user: &UserId,
        node: &NodeFacts<'_>,
        page: &IdPage,
    ) -> Result<Stamped<NodeAppsPage>, Error> {
        let mut cpu = CpuBudget::of_user(user.as_str());
        // Before the read, which is fresh when the work begins.
        cpu.acquire().await?;
        let reads = self.store.of(user);
        // Read first: what follows is at least as new.
        let version = reads.version().await?;
        let directory = reads.tags(&unnamed(node.tags.iter())).await?;
        let mut bound = reads.connected_apps(&page.after, self.clock.now(), page.size + 1, &cpu).await?;
        let now = self.clock.now();
        let next = page.cut(&mut bound, None, |(access, _)| access.app.to_string());
        bound.retain(|(access, _)| access.is_active(now));
        let apps = cpu.run(|| {
            let tags: Vec<_> = node.tags.iter().map(|tag| named(tag, &directory)).collect();
            let node = NodeFacts { tags: &tags, ..*node };
            let decide = |(access, profile): (AppAccess, Profile)| {
                let Explanation { exposed, reason, .. } = explain(&profile.rules, profile.is_active, &node);
                NodeApp { app: access.app, exposed, reason }
            };
            bound.into_iter().map(decide).collect()
        });
        let stamp = Some(stamp(user, version.unwrap_or(0), now));
        Ok(Stamped { value: NodeAppsPage { apps, next }, stamp })
    }

    /// Binds a connected app to another profile, or moves the end of its grant.
    pub async fn rebind_app(
        &self,
        user: &UserId,
        app: String,
        edits: AppAccessEdits,
        origin: Origin,
    ) -> Result<(ConnectedApp, Timestamp, Option<Stamp>), Error> {
        if edits.profile_id.as_deref() == Some("") {
            let mut errors = edits.unreadable;
            errors.add("profile_id", "is required");
            return Err(Error::Invalid(errors));
        }
        let Stamped { value, stamp } = self.change_app_access(user.to_string(), app, edits, origin).await?;
        let (access, profile, as_of) = value;
        let profile = match (profile, access.profile) {
            (Some(profile), _) => Some(profile),
            (None, Some(id)) => self.store.of(user).profile(id).await?,
            (None, None) => None,
        };
        let Some(profile) = profile else { return Err(Error::ProfileNotFound) };
        let asked = self.store.uses(user, std::iter::once(&access.app), as_of).await?.remove(&access.app);
        let (profile_name, profile_is_active) = (profile.name.as_str().to_owned(), profile.is_active);
        Ok((ConnectedApp { access, profile_name, profile_is_active, uses: asked }, as_of, stamp))
    }

    /// Ends the grant of an app.
    pub async fn disconnect_app(&self, user: &UserId, app: String, origin: Origin) -> Result<Option<Stamp>, Error> {
        let revoked = self.revoke_app_access(user.to_string(), app, origin).await?;
        if revoked.value.is_none() {
            return Err(Error::AppAccessNotFound);
        }
        Ok(revoked.stamp)
    }
}
