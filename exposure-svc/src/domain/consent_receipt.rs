//! Consent receipts: one for each access grant, as ISO/IEC TS 27560 describes them, in the JSON-LD of W3C's Data Privacy Vocabulary.
//!
//! A receipt holds what this service knows: who consented, for which app, by which profile, from when until when. The controller, the purpose
//! and the notice are known to the consent flow only.

use serde_json::{Value, json};
use types::Timestamp;

use super::AppAccess;

/// The prefixes of the terms.
const DPV: &str = "https://w3id.org/dpv#";
const DCT: &str = "http://purl.org/dc/terms/";
const SCHEMA: &str = "https://schema.org/";
/// The profiles of a receipt and of a record.
const RECEIPT: &str = "https://w3id.org/dpv/schema/dpv-27560#receipt";
const RECORD: &str = "https://w3id.org/dpv/schema/dpv-27560#record";

/// The receipt of a grant, as of `now`. `profile`: the name of the profile that it names.
pub fn consent_receipt(access: &AppAccess, profile: Option<&str>, now: Timestamp) -> Value {
    let app = json!({"@type": "dpv:ThirdParty", "dct:identifier": access.app.as_str()});
    let expressed = |state: &str, at: Timestamp| json!({"@type": state, "dct:date": at.to_string()});
    let mut states = vec![expressed("dpv:ConsentGiven", access.granted_at)];
    // The end by expiry is written as a revocation when a new grant follows it.
    let expired_at = access.expires_at.filter(|end| *end <= now);
    match (access.revoked_at, expired_at) {
        (Some(revoked), expired) if expired.is_none_or(|expired| revoked < expired) => {
            states.push(expressed("dpv:ConsentWithdrawn", revoked));
        }
        (_, Some(expired)) => states.push(expressed("dpv:ConsentExpired", expired)),
        (_, None) => {}
    }
    let mut process = json!({"@type": "dpv:Process", "dpv:hasProcessing": "dpv:Disclose", "dpv:hasRecipient": app});
    if let (Some(id), Some(process)) = (&access.profile, process.as_object_mut()) {
        let profile = json!({
            "@id": format!("urn:uuid:{id}"), "@type": "dpv:PersonalData", "dct:title": profile,
            "dct:description": "what this exposure profile exposes",
        });
        process.insert("dpv:hasPersonalData".to_owned(), profile);
    }
    if let (Some(end), Some(process)) = (access.expires_at, process.as_object_mut()) {
        let duration = json!({"@type": "dpv:UntilTimeDuration", "schema:endDate": end.to_string()});
        process.insert("dpv:hasDuration".to_owned(), duration);
    }
    let id = access.id.to_string();
    json!({
        "@context": {"dpv": DPV, "dct": DCT, "schema": SCHEMA},
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": format!("receipt-{id}"),
        "dct:conformsTo": RECEIPT,
        "dct:created": now.to_string(),
        "schema:recipient": "dpv:DataSubject",
        "dpv:hasRecordOfActivity": {
            "@id": format!("urn:uuid:{id}"),
            "@type": "dpv:ConsentRecord",
            "dct:identifier": id,
            "dct:conformsTo": RECORD,
            "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": access.user.as_str()},
            "dpv:hasConsentStatus": states,
            "dpv:hasProcess": process,
        },
    })
}

#[cfg(test)]
mod tests {
    use types::Id;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{GrantId, ProfileId, Tier};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(1_767_225_600 + seconds, 0).unwrap()
    }

    fn states(expires_at: Option<Timestamp>, revoked_at: Option<Timestamp>) -> Vec<String> {
        let access = AppAccess {
            id: GrantId(Uuid::nil()),
            user: Id::parse("ann").unwrap(),
            app: Id::parse("reading-list").unwrap(),
            tier: Tier::L2,
            profile: Some(ProfileId(Uuid::nil())),
            granted_at: at(0),
            expires_at,
            revoked_at,
            expiry_announced: false,
            version: 1,
        };
        let receipt = consent_receipt(&access, Some("Books"), at(10));
        let record = &receipt["dpv:hasRecordOfActivity"];
        assert_eq!(record["dpv:hasDataSubject"]["dct:identifier"], "ann");
        assert_eq!(record["dpv:hasProcess"]["dpv:hasRecipient"]["dct:identifier"], "reading-list");
        assert_eq!(record["dpv:hasProcess"]["dpv:hasPersonalData"]["dct:title"], "Books");
        assert_eq!(record["dpv:hasProcess"]["dpv:hasDuration"].is_object(), expires_at.is_some());
        let states = record["dpv:hasConsentStatus"].as_array().unwrap();
        states.iter().map(|state| state["@type"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn receipt_has_the_states_of_the_grant() {
        for (expires_at, revoked_at, expected) in [
            (None, None, vec!["dpv:ConsentGiven"]),
            (Some(at(20)), None, vec!["dpv:ConsentGiven"]),
            (Some(at(9)), None, vec!["dpv:ConsentGiven", "dpv:ConsentExpired"]),
            (Some(at(9)), Some(at(9)), vec!["dpv:ConsentGiven", "dpv:ConsentExpired"]),
            (Some(at(9)), Some(at(5)), vec!["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]),
            (None, Some(at(5)), vec!["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]),
        ] {
            assert_eq!(states(expires_at, revoked_at), expected, "{expires_at:?} {revoked_at:?}");
        }
    }
}
