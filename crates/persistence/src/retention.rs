//! Retention of ended rows.

use std::time::Duration;

/// Retention of ended data, and its quotas.
#[derive(clap::Args, Clone, Debug)]
pub struct RetentionSettings {
    /// How long shares and grants that have ended are kept before they are purged (`9600h`: 400 days)
    #[arg(long, env = "RETENTION", default_value = "9600h", value_parser = humantime::parse_duration)]
    pub retention: Duration,
    /// How long events of changes are kept (`9600h`: 400 days). A watcher that resumes after a pruned event begins anew
    #[arg(long, env = "EVENT_RETENTION", default_value = "9600h", value_parser = humantime::parse_duration)]
    pub event_retention: Duration,
    /// How long it is kept who used whose data on which day (`4320h`: 180 days). `0s`: it is not counted
    #[arg(long, env = "USAGE_RETENTION", default_value = "4320h", value_parser = humantime::parse_duration)]
    pub usage_retention: Duration,
    /// The delay between revoking and deleting the data of an erased person, so that watchers receive the revocations
    #[arg(long, env = "ERASURE_DELAY", default_value = "10m", value_parser = humantime::parse_duration)]
    pub erasure_delay: Duration,
    /// Maximum bytes of the ended shares or grants of one user; above it, the oldest are purged early
    #[arg(long, env = "ENDED_BYTES_PER_USER", default_value_t = 64 * 1024 * 1024)]
    pub ended_bytes_per_user: u64,
    /// Maximum bytes of the stored responses under one user's idempotency keys; beyond, requests with a key are answered 429
    #[arg(long, env = "KEPT_ANSWER_BYTES_PER_USER", default_value_t = 16 * 1024 * 1024)]
    pub kept_answer_bytes_per_user: u64,
    /// Maximum bytes of the events of what one user created, in the data of one person; beyond, changes that grant more are answered 429
    #[arg(long, env = "EVENT_BYTES_PER_USER", default_value_t = 64 * 1024 * 1024)]
    pub event_bytes_per_user: u64,
}

/// Maximum bytes of what is stored for one user beside the rows themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBytes {
    /// Responses under idempotency keys.
    pub kept_answers: u64,
    /// Events of what they created, in the data of one person.
    pub events: u64,
}

impl StoredBytes {
    /// No limit.
    pub const UNLIMITED: Self = Self { kept_answers: u64::MAX, events: u64::MAX };
}

impl RetentionSettings {
    /// What is stored for one user at most.
    pub fn stored_bytes(&self) -> StoredBytes {
        StoredBytes { kept_answers: self.kept_answer_bytes_per_user, events: self.event_bytes_per_user }
    }
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            retention: Duration::from_hours(9_600),
            event_retention: Duration::from_hours(9_600),
            usage_retention: Duration::from_hours(4_320),
            erasure_delay: Duration::from_mins(10),
            ended_bytes_per_user: 64 * 1024 * 1024,
            kept_answer_bytes_per_user: 16 * 1024 * 1024,
            event_bytes_per_user: 64 * 1024 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        retention: RetentionSettings,
    }

    #[test]
    fn defaults_of_flags_and_code_agree() {
        let (parsed, default) = (Program::parse_from(["program"]).retention, RetentionSettings::default());
        assert_eq!(parsed.retention, default.retention);
        assert_eq!(parsed.event_retention, default.event_retention);
        assert_eq!(parsed.usage_retention, default.usage_retention);
        assert_eq!(parsed.erasure_delay, default.erasure_delay);
        assert_eq!(parsed.ended_bytes_per_user, default.ended_bytes_per_user);
        assert_eq!(parsed.kept_answer_bytes_per_user, default.kept_answer_bytes_per_user);
        assert_eq!(parsed.event_bytes_per_user, default.event_bytes_per_user);
    }
}
