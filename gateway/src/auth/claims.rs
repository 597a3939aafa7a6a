//! The claims of a token.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::json::Json;

/// The claims of a token. Duplicates are an error: two parsers may use different values
/// (RFC 7519, section 4).
pub(super) struct Claims(Vec<(String, Json)>);

impl Claims {
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Json::deserialize(deserializer)?.into_object();
        let members = members.ok_or_else(|| D::Error::custom("the claims are not an object"))?;
        let mut names = HashSet::new();
        if members.iter().all(|(name, _)| names.insert(name.as_str())) {
            Ok(Self(members))
        } else {
            Err(D::Error::custom("duplicate claim"))
        }
    }
}
