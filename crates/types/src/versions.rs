//! The guard against lost updates.

/// The versions at which a caller is content to change a row; what `If-Match` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedVersions(Vec<i64>);

impl ExpectedVersions {
    /// Any of these; an empty list means any version at all.
    pub fn new(versions: Vec<i64>) -> Self {
        Self(versions)
    }

    /// Whether a row at this version may be changed.
    pub fn admit(&self, version: i64) -> bool {
        self.0.is_empty() || self.0.contains(&version)
    }
}
