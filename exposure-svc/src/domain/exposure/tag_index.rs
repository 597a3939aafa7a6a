//! The tags that a profile names, each with what it means to the decision.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::TagFacts;
use crate::domain::TagRef;

/// Words of 64 tags that must be told apart: those of an expression, of `include_all` and of `allowed_tag_ids` under AND. There
/// are 2,512 at most.
pub(super) const MOST_WORDS: usize = 40;
/// As many as nearly every profile needs; the fewer, the sooner a decision can begin.
pub(super) const FEW_WORDS: usize = 2;

/// What a tag on a node means by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The node is excluded.
    Excludes,
    /// `include_any` holds.
    Includes,
    /// `allowed_tag_ids` holds, under OR.
    Allows,
    /// `tag_permissions.read` names it.
    Reads,
}

/// The tags that a profile names.
#[derive(Clone, Debug, Default)]
pub(super) struct TagIndex {
    entries: HashMap<Box<str>, Entry, RandomState>,
    /// The lengths that occur, in bytes: most tags of a node are passed over without being hashed.
    lengths: Lengths,
    slots: u16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    roles: u8,
    slot: Option<u16>,
}

/// A set of lengths; those of 127 bytes and more count as one.
#[derive(Clone, Copy, Debug, Default)]
struct Lengths(u128);

/// What the tags of one node mean together.
pub(super) struct SeenTags<const WORDS: usize> {
    roles: u8,
    slots: [u64; WORDS],
}

/// Slots that must all be seen.
#[derive(Clone, Debug, Default)]
pub(super) struct SlotSet(Vec<(u16, u64)>);

impl Role {
    fn bit(self) -> u8 {
        match self {
            Self::Excludes => 1,
            Self::Includes => 2,
            Self::Allows => 4,
            Self::Reads => 8,
        }
    }
}

impl TagIndex {
    /// Gives a tag another meaning.
    pub(super) fn mark(&mut self, tag: &TagRef, role: Role) {
        self.entry(tag).roles |= role.bit();
    }

    /// The number by which a tag is told apart.
    pub(super) fn slot(&mut self, tag: &TagRef) -> u16 {
        let next = self.slots;
        let entry = self.entry(tag);
        let slot = *entry.slot.get_or_insert(next);
        if slot == next {
            self.slots += 1;
        }
        slot
    }

    fn entry(&mut self, tag: &TagRef) -> &mut Entry {
        self.lengths.add(tag.as_str().len());
        self.entries.entry(tag.as_str().into()).or_default()
    }

    /// Whether [`FEW_WORDS`] are enough.
    pub(super) fn has_few_slots(&self) -> bool {
        usize::from(self.slots) <= FEW_WORDS * 64
    }

    /// What these tags mean together.
    pub(super) fn see<const WORDS: usize>(&self, tags: &[TagFacts<'_>]) -> SeenTags<WORDS> {
        let mut seen = SeenTags { roles: 0, slots: [0; WORDS] };
        if !self.entries.is_empty() {
            for tag in tags {
                self.look_up(tag.id, &mut seen);
                self.look_up(tag.name, &mut seen);
            }
        }
        seen
    }

    #[inline]
    fn look_up<const WORDS: usize>(&self, reference: &str, seen: &mut SeenTags<WORDS>) {
        if !self.lengths.contain(reference.len()) {
            return;
        }
        let Some(entry) = self.entries.get(reference) else { return };
        seen.roles |= entry.roles;
        if let Some(slot) = entry.slot
            && let Some(word) = seen.slots.get_mut(usize::from(slot / 64))
        {
            *word |= 1 << (slot % 64);
        }
    }
}

impl<const WORDS: usize> SeenTags<WORDS> {
    pub(super) fn has(&self, role: Role) -> bool {
        self.roles & role.bit() != 0
    }

    pub(super) fn has_slot(&self, slot: u16) -> bool {
        self.slots.get(usize::from(slot / 64)).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    pub(super) fn has_all(&self, set: &SlotSet) -> bool {
        set.0.iter().all(|(word, bits)| self.slots.get(usize::from(*word)).is_some_and(|seen| seen & bits == *bits))
    }
}

impl SlotSet {
    pub(super) fn add(&mut self, slot: u16) {
        let (word, bit) = (slot / 64, 1 << (slot % 64));
        match self.0.iter_mut().find(|(known, _)| *known == word) {
            Some((_, bits)) => *bits |= bit,
            None => self.0.push((word, bit)),
        }
    }
}

impl Lengths {
    fn add(&mut self, length: usize) {
        self.0 |= 1 << length.min(127);
    }

    fn contain(self, length: usize) -> bool {
        self.0 >> length.min(127) & 1 == 1
    }
}
