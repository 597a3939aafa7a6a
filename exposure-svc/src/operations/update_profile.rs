//! `UpdateProfile`.

use persistence::feed::EventLimit;
use service::{
    consistency::Stamped,
    cpu_work::{Permit, permit_of, run_blocking},
};
use types::{ExpectedVersions, FieldUpdate, Origin, Timestamp, WriteMode};

use super::{Exposure, consistency::stamp, planned_change::ATTEMPTS, profile_named};
use crate::{
    domain::{
        Edited, Profile, ProfileEdits, ProfileId, ProfileUsage, ShownProfile, TagDirectory, UserId, Warning, Widening,
        formula_warnings, is_narrower, widened_warnings, widening,
    },
    error::Error,
    storage::{Connection, ProfileChange, UserReads},
};

/// The requested update.
#[derive(Clone, Debug, Default)]
pub struct UpdateProfile {
    /// The new values.
    pub edits: ProfileEdits,
    /// The versions at which to go on.
    pub expected: ExpectedVersions,
    /// Whether it is executed.
    pub mode: WriteMode,
}

/// The result of planning an update.
enum Plan {
    /// Nothing is written: this is the profile, at this version of the user.
    Unchanged(Box<ShownProfile>, Option<i64>),
    Change(Box<PlannedUpdate>),
}

/// An update that is checked, and the data that it was checked against.
struct PlannedUpdate {
    /// The user's version.
    version: Option<i64>,
    before: Profile,
    after: Profile,
    tags: TagDirectory,
    widened: Vec<Warning>,
    /// Whether the limit of events applies: to everything but what only narrows.
    limit: EventLimit,
}

/// Whether an update is compared with the version before it.
enum Comparison {
    /// Outside the lock.
    Full,
    /// Under the lock, where there is no time for it. The permit for the rest was acquired before.
    Skipped(Permit),
}

impl Exposure {
    /// Changes the profile named `id` of `owner`.
    pub async fn update_profile(
        &self,
        owner: UserId,
        id: String,
        update: UpdateProfile,
        origin: Origin,
    ) -> Result<Stamped<ShownProfile>, Error> {
        self.refuse_erased(&owner)?;
        let id = profile_named(&id)?;
        for _ in 0..ATTEMPTS {
            let planned = match plan(&self.store.of(&owner), id, &update, Comparison::Full).await? {
                Plan::Unchanged(shown, version) => {
                    let stamp = version.map(|version| stamp(&owner, version, self.clock.now()));
                    return Ok(Stamped { value: *shown, stamp });
                }
                Plan::Change(planned) if update.mode == WriteMode::DryRun => {
                    let usage = self.store.of(&owner).kept().await?;
                    return Ok(Stamped { value: would_be(*planned, usage)?, stamp: None });
                }
                Plan::Change(planned) => planned,
            };
            let version = planned.version;
            let now = self.clock.now();
            if let Some(change) = self.begin_planned(&owner, None, version, now, origin.clone()).await? {
                return write(change, *planned, now).await;
            }
        }
        // Before the lock.
        let permit = permit_of(owner.as_str()).await?;
        let change = self.store.begin(&owner, None, origin).await?;
        let now = self.clock.now();
        change.raise_user(now).await?;
        let planned = plan(&change.reads(), id, &update, Comparison::Skipped(permit)).await?;
        match planned {
            Plan::Unchanged(shown, _) => Ok(Stamped { value: *shown, stamp: change.stamp_before() }),
            Plan::Change(update) => write(change, *update, now).await,
        }
    }
}

async fn plan<C: Connection>(
    reads: &UserReads<'_, C>,
    id: ProfileId,
    update: &UpdateProfile,
    comparison: Comparison,
) -> Result<Plan, Error> {
    // The version first, or in one read, so that a later change is detected.
    let (before, version) = reads.profile_with_version(id).await?.ok_or(Error::ProfileNotFound)?;
    if !update.expected.matches(before.version) {
        return Err(Error::PreconditionFailed);
    }
    let mut references = update.edits.tags();
    references.extend(before.rules.tags());
    let tags = reads.tags(&references).await?;
    let default = if update.edits.is_default == FieldUpdate::Set(true) { reads.default_profile().await? } else { None };
    let (permit, is_compared) = match comparison {
        Comparison::Full => (permit_of(reads.user().as_str()).await?, true),
        Comparison::Skipped(permit) => (permit, false),
    };
    let update = update.clone();
    let read = ReadProfile { before, version, tags, default };
    let (_, plan) = run_blocking(permit, move || plan_with(read, update, is_compared)).await?;
    plan
}

