//! `CreateProfile`.

use admission::completion;
use anyhow::anyhow;
use persistence::{feed::EventLimit, idempotency::IdempotentRequest};
use service::{
    consistency::Stamped,
    cpu_work::{Permit, permit_of, run_blocking},
};
use types::{Origin, Timestamp, WriteMode};
use uuid::Uuid;

use super::{Exposure, consistency::stamp, planned_change::ATTEMPTS};
use crate::{
    domain::{
        Edited, Profile, ProfileEdits, ProfileId, Rules, ShownProfile, TagDirectory, UserId, Warning, formula_warnings,
    },
    error::Error,
    storage::{Connection, KeptProfile, ProfileChange, UserReads},
};

/// The result of `CreateProfile` or `CreateProfileFromTemplate`.
#[derive(Clone, Debug)]
pub enum CreateProfile {
    /// It made this profile.
    Created(ShownProfile),
    /// The profile was there already.
    Found(ShownProfile),
    /// An equal request was executed before; its response.
    Replayed(KeptProfile),
    /// The fields are valid; the request asked for nothing else.
    Validated,
    /// It would create this profile: the request was a dry run.
    WouldCreate(ShownProfile),
}

/// A profile that is checked, and the tags that it was checked against.
struct PlannedProfile {
    content: Edited,
    warnings: Vec<Warning>,
    tags: TagDirectory,
}

impl Exposure {
    /// Creates the requested profile for `owner`, at most once for an idempotent `request`.
    pub async fn create_profile(
        &self,
        owner: UserId,
        edits: ProfileEdits,
        mode: WriteMode,
        request: Option<IdempotentRequest>,
        origin: Origin,
    ) -> Result<Stamped<CreateProfile>, Error> {
        edits.clone().create().map_err(Error::Invalid)?;
        self.refuse_erased(&owner)?;
        match mode {
            WriteMode::Execute => {}
            WriteMode::Validate => {
                let tags = self.store.of(&owner).tags(&edits.tags()).await?;
                edits.resolved(&Rules::default(), &tags).create().map_err(Error::Invalid)?;
                return Ok(unstamped(CreateProfile::Validated));
            }
            WriteMode::DryRun => return self.dry_run_create(owner, &edits).await.map(unstamped),
        }
        let request = request.as_ref();
        let now = self.clock.now();
        for _ in 0..ATTEMPTS {
            let reads = self.store.of(&owner);
            // Read first, so that a later change is detected.
            let version = reads.version().await?;
            let planned = plan(&reads, version, &edits, None).await;
            let change = self.store.begin(&owner, request, origin.clone()).await?;
            completion::check_caller().map_err(|abandoned| Error::Unavailable(anyhow!(abandoned)))?;
            // A repeat returns the first response, whatever the directory has learned since.
            if let Some(kept) = change.replay(request, now).await? {
                // The connection is not held while another one is waited for.
                change.roll_back().await?;
                return self.newest(CreateProfile::Replayed(kept), &owner, now).await;
            }
            let planned = planned?;
            if change.raise_user_from(version, now).await? {
                return write(change, owner, planned, request, now).await;
            }
        }
        // Before the lock.
        let permit = permit_of(owner.as_str()).await?;
        let change = self.store.begin(&owner, request, origin).await?;
        completion::check_caller().map_err(|abandoned| Error::Unavailable(anyhow!(abandoned)))?;
        if let Some(kept) = change.replay(request, now).await? {
            change.roll_back().await?;
            return self.newest(CreateProfile::Replayed(kept), &owner, now).await;
        }
        change.raise_user(now).await?;
        let version = change.reads().version().await?;
        let planned = plan(&change.reads(), version, &edits, Some(permit)).await?;
        write(change, owner, planned, request, now).await
    }

    /// A result with the newest version of `user`, which is that of the change that it answers or a later one.
    pub(super) async fn newest<T>(&self, value: T, user: &UserId, now: Timestamp) -> Result<Stamped<T>, Error> {
        let version = self.store.of(user).version().await?;
        Ok(Stamped { value, stamp: Some(stamp(user, version.unwrap_or(0), now)) })
    }

    /// Every check of `create_profile`, without writes.
    async fn dry_run_create(&self, owner: UserId, edits: &ProfileEdits) -> Result<CreateProfile, Error> {
        let now = self.clock.now();
        let reads = self.store.of(&owner);
        let version = reads.version().await?;
        let PlannedProfile { content, warnings, tags } = plan(&reads, version, edits, None).await?;
        let usage = reads.kept().await?;
        let profile = new_profile(owner.clone(), content, warnings, now);
        usage.with(None, &profile).check_quota().map_err(Error::Invalid)?;
        Ok(CreateProfile::WouldCreate(ShownProfile::by_names(profile, &tags)))
    }
}

pub(super) fn unstamped<T>(value: T) -> Stamped<T> {
    Stamped { value, stamp: None }
}

async fn plan<C: Connection>(
    reads: &UserReads<'_, C>,
    version: Option<i64>,
    edits: &ProfileEdits,
    acquired: Option<Permit>,
) -> Result<PlannedProfile, Error> {
    // A user without any change has no tags.
    let tags = if version.is_some() { reads.tags(&edits.tags()).await? } else { TagDirectory::default() };
    let edits = edits.clone();
    // After the read: no permit is held while a connection is waited for.
    let permit = match acquired {
        Some(permit) => permit,
        None => permit_of(reads.user().as_str()).await?,
    };
    let (_, planned) = run_blocking(permit, move || {
        let content = edits.resolved(&Rules::default(), &tags).create().map_err(Error::Invalid)?;
        let warnings = formula_warnings(&content.rules);
        Ok(PlannedProfile { content, warnings, tags })
    })
    .await?;
    planned
}

async fn write(
    change: ProfileChange,
    owner: UserId,
    planned: PlannedProfile,
    request: Option<&IdempotentRequest>,
    now: Timestamp,
) -> Result<Stamped<CreateProfile>, Error> {
    let PlannedProfile { content, warnings, tags } = planned;
    let profile = new_profile(owner, content, warnings, now);
    change.insert(&profile, EventLimit::Enforced).await?;
    change.reads().kept().await?.check_quota().map_err(Error::Invalid)?;
    let kept = KeptProfile { shown: ShownProfile::by_names(profile, &tags), created: true };
    let stamp = change.stamp();
    change.commit(request.map(|request| (request, &kept, now))).await?;
    Ok(Stamped { value: CreateProfile::Created(kept.shown), stamp })
}

pub(super) fn new_profile(owner: UserId, content: Edited, formula_warnings: Vec<Warning>, now: Timestamp) -> Profile {
    let Edited { name, description, rules, is_active, is_default } = content;
    Profile {
        id: ProfileId(Uuid::now_v7()),
        owner,
        name,
        description,
        rules,
        formula_warnings,
        is_active,
        is_default: is_default.unwrap_or(false),
        created_at: now,
        updated_at: now,
        version: 1,
    }
}
