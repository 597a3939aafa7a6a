//! How long a decision takes, ours beside those of other engines: `conformance/run bench`.

use std::{hint::black_box, path::Path};

use conformance::{
    cedar::{Cedar, Question},
    rego::{self, Rego},
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use exposure_svc::domain::{
    Rules,
    exposure::{CompiledProfile, NodeFacts, TagFacts},
};
use pii::redact_pii;
use serde_json::json;
use sharing_svc::domain::{
    Rights, Scope, Share, ShareId, Source, Terms,
    access::{AccessSet, Action, Chain, NodeFacts as SharedNode, Resource, chains},
};
use types::{Id, Timestamp, UniqueVec};
use uuid::Uuid;

fn rules(json: serde_json::Value) -> Rules {
    serde_json::from_value(json).expect("rules")
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_parts(seconds, 0).expect("a timestamp")
}

/// A profile with every kind of filter, all of which the node passes.
fn every_filter() -> Rules {
    rules(json!({
        "tag_filters": {"include_all": ["tag-work"], "include_any": ["tag-home", "travel"], "exclude_any": ["tag-private", "secret"]},
        "tag_expression": {"op": "AND", "conditions": [
            {"op": "OR", "conditions": [{"tag": "tag-home"}, {"tag": "tag-garden"}]},
            {"op": "NOT", "conditions": [{"tag": "archived"}]},
        ]},
        "allowed_tag_ids": ["tag-work", "tag-play"],
        "excluded_tag_ids": ["tag-draft"],
        "allowed_node_ids": ["node-7", "node-8"],
        "allowed_node_types": ["EXPERIENCE", "BELIEF"],
        "excluded_node_types": ["ENTITY"],
        "date_range_start": "2025-01-01T00:00:00Z",
        "date_range_end": "2027-01-01T00:00:00Z",
        "tag_permissions": {"read": {"tag_ids": ["tag-work", "tag-home"], "allow_all": false}},
        "schema_permissions": {"read": {"schema_ids": ["schema-1", "__freeform__"], "allow_all": false}},
    }))
}

const TAGS: [(&str, &str); 5] = [
    ("tag-work", "work"),
    ("tag-home", "home"),
    ("0192f0c1-2d3e-7a4b-8c5d-6e7f80910111", "reading list"),
    ("0192f0c1-2d3e-7a4b-8c5d-6e7f80910112", "2026"),
    ("tag-family", "family"),
];

fn node<'a>(tags: &'a [TagFacts<'a>]) -> NodeFacts<'a> {
    NodeFacts {
        id: "0192f0c1-2d3e-7a4b-8c5d-6e7f80910113",
        node_type: "EXPERIENCE",
        tags,
        schema: None,
        created_at: timestamp(1_767_225_600),
    }
}

fn one_exposure_decision(criterion: &mut Criterion) {
    let rules = every_filter();
    let tags = TAGS.map(|(id, name)| TagFacts::new(id, name));
    let node = node(&tags);
    let ours = CompiledProfile::new(&rules, true);
    let cedar = Cedar::of_profile(&rules);
    let mut rego = Rego::of_profile(&rules);
    let (for_cedar, for_rego) = (Question::of_node(&node), rego::node(&node));
    assert!(ours.exposes(&node) && cedar.allows(&for_cedar) && rego.allows(for_rego.clone()));
    let mut group = criterion.benchmark_group("one exposure decision");
    group.bench_function("ours", |bench| bench.iter(|| ours.exposes(black_box(&node))));
    group.bench_function("cedar-policy", |bench| bench.iter(|| cedar.allows(black_box(&for_cedar))));
    group.bench_function("regorus", |bench| bench.iter(|| rego.allows(black_box(for_rego.clone()))));
    group.finish();
}

fn compiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile a profile");
    for parts in [10, 200, 500] {
        let conditions: Vec<_> = (0..parts - 1).map(|part| json!({"tag": format!("tag-{part}")})).collect();
        let rules = rules(json!({"tag_expression": {"op": "OR", "conditions": conditions}}));
        group.bench_function(BenchmarkId::from_parameter(parts), |bench| {
            bench.iter(|| CompiledProfile::new(black_box(&rules), true));
        });
    }
    group.finish();
}

fn growth_of_exposure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exposure by tags on the node");
    let ours = CompiledProfile::new(&every_filter(), true);
    for count in [0, 1, 5, 20, 100] {
        let names: Vec<_> = (0..count).map(|tag| (format!("tag-{tag:04}"), format!("name {tag}"))).collect();
        let known = TAGS.map(|(id, name)| TagFacts::new(id, name));
        let others = names.iter().map(|(id, name)| TagFacts::new(id, name));
        let tags: Vec<_> = known.into_iter().take(count.min(2)).chain(others).take(count).collect();
        let node = node(&tags);
        group.bench_function(BenchmarkId::from_parameter(count), |bench| bench.iter(|| ours.exposes(black_box(&node))));
    }
    group.finish();
    let mut group = criterion.benchmark_group("exposure by parts of the expression");
    for parts in [1, 10, 100, 500] {
        let conditions: Vec<_> = (0..parts).map(|part| json!({"tag": format!("tag-{part}")})).collect();
        let ours =
            CompiledProfile::new(&rules(json!({"tag_expression": {"op": "OR", "conditions": conditions}})), true);
        let tags = TAGS.map(|(id, name)| TagFacts::new(id, name));
        let node = node(&tags);
        group.bench_function(BenchmarkId::from_parameter(parts), |bench| bench.iter(|| ours.exposes(black_box(&node))));
    }
    group.finish();
}

