//! `ListSuggestions`: what an owner should look at in what they share.

use service::cpu_work::CpuBudget;
use types::{IdPage, Timestamp};

use super::{Sharing, list_people::READ_BUDGET};
use crate::{
    domain::{Suggestion, UserId, access::recipients, suggestions},
    error::Error,
    storage::{Blocked, RecipientRange},
};

/// One page of suggestions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestionsPage {
    /// Sorted by person, then by share.
    pub suggestions: Vec<Suggestion>,
    /// As of this time.
    pub as_of: Timestamp,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Sharing {
    /// A page of suggestions about the people with whom `owner` shares something. No person is split over pages.
    pub async fn list_suggestions(&self, owner: &UserId, page: &IdPage) -> Result<SuggestionsPage, Error> {
        let mut cpu = CpuBudget::of_user(owner.as_str());
        let now = self.clock.now();
        let range =
            self.store.open_chains_to_range(owner, &page.after, Blocked::Included, READ_BUDGET, now, &mut cpu).await?;
        let RecipientRange { chains, next_after } = range.value;
        let mut people = cpu.run(|| recipients(chains, now));
        let next = page.cut(&mut people, next_after, |person| person.user.to_string());
        let uses = self.store.last_uses(owner, people.iter().map(|person| &person.user)).await?;
        let counted = self.usage.are_counted(self.store.database(), now).await.map_err(Error::Internal)?;
        let of_person = |person| suggestions(person, uses.get(&person.user).copied(), counted, now);
        Ok(SuggestionsPage { suggestions: people.iter().flat_map(of_person).collect(), as_of: now, next })
    }
}
