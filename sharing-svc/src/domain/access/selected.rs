//! The selection of a link and the ids of a node, as small numbers of an access set.

/// Ids of a node that need no heap memory.
const INLINE: usize = 32;

/// The selection of one link, sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Selected {
    Tags(Box<[u32]>),
    Nodes(Box<[u32]>),
    Graph(Box<[u32]>),
}

/// The ids of a node that the set knows: its tags first, then the roots it is reached from.
pub(super) struct Slots {
    node: Option<u32>,
    inline: [u32; INLINE],
    /// Used when `inline` is full.
    spilled: Vec<u32>,
    tags: usize,
    length: usize,
}

impl Selected {
    pub(super) fn slots(&self) -> &[u32] {
        match self {
            Self::Tags(slots) | Self::Nodes(slots) | Self::Graph(slots) => slots,
        }
    }

    /// Whether every node that this selects, `other` selects too.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tags(slots), Self::Tags(others))
            | (Self::Nodes(slots), Self::Nodes(others) | Self::Graph(others))
            | (Self::Graph(slots), Self::Graph(others)) => is_subset(slots, others),
            (Self::Tags(_), Self::Nodes(_) | Self::Graph(_))
            | (Self::Nodes(_) | Self::Graph(_), Self::Tags(_))
            | (Self::Graph(_), Self::Nodes(_)) => false,
        }
    }

    pub(super) fn covers(&self, node: &Slots) -> bool {
        let has = |slots: &[u32], slot: &u32| slots.binary_search(slot).is_ok();
        match self {
            Self::Tags(slots) => node.tags().iter().any(|tag| has(slots, tag)),
            Self::Nodes(slots) => node.node.is_some_and(|node| has(slots, &node)),
            Self::Graph(slots) => {
                node.node.is_some_and(|node| has(slots, &node)) || node.roots().iter().any(|root| has(slots, root))
            }
        }
    }
}

/// Whether `others` has every one of `slots`; both are sorted.
fn is_subset(slots: &[u32], others: &[u32]) -> bool {
    slots.len() <= others.len() && slots.iter().all(|slot| others.binary_search(slot).is_ok())
}

impl Slots {
    pub(super) fn of(node: Option<u32>) -> Self {
        Self { node, inline: [0; INLINE], spilled: Vec::new(), tags: 0, length: 0 }
    }

    /// Tags have lower numbers than roots.
    pub(super) fn add_tag(&mut self, slot: u32) {
        self.push(slot);
        self.tags = self.length;
    }

    pub(super) fn add_root(&mut self, slot: u32) {
        self.push(slot);
    }

    pub(super) fn node(&self) -> Option<u32> {
        self.node
    }

    pub(super) fn tags(&self) -> &[u32] {
        self.all().get(..self.tags).unwrap_or_default()
    }

    pub(super) fn roots(&self) -> &[u32] {
        self.all().get(self.tags..).unwrap_or_default()
    }

    fn push(&mut self, slot: u32) {
        match self.inline.get_mut(self.length) {
            Some(place) => *place = slot,
            None => {
                if self.spilled.is_empty() {
                    self.spilled.extend_from_slice(&self.inline);
                }
                self.spilled.push(slot);
            }
        }
        self.length += 1;
    }

    fn all(&self) -> &[u32] {
        if self.spilled.is_empty() { self.inline.get(..self.length).unwrap_or_default() } else { &self.spilled }
    }
}
