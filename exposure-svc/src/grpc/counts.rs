//! Metrics of decisions, by result and reason, never by person.

use metrics::{counter, describe_counter};

use crate::{
    domain::exposure::WriteDecision,
    operations::{AppliedProfile, CheckWrite, DecidedBy},
};

const DECISIONS: &str = "exposure_decisions_total";

/// Describes the metrics. Call it once, before the first measurement.
pub(super) fn describe() {
    describe_counter!(DECISIONS, "Exposure decisions by kind, result and reason");
}

pub(super) fn evaluated(exposed: &[bool], applied: &AppliedProfile) {
    let yes = exposed.iter().filter(|exposed| **exposed).count();
    let decided_by = applied.decided_by();
    count("evaluate", "allowed", decided_by, yes);
    count("evaluate", "denied", decided_by, exposed.len() - yes);
}

pub(super) fn viewed(is_exposed: bool, applied: &AppliedProfile) {
    count("filter", if is_exposed { "allowed" } else { "denied" }, applied.decided_by(), 1);
}

pub(super) fn written(done: &CheckWrite) {
    let answer = match done.decision {
        WriteDecision::Allowed => "allowed",
        WriteDecision::Refused { .. } => "denied",
    };
    count("write", answer, done.decided_by, 1);
}

fn count(question: &'static str, answer: &'static str, decided_by: DecidedBy, number: usize) {
    let reason = match decided_by {
        DecidedBy::NoGrant => "no_grant",
        DecidedBy::InactiveProfile => "inactive_profile",
        DecidedBy::Rules => "rules",
    };
    if number > 0 {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        counter!(DECISIONS, "question" => question, "answer" => answer, "reason" => reason).increment(number);
    }
}
