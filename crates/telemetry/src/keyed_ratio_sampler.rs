//! Sampling of traces.

use std::hash::{BuildHasher, RandomState};

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

/// Samples a ratio of traces by trace id, so that all spans of a trace in this process are sampled or
/// none. The decision is keyed, so that no client can choose an id that is always sampled.
#[derive(Clone, Debug)]
pub(super) struct KeyedRatioSampler {
    /// Of 2^64.
    part: u64,
    key: RandomState,
}

impl KeyedRatioSampler {
    /// Samples `ratio` of all traces, 0 to 1.
    pub(super) fn new(ratio: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "it saturates, and a part is no more exact than its ratio"
        )]
        let part = (ratio * u64::MAX as f64) as u64;
        Self { part, key: RandomState::new() }
    }

    fn keeps(&self, trace: TraceId) -> bool {
        self.part == u64::MAX || self.key.hash_one(trace.to_bytes()) < self.part
    }
}

impl ShouldSample for KeyedRatioSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let decision = if self.keeps(trace) { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
        let trace_state =
            parent.map_or_else(TraceState::default, |parent| parent.span().span_context().trace_state().clone());
        SamplingResult { decision, attributes: Vec::new(), trace_state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_ignores_client_chosen_ids() {
        // Ids that a ratio of their low bits would always sample.
        let chosen = (1..=10_000_u128).map(|high| TraceId::from(high << 64 | 1));
        let kept = |ratio| {
            let keyed_ratio_sampler = KeyedRatioSampler::new(ratio);
            chosen.clone().filter(|id| keyed_ratio_sampler.keeps(*id)).count()
        };
        assert_eq!((kept(0.0), kept(1.0)), (0, 10_000));
        assert!((50..200).contains(&kept(0.01)), "one in a hundred");
    }

    #[test]
    fn spans_of_a_trace_are_sampled_together() {
        let keyed_ratio_sampler = KeyedRatioSampler::new(0.5);
        for id in 1..100_u128 {
            assert_eq!(
                keyed_ratio_sampler.keeps(TraceId::from(id)),
                keyed_ratio_sampler.clone().keeps(TraceId::from(id))
            );
        }
    }
}
