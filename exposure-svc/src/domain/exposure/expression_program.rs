//! A tag expression compiled to a list of tests with jumps.

use super::tag_index::{SeenTags, TagIndexBuilder};
use crate::domain::{TagExpression, TagOp};

/// A tag expression as a list of tests. Each test is on one tag and jumps to a later test or to a result:
/// at most one pass, no stack.
#[derive(Clone, Debug)]
pub(super) struct ExpressionProgram {
    tests: Vec<Test>,
    entry: Target,
}

#[derive(Clone, Copy, Debug)]
struct Test {
    slot: u16,
    when_there: Target,
    when_not: Target,
}

/// Where to go on.
#[derive(Clone, Copy, Debug)]
enum Target {
    Holds,
    Fails,
    /// The number of this test, lower than that of any test that jumps to it.
    Test(u16),
}

impl ExpressionProgram {
    /// Compiles an expression that is within its bounds.
    pub(super) fn new<'a>(expression: &'a TagExpression, tags: &mut TagIndexBuilder<'a>) -> Self {
        let mut tests = Vec::new();
        let entry = compile(expression, Target::Holds, Target::Fails, &mut tests, tags);
        Self { tests, entry }
    }

    /// Whether the expression holds for these tags.
    pub(super) fn holds<const WORDS: usize>(&self, tags: &SeenTags<WORDS>) -> bool {
        let mut target = self.entry;
        loop {
            target = match target {
                Target::Holds => return true,
                Target::Fails => return false,
                // There is no test of a number that no test has.
                Target::Test(number) => match self.tests.get(usize::from(number)) {
                    Some(test) if tags.has_slot(test.slot) => test.when_there,
                    Some(test) => test.when_not,
                    None => return false,
                },
            };
        }
    }
}

/// Compiles `expression`, which jumps to `holds` or `fails`, and returns its first test. From the last condition
/// to the first, so that each knows where the next one begins.
fn compile<'a>(
    expression: &'a TagExpression,
    holds: Target,
    fails: Target,
    tests: &mut Vec<Test>,
    tags: &mut TagIndexBuilder<'a>,
) -> Target {
    match expression {
        TagExpression::Tag { tag, ids } => {
            tests.push(Test { slot: tags.slot(tag, ids), when_there: holds, when_not: fails });
            // 512 parts are fewer than this counts to.
            Target::Test(u16::try_from(tests.len() - 1).unwrap_or(u16::MAX))
        }
        TagExpression::Operation { op: TagOp::And, conditions } => {
            conditions.iter().rev().fold(holds, |next, condition| compile(condition, next, fails, tests, tags))
        }
        TagExpression::Operation { op: TagOp::Or, conditions } => {
            conditions.iter().rev().fold(fails, |next, condition| compile(condition, holds, next, tests, tags))
        }
        // NOT has one condition, which must not hold.
        TagExpression::Operation { op: TagOp::Not, conditions } => {
            conditions.iter().rev().fold(holds, |next, condition| compile(condition, fails, next, tests, tags))
        }
    }
}
