//! What a token says.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::json::Json;

/// What a token says, each claim once: of one that stands twice two readers may take two different values
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
        let members = members.ok_or_else(|| D::Error::custom("the claims are no object"))?;
        let mut names = HashSet::new();
        if members.iter().all(|(name, _)| names.insert(name.as_str())) {
            Ok(Self(members))
        } else {
            Err(D::Error::custom("a claim stands twice"))
        }
    }
}
