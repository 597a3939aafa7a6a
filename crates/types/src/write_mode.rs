//! Whether a write is executed or only checked.

/// Whether a write is executed or only checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteMode {
    /// Execute it.
    #[default]
    Execute,
    /// Check the fields of the request only.
    Validate,
    /// Run every check, also against stored data, and return what the write would store.
    DryRun,
}

impl WriteMode {
    /// The mode of a request.
    pub fn new(validate_only: bool, dry_run: bool) -> Self {
        match (validate_only, dry_run) {
            (true, _) => Self::Validate,
            (false, true) => Self::DryRun,
            (false, false) => Self::Execute,
        }
    }
}
