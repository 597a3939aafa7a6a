//! `CreateProfileFromTemplate`.

use admission::completion;
use anyhow::anyhow;
use persistence::{feed::EventLimit, idempotency::IdempotentRequest};
use service::consistency::Stamped;
use types::{FieldErrors, Origin, Timestamp};

use super::{
    CreateProfile, Exposure,
    create_profile::{new_profile, unstamped},
};
use crate::{
    domain::{Edited, Profile, ProfileName, ShownProfile, Template, UserId, formula_warnings},
    error::Error,
    storage::KeptProfile,
};

impl Exposure {
    /// Creates a profile from the template named `template`. `transparent` is the default profile: an existing one is returned
    /// unchanged.
    pub async fn create_profile_from_template(
        &self,
        owner: UserId,
        template: &str,
        name: Option<String>,
        validate_only: bool,
        request: Option<IdempotentRequest>,
        origin: Origin,
    ) -> Result<Stamped<CreateProfile>, Error> {
        let (template, name) = parse(template, name).map_err(Error::Invalid)?;
        self.refuse_erased(&owner)?;
        if validate_only {
            return Ok(unstamped(CreateProfile::Validated));
        }
        let now = self.clock.now();
        let change = self.store.begin(&owner, request.as_ref(), origin).await?;
        completion::check_caller().map_err(|abandoned| Error::Unavailable(anyhow!(abandoned)))?;
        if let Some(kept) = change.replay(request.as_ref(), now).await? {
            // The connection is not held while another one is waited for.
            change.roll_back().await?;
            return self.newest(CreateProfile::Replayed(kept), &owner, now).await;
        }
        let found = match template {
            Template::Transparent => {
                // A default, once there, is replaced by another default only: without an event, the version is not raised.
                change.lock_user().await?;
                change.reads().default_profile().await?
            }
            Template::Restrictive => None,
        };
        let created = found.is_none();
        if created {
            change.raise_user(now).await?;
            // Another process may have created the first row of the user, and the default, since.
            if template == Template::Transparent && change.reads().default_profile().await?.is_some() {
                return Err(Error::Unavailable(anyhow!("the default profile was created meanwhile")));
            }
        }
        let profile = match found {
            Some(profile) => profile,
            None => {
                let profile = profile_from_template(owner.clone(), template, name, now);
                change.insert(&profile, EventLimit::Enforced).await?;
                change.reads().kept().await?.check_quota().map_err(Error::Invalid)?;
                profile
            }
        };
        let tags = change.reads().tags(&profile.rules.tags()).await?;
        let kept = KeptProfile { shown: ShownProfile::by_names(profile, &tags), created };
        let stamp = change.stamp();
        change.commit(request.as_ref().map(|request| (request, &kept, now))).await?;
        let done = if created { CreateProfile::Created(kept.shown) } else { CreateProfile::Found(kept.shown) };
        match stamp {
            Some(_) => Ok(Stamped { value: done, stamp }),
            None => self.newest(done, &owner, now).await,
        }
    }
}

fn parse(template: &str, name: Option<String>) -> Result<(Template, ProfileName), FieldErrors> {
    let mut errors = FieldErrors::new();
    let template = Template::parse(template);
    if template.is_none() {
        errors.add("template", "must be transparent or restrictive");
    }
    let name = match name {
        Some(name) => ProfileName::parse(&name).map_err(|error| errors.add("name", error.to_string())).ok(),
        None => template.and_then(|template| template.default_name().ok()),
    };
    match (template, name) {
        (Some(template), Some(name)) => errors.into_result((template, name)),
        _ => Err(errors),
    }
}

pub(super) fn profile_from_template(owner: UserId, template: Template, name: ProfileName, now: Timestamp) -> Profile {
    let rules = template.rules();
    // The warnings of templates need no solver.
    let warnings = formula_warnings(&rules);
    let is_default = Some(template == Template::Transparent);
    new_profile(owner, Edited { name, description: None, rules, is_active: true, is_default }, warnings, now)
}
