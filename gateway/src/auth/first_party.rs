//! The rule for first-party apps.

use super::{claims::Claims, settings::AuthSettings};
use crate::json::Json;

/// Which tokens are of first-party apps.
#[derive(Clone, Debug)]
pub(super) struct FirstParty {
    claim: String,
    values: Vec<String>,
    clients: Vec<String>,
}

impl FirstParty {
    pub(super) fn new(settings: &AuthSettings) -> Self {
        Self {
            claim: settings.first_party_claim.clone(),
            values: settings.first_party_values.clone(),
            clients: settings.first_party_clients.clone(),
        }
    }

    /// Whether the claim has one of the values, or the client is one of the list.
    pub(super) fn admits(&self, claims: &Claims) -> bool {
        let is_one_of = |claim: &str, list: &[String]| {
            claims.get(claim).and_then(Json::as_str).is_some_and(|text| list.iter().any(|l| l == text))
        };
        is_one_of(&self.claim, &self.values) || is_one_of("client_id", &self.clients) || is_one_of("azp", &self.clients)
    }
}
