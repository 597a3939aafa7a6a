//! `ListSuggestions`: what a person should look at in the apps that they connected.

use service::cpu_work::CpuBudget;
use types::{IdPage, SuggestionKind, Timestamp};

use super::Exposure;
use crate::{
    domain::{AppAccess, AppId, Profile, ProfileId, UserId, suggestions},
    error::Error,
};

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Why.
    pub kind: SuggestionKind,
    /// The app.
    pub app: AppId,
    /// The profile of its grant.
    pub profile: ProfileId,
}

/// One page of suggestions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestionsPage {
    /// Sorted by app.
    pub suggestions: Vec<Suggestion>,
    /// As of this time.
    pub as_of: Timestamp,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Exposure {
    /// A page of suggestions about the apps with an active grant to `user`'s data. No app is split over pages.
    pub async fn list_suggestions(&self, user: &UserId, page: &IdPage) -> Result<SuggestionsPage, Error> {
        let mut cpu = CpuBudget::of_user(user.as_str());
        cpu.acquire().await?;
        let now = self.clock.now();
        let mut bound = self.store.of(user).connected_apps(&page.after, now, page.size + 1, &cpu).await?;
        let next = page.cut(&mut bound, None, |(access, _)| access.app.to_string());
        let asked = self.store.uses(user, bound.iter().map(|(access, _)| &access.app), now).await?;
        let counted = self.usage.are_counted(self.store.database(), now).await.map_err(Error::Internal)?;
        let of_app = |(access, profile): (AppAccess, Profile)| {
            let last = asked.get(&access.app).map(|uses| uses.last_at);
            let found = suggestions(&access, &profile, last, counted, now);
            found.into_iter().map(move |kind| Suggestion { kind, app: access.app.clone(), profile: profile.id })
        };
        Ok(SuggestionsPage { suggestions: bound.into_iter().flat_map(of_app).collect(), as_of: now, next })
    }
}
