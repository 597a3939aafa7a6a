//! `ListProfiles`: a person's profiles.

use service::cpu_work::{permit_of, run_blocking};
use types::{FieldErrors, Page, PageRequest};

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
        // Before it takes memory.
        let permit = permit_of(owner.as_str()).await?;
        let reads = self.store.of(owner);
        let profiles = reads.profiles(filter, page).await?;
        // A hundred profiles may name very many tags.
        let (permit, (profiles, references)) = run_blocking(permit, move || {
            let references = profiles.items.iter().flat_map(|profile| profile.rules.tags()).collect();
            (profiles, references)
        })
        .await?;
        let tags = reads.tags(&references).await?;
        drop(references);
        let (_, shown) =
            run_blocking(permit, move || profiles.map(|profile| ShownProfile::by_names(profile, &tags))).await?;
        Ok(shown)
    }
}
