//! Metrics of decisions, by result and reason, never by person.

use metrics::{counter, describe_counter};

use crate::operations::{AccessQuestion, CheckAccess, CheckItem};

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

pub(super) fn items(items: &[CheckItem<'_>], allowed: &[bool]) {
    let (mut owner, mut shared, mut denied) = (0, 0, 0);
    for (item, allowed) in items.iter().zip(allowed) {
        *match (item.viewer == item.owner, allowed) {
            (true, _) => &mut owner,
            (false, true) => &mut shared,
            (false, false) => &mut denied,
        } += 1;
    }
    count("allowed", "owner", owner);
    count("allowed", "shared", shared);
    count("denied", "not_shared", denied);
}

fn count(answer: &'static str, reason: &'static str, number: usize) {
    if number > 0 {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        counter!(DECISIONS, "answer" => answer, "reason" => reason).increment(number);
    }
}
