//! Shares and nodes as data: read from cases, or made up at random.

use std::collections::HashMap;

use proptest::{collection::vec, prelude::*, sample::subsequence};
use serde::Deserialize;
use sharing_svc::domain::{
    Rights, Scope, Share, ShareId, Source, Terms, UserId,
    access::{Action, Chain, NodeFacts, Resource, chains},
};
use types::{Id, Timestamp, UniqueVec};
use uuid::Uuid;

/// A node as a case describes it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct CaseNode {
    pub id: String,
    pub tag_ids: Vec<String>,
    pub graph_root_ids: Vec<String>,
}

/// A node, or an edge between two.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseResource {
    Node(CaseNode),
    Relationship { source: CaseNode, target: CaseNode },
}

/// A share as a case describes it.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent flags are what a share is")]
pub struct CaseShare {
    pub id: String,
    pub owner_id: String,
    pub shared_with_user_id: String,
    pub scope: String,
    pub can_read: bool,
    pub can_write: bool,
    pub can_delete: bool,
    pub can_share: bool,
    #[serde(default)]
    pub tag_ids: Vec<String>,
    #[serde(default)]
    pub node_ids: Vec<String>,
    pub expires_at: Option<chrono::DateTime<chrono::Utc>>,
    pub revoked_at: Option<chrono::DateTime<chrono::Utc>>,
    pub parent_share_id: Option<String>,
}

impl CaseNode {
    pub fn facts(&self) -> NodeFacts<'_> {
        NodeFacts { id: &self.id, tag_ids: &self.tag_ids, graph_root_ids: &self.graph_root_ids }
    }
}

impl CaseResource {
    pub fn facts(&self) -> Resource<'_> {
        match self {
            Self::Node(node) => Resource::Node(node.facts()),
            Self::Relationship { source, target } => {
                Resource::Relationship { source: source.facts(), target: target.facts() }
            }
        }
    }
}

/// The shares of a case, by the names they have there; users are set apart by `prefix`.
pub fn shares(cases: &[CaseShare], prefix: &str) -> Vec<Share> {
    let named = |name: &str| Id::parse(format!("{prefix}{name}")).unwrap();
    let mut made: HashMap<&str, Share> = HashMap::new();
    for (number, case) in (1_u128..).zip(cases) {
        let parent = case.parent_share_id.as_deref().map(|parent| made[parent].clone());
        let expires_at = case.expires_at.map(|at| Timestamp::new(at).unwrap());
        let owner: UserId = named(&case.owner_id);
        let creator = parent.as_ref().map_or(owner.clone(), |parent| parent.recipient.clone());
        let digest = prefix.bytes().fold(0_u128, |digest, byte| digest * 257 + u128::from(byte));
        let share = Share {
            id: ShareId(Uuid::from_u128((digest << 64) + number)),
            owner,
            recipient: named(&case.shared_with_user_id),
            creator,
            terms: Terms { scope: scope(case), rights: rights(case), expires_at },
            source: match &parent {
                Some(parent) => {
                    Source::Reshare { ancestors: parent.ancestors().iter().copied().chain([parent.id]).collect() }
                }
                None => Source::Direct,
            },
            revoked_at: case.revoked_at.map(|at| Timestamp::new(at).unwrap()),
            ended_at: case.revoked_at.map(|at| Timestamp::new(at).unwrap()),
            created_at: Timestamp::from_parts(0, 0).unwrap(),
            updated_at: Timestamp::from_parts(0, 0).unwrap(),
            version: 1,
            created_version: 1,
        };
        made.insert(&case.id, share);
    }
    cases.iter().map(|case| made[case.id.as_str()].clone()).collect()
}

/// The chains from `owner` to `viewer` among these shares.
pub fn chains_between(shares: &[Share], owner: &str, viewer: &str) -> Vec<Chain> {
    let (leaves, others) =
        shares.iter().cloned().partition(|share| share.owner.as_str() == owner && share.recipient.as_str() == viewer);
    chains(leaves, others).unwrap()
}

fn rights(case: &CaseShare) -> Rights {
    Rights { read: case.can_read, write: case.can_write, delete: case.can_delete, share: case.can_share }
}

