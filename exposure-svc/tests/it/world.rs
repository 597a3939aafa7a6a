//! Profiles and nodes as data: read from cases, or made up at random.

use exposure_svc::domain::{
    NodeType, Profile, ProfileId, ProfileName, Rules, SchemaGrant, SchemaPermissions, TagExpression, TagFilters,
    TagGrant, TagId, TagOp, TagPermissions, TagRef, TagsLogic, UserId,
    exposure::{NodeFacts, TagFacts},
    formula_warnings,
};
use ofself_proto::exposure as wire;
use proptest::{collection::vec, option, prelude::*, sample::select, sample::subsequence};
use prost_types::Timestamp as ProtoTimestamp;
use serde::Deserialize;
use types::{Id, Timestamp, UniqueVec};
use uuid::Uuid;

/// A node as a case describes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CaseNode {
    pub id: String,
    pub node_type: String,
    pub tags: Vec<CaseTag>,
    pub schema_id: Option<String>,
    pub created_at: chrono::DateTime<chrono::Utc>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CaseTag {
    pub id: String,
    pub name: String,
}

impl CaseNode {
    /// Shows the node to `ask` as the engine takes it.
    pub fn with_facts<T>(&self, ask: impl FnOnce(&NodeFacts<'_>) -> T) -> T {
        let tags: Vec<_> = self.tags.iter().map(|tag| TagFacts::new(&tag.id, &tag.name)).collect();
        ask(&NodeFacts {
            id: &self.id,
            node_type: &self.node_type,
            tags: &tags,
            schema: self.schema_id.as_deref(),
            created_at: Timestamp::new(self.created_at).unwrap(),
        })
    }

    pub fn on_the_wire(&self) -> wire::NodeDescription {
        wire::NodeDescription {
            id: self.id.clone(),
            node_type: self.node_type.clone(),
            tags: self.tags.iter().map(|tag| wire::Tag { id: tag.id.clone(), name: tag.name.clone() }).collect(),
            schema_id: self.schema_id.clone(),
            created_at: Some(ProtoTimestamp {
                seconds: self.created_at.timestamp(),
                nanos: self.created_at.timestamp_subsec_nanos().try_into().unwrap(),
            }),
        }
    }
}

/// A profile of `owner` with these rules.
pub fn profile(owner: &str, rules: Rules, is_active: bool) -> Profile {
    let timestamp = Timestamp::from_parts(0, 0).unwrap();
    Profile {
        id: ProfileId(Uuid::now_v7()),
        owner: UserId::parse(owner).unwrap(),
        name: ProfileName::parse("case").unwrap(),
        description: None,
        formula_warnings: formula_warnings(&rules),
        rules,
        is_active,
        is_default: false,
        created_at: timestamp,
        updated_at: timestamp,
        version: 1,
    }
}

pub const TAGS: [&str; 4] = ["tag-0", "tag-1", "tag-2", "tag-3"];
/// The names of the tags, in their order; a profile names a tag by either.
pub const NAMES: [&str; 4] = ["work", "private", "home", "draft"];
pub const TYPES: [&str; 3] = ["GOAL", "note", "ENTITY"];
pub const NODES: [&str; 3] = ["node-0", "node-1", "node-2"];
pub const SCHEMAS: [&str; 3] = ["schema-0", "schema-1", "__freeform__"];

pub fn tag(text: &str) -> TagRef {
    TagRef::parse(text).unwrap()
}

/// References to the tags: by id, and by a text that is an id or a name.
pub fn references() -> Vec<TagRef> {
    let ids = TAGS.iter().map(|id| TagRef::id(TagId::parse(*id).unwrap()));
    TAGS.iter().chain(&NAMES).map(|text| tag(text)).chain(ids).collect()
}

fn tags() -> impl Strategy<Value = UniqueVec<TagRef>> {
    prop_oneof![3 => Just(Vec::new()), 2 => subsequence(references(), 1..4)].prop_map(UniqueVec::new)
}

fn some_of<T: Clone + std::fmt::Debug + Eq + std::hash::Hash + 'static>(
    all: Vec<T>,
) -> impl Strategy<Value = UniqueVec<T>> {
    prop_oneof![3 => Just(Vec::new()), 1 => subsequence(all, 1..3)].prop_map(UniqueVec::new)
}

fn ids<Kind: 'static>(names: &[&str]) -> Vec<Id<Kind>> {
    names.iter().map(|name| Id::parse(*name).unwrap()).collect()
}

