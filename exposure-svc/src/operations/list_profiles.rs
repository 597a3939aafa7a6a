//! `ListProfiles`: a person's profiles.

use anyhow::anyhow;
use tokio::sync::{Semaphore, SemaphorePermit};
use vocabulary::{FieldErrors, Page, PageRequest};

use super::Exposure;
use crate::{
    domain::{ShownProfile, UserId},
    error::Error,
    storage::ProfileFilter,
};

/// Which page of which profiles.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ListProfiles {
    pub limit: Option<i32>,
    pub offset: Option<i64>,
    pub is_active: Option<bool>,
}

impl Exposure {
    /// The profiles of `owner`, newest first.
    pub async fn list_profiles(&self, owner: &UserId, list: ListProfiles) -> Result<Page<ShownProfile>, Error> {
        let mut errors = FieldErrors::new();
        let page = PageRequest::parse(list.limit, list.offset, &mut errors);
        let page = errors.into_result(page).map_err(Error::Invalid)?;
        let filter = match list.is_active {
            None => ProfileFilter::Any,
            Some(true) => ProfileFilter::Active,
            Some(false) => ProfileFilter::Inactive,
        };
        let place = ROOM.acquire().await.map_err(|error| Error::Internal(anyhow!(error)))?;
        let profiles = self.store.profiles_of(owner, filter, page).await?;
        // A hundred profiles may name very many tags, and warnings are thought about: not where other calls wait for their turn.
        let (place, (profiles, references)) = aside(place, move || {
            let references = profiles.items.iter().flat_map(|profile| profile.rules.tags()).collect();
            (profiles, references)
        })
        .await?;
        let tags = self.store.tags_of(owner, &references).await?;
        drop(references);
        let (_, shown) = aside(place, move || profiles.map(|profile| ShownProfile::by_names(profile, &tags))).await?;
        Ok(shown)
    }
}

/// So many lists are put together at once: the largest take much memory and a second, and what nobody waits for any more goes on to
/// its end. Others wait before they take any.
static ROOM: Semaphore = Semaphore::const_new(2);

type Place = SemaphorePermit<'static>;

/// Does `work` where it keeps nobody waiting. The place is held to the end of it, whoever waits.
async fn aside<T: Send + 'static>(
    place: Place,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(Place, T), Error> {
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        (place, done)
    });
    done.await.map_err(|error| Error::Internal(anyhow!(error)))
}
