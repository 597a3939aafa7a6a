//! The settings of this service.

/// The settings of `exposure-svc serve`.
pub type Settings = service::Settings<service::NoSettings>;