/// So many chains of eight from one owner to one viewer, each by tags of its own that every link names.
fn shares(count: u32) -> Vec<Chain> {
    let id = |number: u32| ShareId(Uuid::from_u128(number.into()));
    let mut leaves = Vec::new();
    let mut others = Vec::new();
    for number in 0..count {
        for link in 1..=8_u32 {
            let own = number * 8 + link;
            // What is above covers more, so that each link is one more thing to look at.
            let tags = (0..=8 - link).map(|more| Id::parse(format!("tag-{number}-{more}")).expect("an id"));
            let share = Share {
                id: id(own),
                owner: Id::parse("ann").expect("an id"),
                recipient: Id::parse(if link == 8 { "bob".to_owned() } else { format!("user-{link}") }).expect("an id"),
                creator: Id::parse("ann").expect("an id"),
                terms: Terms {
                    scope: Scope::Tags(UniqueVec::new(tags.collect())),
                    rights: Rights { read: true, write: false, delete: false, share: true },
                    expires_at: Some(timestamp(4_000_000_000)),
                },
                source: match link {
                    1 => Source::Direct,
                    _ => Source::Reshare { ancestors: (number * 8 + 1..own).map(id).collect() },
                },
                revoked_at: None,
                ended_at: None,
                created_at: timestamp(0),
                updated_at: timestamp(0),
                version: 1,
                created_version: 1,
            };
            if link == 8 { leaves.push(share) } else { others.push(share) }
        }
    }
    chains(leaves, others).expect("whole chains")
}

fn one_share_decision(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one share decision, chains of 8");
    let now = timestamp(1_767_225_600);
    for count in [1, 10, 100, 1_000] {
        let chains = shares(count);
        let ours = AccessSet::new(&chains);
        let shared = [format!("tag-{}-0", count - 1), "a".into(), "b".into(), "c".into(), "d".into()];
        let unshared = ["e", "a", "b", "c", "d"].map(str::to_owned);
        for (name, tags) in [("yes", &shared), ("no", &unshared)] {
            let node = Resource::Node(SharedNode { id: "n", tag_ids: tags, graph_root_ids: &[] });
            assert_eq!(ours.allows(Action::Read, node, now), name == "yes");
            group.bench_function(BenchmarkId::new(name, count), |bench| {
                bench.iter(|| ours.allows(Action::Read, black_box(node), now));
            });
        }
        group.bench_function(BenchmarkId::new("compile", count), |bench| {
            bench.iter(|| AccessSet::new(black_box(&chains)));
        });
    }
    let chains = shares(1_000);
    let cedar = Cedar::of_chains(&chains, Action::Read, now);
    let mut rego = Rego::of_chains(&chains);
    let tags = ["tag-999-0", "a", "b", "c", "d"].map(str::to_owned);
    let node = SharedNode { id: "n", tag_ids: &tags, graph_root_ids: &[] };
    let (for_cedar, for_rego) = (Question::of_shared(node), rego::shared(node, Action::Read, now));
    group.sample_size(10);
    group.bench_function(BenchmarkId::new("cedar-policy yes", 1_000), |bench| {
        bench.iter(|| cedar.allows(black_box(&for_cedar)));
    });
    group.bench_function(BenchmarkId::new("regorus yes", 1_000), |bench| {
        bench.iter(|| rego.allows(black_box(for_rego.clone())));
    });
    group.finish();
}

fn redaction(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exposure-svc/tests/cases/pii_corpus.tsv");
    let lines = std::fs::read_to_string(path).expect("the corpus");
    let texts: Vec<String> = lines
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(_, text)| {
            let mut text = text.replace('⟧', "");
            while let Some(open) = text.find('⟦') {
                let bar = open + text[open..].find('|').expect("a kind") + 1;
                text.replace_range(open..bar, "");
            }
            text
        })
        .collect();
    let mut group = criterion.benchmark_group("redact_pii");
    group.throughput(Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum()));
    group.bench_function("the corpus, text by text", |bench| {
        bench.iter(|| texts.iter().map(|text| redact_pii(black_box(text)).len()).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, one_exposure_decision, compiling, one_share_decision, growth_of_exposure, redaction);
criterion_main!(benches);
