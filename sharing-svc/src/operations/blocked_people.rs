//! `BlockPerson`, `UnblockPerson` and `ListBlockedPeople`: nothing of a blocked person's data counts for the person who blocked them, however it
//! was shared. To the blocked person, their shares look ordinary.

use persistence::Priority;
use types::{FieldErrors, IdPage, Origin, PageSizes};

use super::Sharing;
use crate::{domain::UserId, error::Error};

/// Blocked people on a page.
pub const BLOCKED_PAGES: PageSizes = PageSizes { default: 20, max: 100 };
/// People whom one person may block.
const MAX_BLOCKS: i64 = 1_000;

/// One page of blocked people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedPage {
    /// Sorted by id.
    pub people: Vec<UserId>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Sharing {
    /// Blocks `owner` for `viewer`. A change of the owner's data, since it alters decisions about it.
    pub async fn block_person(&self, viewer: UserId, owner: String, origin: Origin) -> Result<(), Error> {
        let owner = person(owner)?;
        let mut errors = FieldErrors::new();
        if owner == viewer {
            errors.add("person_id", "must be another person");
        } else if self.store.blocks_of(&viewer).await? >= MAX_BLOCKS && !self.store.is_blocked(&owner, &viewer).await? {
            errors.add("person_id", format!("must be one of at most {MAX_BLOCKS} blocked people"));
        }
        errors.into_result(()).map_err(Error::Invalid)?;
        self.refuse_erased([&owner, &viewer])?;
        let change = self.store.begin(Some((&owner, Priority::FairlyFor(viewer.as_str()))), None, origin).await?;
        let now = self.clock.now();
        change.raise_owner(&owner, now).await?;
        if change.block(&owner, &viewer, now).await? {
            change.commit(None).await
        } else {
            // The version is not raised: the change is not committed.
            change.roll_back().await
        }
    }

    /// Ends a block.
    pub async fn unblock_person(&self, viewer: UserId, owner: String, origin: Origin) -> Result<(), Error> {
        let owner = person(owner)?;
        if !self.store.is_blocked(&owner, &viewer).await? {
            return Ok(());
        }
        let change = self.store.begin(Some((&owner, Priority::FairlyFor(viewer.as_str()))), None, origin).await?;
        let now = self.clock.now();
        change.raise_owner(&owner, now).await?;
        if change.unblock(&owner, &viewer, now).await? { change.commit(None).await } else { change.roll_back().await }
    }

    /// A page of the people whom `viewer` blocked.
    pub async fn list_blocked_people(&self, viewer: &UserId, page: &IdPage) -> Result<BlockedPage, Error> {
        let mut people = self.store.blocked_by(viewer, &page.after, page.size + 1).await?;
        let next = page.cut(&mut people, None, ToString::to_string);
        Ok(BlockedPage { people, next })
    }
}

fn person(id: String) -> Result<UserId, Error> {
    UserId::parse(id).map_err(|error| {
        let mut errors = FieldErrors::new();
        errors.add("person_id", error.to_string());
        Error::Invalid(errors)
    })
}