fn scope(case: &CaseShare) -> Scope {
    match case.scope.as_str() {
        "all" => Scope::All,
        "specific_tags" => Scope::Tags(ids(&case.tag_ids)),
        "specific_nodes" => Scope::Nodes(ids(&case.node_ids)),
        "graph" => Scope::Graph(ids(&case.node_ids)),
        other => panic!("unknown scope {other}"),
    }
}

fn ids<Kind>(names: &[String]) -> UniqueVec<Id<Kind>> {
    UniqueVec::new(names.iter().map(|name| Id::parse(name.as_str()).unwrap()).collect())
}

pub fn action(name: &str) -> Action {
    Action::ALL.into_iter().find(|action| action.verb() == name).unwrap()
}

/// Who takes part in random worlds; the first owns everything.
pub const USERS: [&str; 4] = ["ann", "bob", "cyd", "dan"];

/// Shares of `ann`'s nodes that add up, stand one above another, have ended or were narrowed: more than any history of
/// changes could leave, since a decision must not lean on what the changes promise.
pub fn random_shares() -> impl Strategy<Value = Vec<CaseShare>> {
    vec((any::<prop::sample::Index>(), prop::bool::weighted(0.55), random_share()), 0..14).prop_map(|made| {
        let mut shares: Vec<CaseShare> = Vec::new();
        for (number, (parent, is_passed_on, share)) in made.into_iter().enumerate() {
            let parent = (is_passed_on && !shares.is_empty()).then(|| parent.get(&shares).clone());
            let depth = |share: &CaseShare| {
                let mut depth = 1;
                let mut at = share;
                while let Some(above) = &at.parent_share_id {
                    at = shares.iter().find(|share| share.id == *above).unwrap();
                    depth += 1;
                }
                depth
            };
            let parent = parent.filter(|parent| depth(parent) < 8).map(|parent| parent.id);
            shares.push(CaseShare { id: format!("share-{number}"), parent_share_id: parent, ..share });
        }
        shares
    })
}

fn random_share() -> impl Strategy<Value = CaseShare> {
    let time = prop_oneof![5 => Just(None), 2 => (8_i64..13).prop_map(Some)];
    let scope = prop_oneof![Just("all"), Just("specific_tags"), Just("specific_nodes"), Just("graph")];
    (
        1_usize..USERS.len(),
        scope,
        subsequence(TAGS.to_vec(), 1..4),
        subsequence(NODES.to_vec(), 1..4),
        prop::array::uniform4(prop::bool::weighted(0.75)),
        time,
        prop::bool::weighted(0.08),
    )
        .prop_map(|(recipient, scope, tags, nodes, [read, write, delete, share], expires, is_revoked)| CaseShare {
            id: String::new(),
            owner_id: USERS[0].to_owned(),
            shared_with_user_id: USERS[recipient].to_owned(),
            scope: scope.to_owned(),
            can_read: read || !(write || delete || share),
            can_write: write,
            can_delete: delete,
            can_share: share,
            tag_ids: if scope == "specific_tags" { texts(&tags) } else { Vec::new() },
            node_ids: if matches!(scope, "specific_nodes" | "graph") { texts(&nodes) } else { Vec::new() },
            expires_at: expires.map(|day| day_of(day).utc()),
            revoked_at: is_revoked.then(|| day_of(9).utc()),
            parent_share_id: None,
        })
}

/// A node of a random world.
pub fn random_node() -> impl Strategy<Value = CaseNode> {
    (prop::sample::select(&NODES[..]), subsequence(TAGS.to_vec(), 0..5), subsequence(NODES.to_vec(), 0..3)).prop_map(
        |(id, tags, roots)| CaseNode { id: id.to_owned(), tag_ids: texts(&tags), graph_root_ids: texts(&roots) },
    )
}

/// A day in January 2026.
pub fn day_of(day: i64) -> Timestamp {
    Timestamp::from_parts(1_767_225_600 + (day - 1) * 86_400, 0).unwrap()
}

const TAGS: [&str; 6] = ["tag-0", "tag-1", "tag-2", "tag-3", "tag-4", "tag-5"];
const NODES: [&str; 6] = ["node-0", "node-1", "node-2", "node-3", "node-4", "node-5"];

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
