//! Responses about exposure.

use grpc_server::timestamp;
use ofself_proto::exposure::{self as wire, predicate};

use super::profile::detail_level;
use crate::{
    domain::{
        NodeType, Transformation,
        exposure::{Explanation, Predicate, RuleValue, WriteDecision},
    },
    operations::{AppliedProfile, DecidedBy, ExposureFilter, NO_GRANT},
};

pub(in crate::grpc) fn evaluated(
    exposed: Vec<bool>,
    applied: &AppliedProfile,
    checked_at: String,
) -> wire::EvaluateNodesResponse {
    wire::EvaluateNodesResponse {
        exposed,
        max_detail_level: detail_level(applied.detail_level()).into(),
        transformations: transformations(applied),
        profile_id: profile_id(applied),
        checked_at,
        decided_by: decided_by(applied.decided_by()).into(),
    }
}

fn decided_by(decided_by: DecidedBy) -> wire::DecidedBy {
    match decided_by {
        DecidedBy::NoGrant => wire::DecidedBy::NoGrant,
        DecidedBy::InactiveProfile => wire::DecidedBy::InactiveProfile,
        DecidedBy::Rules => wire::DecidedBy::Rules,
    }
}

pub(in crate::grpc) fn filter(filter: ExposureFilter, checked_at: String) -> wire::GetExposureFilterResponse {
    let ExposureFilter { applied, predicate } = filter;
    wire::GetExposureFilterResponse {
        filter: Some(self::predicate(predicate)),
        max_detail_level: detail_level(applied.detail_level()).into(),
        transformations: transformations(&applied),
        profile_id: profile_id(&applied),
        valid_until: applied.valid_until.map(timestamp),
        checked_at,
    }
}

pub(in crate::grpc) fn written(decision: WriteDecision, checked_at: String) -> wire::CheckWriteResponse {
    let (allowed, reason, refused_tag, refused_schema) = match decision {
        WriteDecision::Allowed => (true, "the profile allows it".to_owned(), None, None),
        WriteDecision::Refused { reason, tag, schema } => (false, reason, tag, schema),
    };
    wire::CheckWriteResponse { allowed, reason, refused_tag, refused_schema, checked_at }
}

pub(in crate::grpc) fn explained(
    explanation: Option<Explanation>,
    checked_at: String,
) -> wire::ExplainExposureResponse {
    let Some(Explanation { exposed, reason, rules }) = explanation else {
        let reason = NO_GRANT.to_owned();
        let grant =
            wire::RuleVerdict { rule: "app_access".to_owned(), holds: false, decided: true, reason: reason.clone() };
        return wire::ExplainExposureResponse {
            exposed: false,
            rules: vec![grant],
            reason: format!("hidden: {reason}"),
            checked_at,
        };
    };
    let rules = rules
        .into_iter()
        .map(|RuleValue { rule, holds, decided, reason, .. }| wire::RuleVerdict {
            rule: rule.to_owned(),
            holds,
            decided,
            reason,
        })
        .collect();
    wire::ExplainExposureResponse { exposed, rules, reason, checked_at }
}

fn predicate(predicate: Predicate) -> wire::Predicate {
    use predicate::Predicate as Kind;
    let each = |below: Vec<Predicate>| below.into_iter().map(self::predicate).collect();
    let kind = match predicate {
        Predicate::Everything => Kind::Everything(true),
        Predicate::Nothing => Kind::Nothing(true),
        Predicate::All(below) => Kind::And(predicate::All { predicates: each(below) }),
        Predicate::Any(below) => Kind::Or(predicate::Any { predicates: each(below) }),
        Predicate::Not(below) => Kind::Not(Box::new(self::predicate(*below))),
        Predicate::HasTagId(id) => Kind::HasTagId(id.to_string()),
        Predicate::HasTagName(name) => Kind::HasTagName(name.to_string()),
        Predicate::TypeIn(types) => Kind::TypeIn(values(types.iter().map(NodeType::as_str))),
        Predicate::CreatedBetween { start, end } => {
            Kind::CreatedBetween(predicate::CreatedBetween { start: start.map(timestamp), end: end.map(timestamp) })
        }
        Predicate::IdIn(ids) => Kind::IdIn(values(ids.iter().map(types::Id::as_str))),
        Predicate::SchemaIn(schemas) => Kind::SchemaIn(values(schemas.iter().map(types::Id::as_str))),
    };
    wire::Predicate { predicate: Some(kind) }
}

fn values<'a>(values: impl Iterator<Item = &'a str>) -> predicate::Values {
    predicate::Values { values: values.map(str::to_owned).collect() }
}

fn transformations(applied: &AppliedProfile) -> Vec<String> {
    applied.transformations().map(Transformation::name).map(str::to_owned).collect()
}

fn profile_id(applied: &AppliedProfile) -> String {
    applied.id().map(|id| id.to_string()).unwrap_or_default()
}
