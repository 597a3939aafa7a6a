//! What is counted of decisions: how many of each answer, and why. Never whose.

use metrics::{counter, describe_counter};

use crate::{
    domain::exposure::WriteDecision,
    operations::{AppliedProfile, NO_GRANT},
};

const DECISIONS: &str = "exposure_decisions_total";

/// Says what the counts mean. To be called once, before the first is counted.
pub(super) fn describe() {
    describe_counter!(DECISIONS, "Questions about nodes and apps, by what was asked, answer and what decided");
}

pub(super) fn evaluated(exposed: &[bool], applied: &AppliedProfile) {
    let yes = exposed.iter().filter(|exposed| **exposed).count();
    let decided_by = decided_by(applied);
    count("evaluate", "allowed", decided_by, yes);
    count("evaluate", "denied", decided_by, exposed.len() - yes);
}

pub(super) fn viewed(is_exposed: bool, applied: &AppliedProfile) {
    count("filter", if is_exposed { "allowed" } else { "denied" }, decided_by(applied), 1);
}

pub(super) fn written(decision: &WriteDecision) {
    match decision {
        WriteDecision::Allowed => count("write", "allowed", "rules", 1),
        WriteDecision::Refused { reason, .. } if reason == NO_GRANT => count("write", "denied", "no_grant", 1),
        WriteDecision::Refused { .. } => count("write", "denied", "rules", 1),
    }
}

fn decided_by(applied: &AppliedProfile) -> &'static str {
    match &applied.profile {
        None => "no_grant",
        Some(profile) if !profile.is_active => "inactive_profile",
        Some(_) => "rules",
    }
}

fn count(question: &'static str, answer: &'static str, reason: &'static str, number: usize) {
    if number > 0 {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        counter!(DECISIONS, "question" => question, "answer" => answer, "reason" => reason).increment(number);
    }
}