fn expression() -> impl Strategy<Value = TagExpression> {
    let ids: Vec<_> = TAGS.iter().map(|id| TagId::parse(*id).unwrap()).collect();
    let ids = prop_oneof![4 => Just(Vec::new()), 1 => subsequence(ids, 1..3)];
    let leaf = (select(references()), ids).prop_map(|(tag, ids)| {
        let ids = if tag.text().is_some() { ids } else { Vec::new() };
        TagExpression::Tag { tag, ids: UniqueVec::new(ids) }
    });
    leaf.prop_recursive(4, 16, 4, |below| {
        prop_oneof![
            (select(vec![TagOp::And, TagOp::Or]), vec(below.clone(), 1..4))
                .prop_map(|(op, conditions)| TagExpression::Operation { op, conditions }),
            below.prop_map(|one| TagExpression::Operation { op: TagOp::Not, conditions: vec![one] }),
        ]
    })
}

fn tag_grant() -> impl Strategy<Value = Option<TagGrant>> {
    let grant = (tags(), prop::bool::weighted(0.4), option::of(any::<bool>()));
    option::weighted(0.8, grant.prop_map(|(tag_ids, allow_all, allow_new)| TagGrant { tag_ids, allow_all, allow_new }))
}

fn schema_grant() -> impl Strategy<Value = Option<SchemaGrant>> {
    let grant = (some_of(ids(&SCHEMAS)), prop::bool::weighted(0.4));
    option::weighted(0.8, grant.prop_map(|(schema_ids, allow_all)| SchemaGrant { schema_ids, allow_all }))
}

/// A day in January 2026, in which everything happens.
pub fn day(day: i64) -> Timestamp {
    Timestamp::from_parts(1_767_225_600 + (day - 1) * 86_400, 0).unwrap()
}

/// Rules whose parts meet often: there are few tags, types and days to speak of.
pub fn random_rules() -> impl Strategy<Value = Rules> {
    let filters = (tags(), tags(), tags()).prop_map(|(include_all, include_any, exclude_any)| TagFilters {
        include_all,
        include_any,
        exclude_any,
    });
    let grants = (tag_grant(), tag_grant(), tag_grant(), tag_grant(), tag_grant(), tag_grant());
    let tag_permissions = grants.prop_map(|(discover, read, propose, edit, create, delete)| TagPermissions {
        discover,
        read,
        propose,
        edit,
        create,
        delete,
    });
    let schema_permissions =
        (schema_grant(), schema_grant()).prop_map(|(read, write)| SchemaPermissions { read, write });
    let types: Vec<_> = TYPES.iter().map(|kind| NodeType::parse((*kind).to_owned()).unwrap()).collect();
    let lists = (tags(), tags(), some_of(ids(&NODES)), some_of(types.clone()), some_of(types));
    let dates = prop_oneof![
        4 => Just((None, None)),
        1 => (5_i64..12).prop_map(|start| (Some(day(start)), None)),
        1 => (5_i64..12).prop_map(|end| (None, Some(day(end)))),
        1 => (5_i64..9).prop_map(|start| (Some(day(start)), Some(day(start + 3)))),
    ];
    (
        option::weighted(0.5, filters),
        option::weighted(0.3, expression()),
        lists,
        option::of(select(vec![TagsLogic::Or, TagsLogic::And])),
        dates,
        option::weighted(0.4, tag_permissions),
        option::weighted(0.3, schema_permissions),
    )
        .prop_map(|(tag_filters, tag_expression, lists, logic, dates, tag_permissions, schema_permissions)| {
            Rules {
                tag_filters,
                tag_expression,
                allowed_tag_ids: lists.0,
                allowed_tags_logic: logic,
                excluded_tag_ids: lists.1,
                allowed_node_ids: lists.2,
                allowed_node_types: lists.3,
                excluded_node_types: lists.4,
                date_range_start: dates.0,
                date_range_end: dates.1,
                tag_permissions,
                schema_permissions,
                ..Rules::default()
            }
        })
}

/// A node of a random world.
pub fn random_node() -> impl Strategy<Value = CaseNode> {
    let tags: Vec<_> =
        TAGS.iter().zip(NAMES).map(|(id, name)| CaseTag { id: (*id).to_owned(), name: name.to_owned() }).collect();
    (
        select(&["node-0", "node-1", "node-2", "node-3"][..]),
        select(&["GOAL", "note", "ENTITY", "BELIEF"][..]),
        subsequence(tags, 0..=4),
        option::of(select(&["schema-0", "schema-1", "schema-2"][..])),
        1_i64..16,
        0_i64..2,
    )
        .prop_map(|(id, node_type, tags, schema, made, second)| CaseNode {
            id: id.to_owned(),
            node_type: node_type.to_owned(),
            tags,
            schema_id: schema.map(str::to_owned),
            created_at: day(made).utc() - chrono::TimeDelta::seconds(second),
        })
}