/// What an update is checked against.
struct ReadProfile {
    before: Profile,
    version: Option<i64>,
    tags: TagDirectory,
    /// The current default, if the update makes another profile the default.
    default: Option<Profile>,
}

/// The result of an update. It takes CPU.
fn plan_with(read: ReadProfile, update: UpdateProfile, is_compared: bool) -> Result<Plan, Error> {
    let ReadProfile { before, version, tags, default } = read;
    let edits = update.edits.resolved(&before.rules, &tags);
    let edited = edits.update(&before).map_err(Error::Invalid)?;
    if update.mode == WriteMode::Validate {
        return Ok(Plan::Unchanged(Box::new(ShownProfile::by_names(before, &tags)), None));
    }
    if before.is_default && edited.is_default == Some(false) {
        return Err(Error::ProfileIsDefault);
    }
    let Edited { name, description, rules, is_active, is_default } = edited;
    let is_default = before.is_default || is_default == Some(true);
    let mut after = Profile { name, description, rules, is_active, is_default, ..before.clone() };
    if after == before {
        return Ok(Plan::Unchanged(Box::new(ShownProfile::by_names(before, &tags)), version));
    }
    let mut widened = Vec::new();
    if before.rules != after.rules || before.is_active != after.is_active {
        let versions = ((&before.rules, before.is_active), (&after.rules, after.is_active));
        let widening =
            if is_compared { widening(versions.0, versions.1) } else { Widening::undecided(versions.0, versions.1) };
        widened = widened_warnings(&widening, &tags);
        after.formula_warnings = formula_warnings(&after.rules);
    }
    let limit = event_limit(&before, &after, default.as_ref(), widened.is_empty(), is_compared);
    Ok(Plan::Change(Box::new(PlannedUpdate { version, before, after, tags, widened, limit })))
}

/// Whether the limit of events applies to an update. Another default profile is compared with the current one.
fn event_limit(
    before: &Profile,
    after: &Profile,
    default: Option<&Profile>,
    widens_nothing: bool,
    is_compared: bool,
) -> EventLimit {
    let former = if after.is_default && !before.is_default { default.unwrap_or(before) } else { before };
    let (former, latter) = ((&former.rules, former.is_active), (&after.rules, after.is_active));
    let is_exempt = if is_compared {
        widens_nothing && is_narrower(former, latter)
    } else {
        // It may narrow.
        former != latter
    };
    if is_exempt { EventLimit::Exempt } else { EventLimit::Enforced }
}

/// The profile after an update that is not executed.
fn would_be(update: PlannedUpdate, usage: ProfileUsage) -> Result<ShownProfile, Error> {
    let PlannedUpdate { version: _, before, after, tags, widened, limit: _ } = update;
    if after.rules.bytes() > before.rules.bytes() {
        usage.with(Some(&before), &after).check_quota().map_err(Error::Invalid)?;
    }
    let mut shown = ShownProfile::by_names(after, &tags);
    shown.warnings.extend(widened);
    Ok(shown)
}

async fn write(change: ProfileChange, update: PlannedUpdate, now: Timestamp) -> Result<Stamped<ShownProfile>, Error> {
    let PlannedUpdate { version: _, before, after, tags, widened, limit } = update;
    if after.is_default && !before.is_default {
        end_default(&change, now).await?;
    }
    let after = Profile { updated_at: now, version: before.version + 1, ..after };
    change.update(&before, &after, limit).await?;
    // An update that reduces the usage is never rejected by a quota.
    if after.rules.bytes() > before.rules.bytes() {
        change.reads().kept().await?.check_quota().map_err(Error::Invalid)?;
    }
    let stamp = change.stamp();
    change.commit(None).await?;
    let mut shown = ShownProfile::by_names(after, &tags);
    shown.warnings.extend(widened);
    Ok(Stamped { value: shown, stamp })
}

/// Clears the flag of the current default; first, since there may never be two.
async fn end_default(change: &ProfileChange, now: Timestamp) -> Result<(), Error> {
    let Some(former) = change.reads().default_profile().await? else { return Ok(()) };
    let ended = Profile { is_default: false, updated_at: now, version: former.version + 1, ..former.clone() };
    change.update(&former, &ended, EventLimit::Exempt).await
}
