//! `PreviewProfile`: the same decisions for a profile that is not saved yet.

use service::cpu_work::{permit_of_services, run_blocking};
use types::FieldUpdate;

use super::Exposure;
use crate::{
    domain::{
        ProfileEdits, ProfileName, Warning, are_formula_warnings_slow, exposure::CompiledProfile, formula_warnings,
    },
    error::Error,
};

/// A profile that is not saved yet.
#[derive(Clone, Debug)]
pub struct PreviewProfile {
    /// The basis of the decision.
    pub compiled: CompiledProfile,
    /// What its owner should know; nothing is read, so that deleted tags are not among it.
    pub warnings: Vec<Warning>,
}

impl Exposure {
    /// What a draft would expose. It needs no name; nothing is read or written.
    pub async fn preview_profile(mut edits: ProfileEdits) -> Result<PreviewProfile, Error> {
        if matches!(edits.name, FieldUpdate::Keep)
            && !edits.unreadable.names("name")
            && let Ok(name) = ProfileName::parse("draft")
        {
            edits.name = FieldUpdate::Set(name);
        }
        let edited = edits.create().map_err(Error::Invalid)?;
        let compiled = CompiledProfile::new(&edited.rules, edited.is_active);
        let warnings = if are_formula_warnings_slow(&edited.rules) {
            run_blocking(permit_of_services().await?, move || formula_warnings(&edited.rules)).await?.1
        } else {
            formula_warnings(&edited.rules)
        };
        Ok(PreviewProfile { compiled, warnings })
    }
}
