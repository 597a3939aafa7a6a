//! `PreviewChange`: what a change of a profile, or a new profile, would expose and hide.

use std::collections::HashSet;

use service::cpu_work::CpuBudget;
use types::FieldUpdate;

use super::{
    Exposure,
    named_tags::{named, unnamed},
    profile_named,
};
use crate::{
    domain::{
        Comparison, Difference, Edited, ExampleNode, Profile, ProfileEdits, ProfileName, Rules, TagDirectory, UserId,
        Warning, directory_warnings,
        exposure::{CompiledProfile, NodeFacts},
        formula_warnings, widened_warnings, widening,
    },
    error::Error,
};

/// The change that is previewed.
#[derive(Clone, Debug)]
pub enum PreviewedChange {
    /// A new profile, compared with one that exposes nothing.
    New(ProfileEdits),
    /// Some fields of the profile with this id.
    Update(String, ProfileEdits),
    /// All of the profile with this id.
    Replacement(String, ProfileEdits),
}

/// What a change would expose and hide.
#[derive(Clone, Debug)]
pub struct PreviewChange {
    /// Ids of the given nodes that only the version after exposes.
    pub gained: Vec<String>,
    /// Ids of the given nodes that only the version before exposes.
    pub lost: Vec<String>,
    /// A node that only the version after exposes; `None`: there is none if `proven`.
    pub example_gained: Option<ExampleNode>,
    /// A node that only the version before exposes; `None`: there is none if `proven`.
    pub example_lost: Option<ExampleNode>,
    /// Whether both comparisons are decided.
    pub proven: bool,
    /// As after the change.
    pub warnings: Vec<Warning>,
    /// The names of the tags in the examples.
    pub tags: TagDirectory,
}

/// A version of a profile.
struct Version {
    rules: Rules,
    is_active: bool,
}

impl Exposure {
    /// What a change would expose and hide: of `nodes`, and over every node that could be. Nothing is written.
    pub async fn preview_change(
        &self,
        user: &UserId,
        change: PreviewedChange,
        nodes: &[NodeFacts<'_>],
    ) -> Result<PreviewChange, Error> {
        let mut cpu = CpuBudget::of_user(user.as_str());
        // Before the read, which is fresh when the work begins.
        cpu.acquire().await?;
        let reads = self.store.of(user);
        let (profile, edits) = match &change {
            PreviewedChange::New(edits) => (None, edits),
            PreviewedChange::Update(id, edits) | PreviewedChange::Replacement(id, edits) => {
                let profile = reads.profile(profile_named(id)?).await?.ok_or(Error::ProfileNotFound)?;
                (Some(profile), edits)
            }
        };
        let mut references = edits.tags();
        references.extend(profile.iter().flat_map(|profile| profile.rules.tags()));
        references.extend(unnamed(nodes.iter().flat_map(|node| node.tags)));
        let tags = reads.tags(&references).await?;
        cpu.run(|| {
            let edited = edited(change, profile.as_ref(), &tags)?;
            let after = Version { rules: edited.rules, is_active: edited.is_active };
            let is_new = profile.is_none();
            let before = profile.map_or_else(Version::nothing, |profile| Version {
                rules: profile.rules,
                is_active: profile.is_active,
            });
            Ok(compare(&before, &after, is_new, nodes, tags))
        })
    }
}

impl Version {
    /// A profile that exposes nothing.
    fn nothing() -> Self {
        Self { rules: Rules::default(), is_active: false }
    }

    fn parts(&self) -> (&Rules, bool) {
        (&self.rules, self.is_active)
    }
}

/// The content of the profile after the change.
fn edited(change: PreviewedChange, profile: Option<&Profile>, tags: &TagDirectory) -> Result<Edited, Error> {
    let current = profile.map(|profile| profile.rules.clone()).unwrap_or_default();
    match (change, profile) {
        (PreviewedChange::Update(_, edits), Some(profile)) => edits.resolved(&current, tags).update(profile),
        (
            PreviewedChange::New(edits) | PreviewedChange::Update(_, edits) | PreviewedChange::Replacement(_, edits),
            profile,
        ) => named_draft(edits, profile).resolved(&current, tags).create(),
    }
    .map_err(Error::Invalid)
}

/// A draft needs no name.
fn named_draft(edits: ProfileEdits, profile: Option<&Profile>) -> ProfileEdits {
    if !matches!(edits.name, FieldUpdate::Keep) || edits.unreadable.names("name") {
        return edits;
    }
    let name = profile.map(|profile| profile.name.clone()).or_else(|| ProfileName::parse("draft").ok());
    ProfileEdits { name: name.map_or(FieldUpdate::Keep, FieldUpdate::Set), ..edits }
}

fn compare(
    before: &Version,
    after: &Version,
    is_new: bool,
    nodes: &[NodeFacts<'_>],
    tags: TagDirectory,
) -> PreviewChange {
    let (was, is) =
        (CompiledProfile::new(&before.rules, before.is_active), CompiledProfile::new(&after.rules, after.is_active));
    let (mut gained, mut lost) = (Vec::new(), Vec::new());
    for node in nodes {
        let tags: Vec<_> = node.tags.iter().map(|tag| named(tag, &tags)).collect();
        let node = NodeFacts { tags: &tags, ..*node };
        match (was.exposes(&node), is.exposes(&node)) {
            (false, true) => gained.push(node.id.to_owned()),
            (true, false) => lost.push(node.id.to_owned()),
            (true, true) | (false, false) => {}
        }
    }
    let comparison = Comparison::of(before.parts(), after.parts());
    let proven = comparison.is_proven();
    let mut warnings = formula_warnings(&after.rules);
    warnings.extend(directory_warnings(&after.rules, &tags));
    if !is_new && before.parts() != after.parts() {
        warnings.extend(widened_warnings(&widening(before.parts(), after.parts()), &tags));
    }
    let Comparison { gained: newly_exposed, lost: newly_hidden } = comparison;
    PreviewChange {
        gained: without_repeats(gained),
        lost: without_repeats(lost),
        example_gained: example(newly_exposed),
        example_lost: example(newly_hidden),
        proven,
        warnings,
        tags,
    }
}

fn example(difference: Difference) -> Option<ExampleNode> {
    match difference {
        Difference::Such(example) => Some(*example),
        Difference::Nothing | Difference::Undecided => None,
    }
}

/// Ids in their first order, each once.
fn without_repeats(mut ids: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}
