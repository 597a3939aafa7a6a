//! Metrics of decisions, by result and reason, never by person.

use metrics::{counter, describe_counter};

use crate::operations::{AccessQuestion, CheckAccess};

const DECISIONS: &str = "access_decisions_total";

/// Describes the metrics. Call it once, before the first measurement.
pub(super) fn describe() {
    describe_counter!(DECISIONS, "Access decisions by result and reason");
}

pub(super) fn checked(done: &CheckAccess) {
    match done {
        CheckAccess::Owner => count("allowed", "owner", 1),
        CheckAccess::AllowedBy(_) => count("allowed", "shared", 1),
        CheckAccess::Denied => count("denied", "not_shared", 1),
    }
}

pub(super) fn batch(question: &AccessQuestion, allowed: &[bool]) {
    let yes = allowed.iter().filter(|allowed| **allowed).count();
    count("allowed", if question.is_owners() { "owner" } else { "shared" }, yes);
    count("denied", "not_shared", allowed.len() - yes);
}

fn count(answer: &'static str, reason: &'static str, number: usize) {
    if number > 0 {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        counter!(DECISIONS, "answer" => answer, "reason" => reason).increment(number);
    }
}
