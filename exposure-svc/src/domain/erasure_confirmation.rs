//! The confirmation of an erasure, so that no single call erases a person.

use std::time::Duration;

use aws_lc_rs::hmac;
use types::Timestamp;

use super::UserId;

/// For how long a confirmation is accepted.
/// An erasure takes `ERASURE_DELAY` and more: the same call reports its end.
const LIFETIME: Duration = Duration::from_hours(1);
/// The prefix of a confirmation: the version of its format.
const PREFIX: &str = "v1.";

/// The key of confirmations, which all replicas share.
#[derive(Clone)]
pub struct ConfirmationKey(hmac::Key);

impl ConfirmationKey {
    /// From 32 random bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A confirmation for `user`, and when it expires.
    pub fn issue(&self, user: &UserId, now: Timestamp) -> Option<(String, Timestamp)> {
        let expires_at = Timestamp::new(now.utc() + LIFETIME).ok()?;
        let micros = expires_at.utc().timestamp_micros();
        let tag = hmac::sign(&self.0, message(user, micros).as_bytes());
        Some((format!("{PREFIX}{micros}.{}", hex::encode(tag.as_ref())), expires_at))
    }

    /// Whether `confirmation` was issued for `user` and has not expired.
    pub fn accepts(&self, user: &UserId, confirmation: &str, now: Timestamp) -> bool {
        let parts = confirmation.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
        let Some((micros, tag)) =
            parts.and_then(|(micros, tag)| Some((micros.parse::<i64>().ok()?, hex::decode(tag).ok()?)))
        else {
            return false;
        };
        let is_current = Timestamp::from_micros(micros).is_ok_and(|expires_at| expires_at > now);
        is_current && hmac::verify(&self.0, message(user, micros).as_bytes(), &tag).is_ok()
    }
}

/// Ids have no line breaks.
fn message(user: &UserId, micros: i64) -> String {
    format!("erasure\n{user}\n{micros}")
}

impl std::fmt::Debug for ConfirmationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConfirmationKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(1_767_225_600 + seconds, 0).unwrap()
    }

    #[test]
    fn confirmation_is_of_one_person_and_one_hour() {
        let key = ConfirmationKey::new(&[7; 32]);
        let [ann, bob] = ["ann", "bob"].map(|name| UserId::parse(name).unwrap());
        let (confirmation, expires_at) = key.issue(&ann, at(0)).unwrap();
        assert_eq!(expires_at, at(3_600));
        assert!(key.accepts(&ann, &confirmation, at(0)) && key.accepts(&ann, &confirmation, at(3_599)));
        assert!(!key.accepts(&ann, &confirmation, at(3_600)), "it has expired");
        assert!(!key.accepts(&bob, &confirmation, at(0)), "of another person");
        assert!(!ConfirmationKey::new(&[8; 32]).accepts(&ann, &confirmation, at(0)), "by another key");
        let (_, tag) = confirmation.rsplit_once('.').unwrap();
        let later = format!("v1.{}.{tag}", at(9_999).utc().timestamp_micros());
        for forged in ["", "v1.", "v1.7", "v1.x.00", "v1.7.zz", &later, &confirmation.replace("v1", "v2")] {
            assert!(!key.accepts(&ann, forged, at(0)), "{forged}");
        }
    }
}
