//! The guard against lost updates.

/// The row versions that a change expects, as in `If-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedVersions(Vec<i64>);

impl ExpectedVersions {
    /// Any of these versions; an empty list means any version.
    pub fn new(versions: Vec<i64>) -> Self {
        Self(versions)
    }

    /// Whether a row at this version may be changed.
    pub fn matches(&self, version: i64) -> bool {
        self.0.is_empty() || self.0.contains(&version)
    }
}
