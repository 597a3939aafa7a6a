//! The tags of a profile, each with its meaning for the decision.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::TagFacts;
use crate::domain::{TagId, TagRef};

/// Words of 64 tags that must be told apart: those of an expression, of `include_all` and of `allowed_tag_ids` under AND. There
/// are 2,512 at most.
pub(super) const MOST_WORDS: usize = 40;
/// As many as nearly every profile needs; the fewer, the sooner a decision can begin.
pub(super) const FEW_WORDS: usize = 2;

/// The meaning of one tag.
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

/// The tags that a profile names, by id and by name.
#[derive(Clone, Debug, Default)]
pub(super) struct TagIndex {
    ids: Entries,
    /// Empty when every reference was resolved to an id.
    names: Entries,
    slots: u16,
}

/// Collects the tags that a profile names.
#[derive(Default)]
pub(super) struct TagIndexBuilder<'a> {
    index: TagIndex,
    slots: HashMap<(&'a TagRef, Vec<&'a TagId>), u16, RandomState>,
}

#[derive(Clone, Debug, Default)]
struct Entries {
    entries: HashMap<Box<str>, Entry, RandomState>,
    /// The fingerprints that occur: most tags of a node are passed over without being hashed.
    fingerprints: Fingerprints,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    roles: u8,
    slot: Option<u16>,
    /// A tag may be named by its id, and by a text that means the id among others.
    other_slots: Vec<u16>,
}

/// A set of fingerprints of texts: seven bits of the length, the first and the last byte.
#[derive(Clone, Copy, Debug, Default)]
struct Fingerprints(u128);

/// The combined meaning of the tags of one node.
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

impl<'a> TagIndexBuilder<'a> {
    /// Gives a tag another meaning.
    pub(super) fn mark(&mut self, tag: &TagRef, role: Role) {
        self.index.each_entry(tag, |entry| entry.roles |= role.bit());
    }

    /// The number of the bit that is set for a node that has `tag`, or a tag of `ids`.
    pub(super) fn slot(&mut self, tag: &'a TagRef, ids: impl IntoIterator<Item = &'a TagId>) -> u16 {
        let ids: Vec<_> = ids.into_iter().collect();
        if let Some(known) = self.slots.get(&(tag, ids.clone())) {
            return *known;
        }
        let slot = self.index.slots;
        self.index.slots += 1;
        self.index.each_entry(tag, |entry| entry.add_slot(slot));
        for id in &ids {
            self.index.ids.entry(id.as_str()).add_slot(slot);
        }
        self.slots.insert((tag, ids), slot);
        slot
    }

    pub(super) fn build(self) -> TagIndex {
        self.index
    }
}

impl TagIndex {
    /// Calls `change` with each entry by which a node's tag can be the one that is referred to.
    fn each_entry(&mut self, tag: &TagRef, change: impl Fn(&mut Entry)) {
        match tag {
            TagRef::Id { id } => change(self.ids.entry(id.as_str())),
            TagRef::Text(text) => {
                change(self.ids.entry(text.as_str()));
                change(self.names.entry(text.as_str()));
            }
        }
    }

    /// Whether [`FEW_WORDS`] are enough.
    pub(super) fn has_few_slots(&self) -> bool {
        usize::from(self.slots) <= FEW_WORDS * 64
    }

    /// The combined meaning of these tags.
    pub(super) fn see<const WORDS: usize>(&self, tags: &[TagFacts<'_>]) -> SeenTags<WORDS> {
        let mut seen = SeenTags { roles: 0, slots: [0; WORDS] };
        if !self.ids.entries.is_empty() {
            for tag in tags {
                self.ids.look_up(tag.id, &mut seen);
            }
        }
        if !self.names.entries.is_empty() {
            for tag in tags {
                self.names.look_up(&tag.name, &mut seen);
            }
        }
        seen
    }
}

impl Entries {
    fn entry(&mut self, text: &str) -> &mut Entry {
        self.fingerprints.add(text);
        self.entries.entry(text.into()).or_default()
    }

    #[inline]
    fn look_up<const WORDS: usize>(&self, text: &str, seen: &mut SeenTags<WORDS>) {
        if !self.fingerprints.may_contain(text) {
            return;
        }
        let Some(entry) = self.entries.get(text) else { return };
        seen.roles |= entry.roles;
        for slot in entry.slot.iter().chain(&entry.other_slots) {
            if let Some(word) = seen.slots.get_mut(usize::from(slot / 64)) {
                *word |= 1 << (slot % 64);
            }
        }
    }
}

impl Entry {
    fn add_slot(&mut self, slot: u16) {
        match self.slot {
            None => self.slot = Some(slot),
            Some(_) => self.other_slots.push(slot),
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

impl Fingerprints {
    #[inline]
    fn bit(text: &str) -> u128 {
        let bytes = text.as_bytes();
        let [first, last] = [bytes.first(), bytes.last()].map(|byte| byte.copied().map_or(0, usize::from));
        1 << ((bytes.len() + 5 * first + 11 * last) % 128)
    }

    fn add(&mut self, text: &str) {
        self.0 |= Self::bit(text);
    }

    #[inline]
    fn may_contain(self, text: &str) -> bool {
        self.0 & Self::bit(text) != 0
    }
}
