//! Profiles to start from.

use super::{DetailLevel, ProfileName, Rules, SchemaPermissions, TagPermissions, text::TextError};

/// A profile to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// Everything, in full, with every verb: the default profile.
    Transparent,
    /// Nothing, until it is edited.
    Restrictive,
}

impl Template {
    /// The template of this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "transparent" => Some(Self::Transparent),
            "restrictive" => Some(Self::Restrictive),
            _ => None,
        }
    }

    /// The default name of a profile created from it.
    pub fn default_name(self) -> Result<ProfileName, TextError> {
        ProfileName::parse(match self {
            Self::Transparent => "Transparent",
            Self::Restrictive => "Restrictive",
        })
    }

    /// Its rules.
    pub fn rules(self) -> Rules {
        match self {
            Self::Transparent => Rules {
                max_detail_level: Some(DetailLevel::Full),
                tag_permissions: Some(TagPermissions::everything()),
                schema_permissions: Some(SchemaPermissions::everything()),
                ..Rules::default()
            },
            Self::Restrictive => Rules {
                max_detail_level: Some(DetailLevel::Minimal),
                tag_permissions: Some(TagPermissions::nothing()),
                schema_permissions: Some(SchemaPermissions::nothing()),
                ..Rules::default()
            },
        }
    }
}
