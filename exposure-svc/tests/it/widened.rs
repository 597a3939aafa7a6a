//! What the answer to an update says that it widened.

use exposure_svc::domain::{
    DetailLevel, Exposed, NodeType, Rules, SchemaGrant, SchemaPermissions, TagDirectory, TagExpression, TagFilters,
    TagGrant, TagId, TagOp, TagPermissions, TagRef, TagsLogic, Transformation, Widening, widening,
};
use ofself_proto::exposure::{
    DetailLevel as WireLevel, Profile, ProfileDraft, TagFilters as WireFilters, UpdateProfileRequest,
};
use prost_types::Timestamp as ProtoTimestamp;
use types::{Id, Timestamp, UniqueVec};

use crate::{
    statements::on_both,
    test_server::{START, TestServer, by, named, strings, update_of},
    world::{day, tag},
};

pub fn compared(before: &Rules, after: &Rules) -> Widening {
    widening((before, true), (after, true))
}

fn list(tags: &[&str]) -> UniqueVec<TagRef> {
    UniqueVec::new(tags.iter().map(|text| tag(text)).collect())
}

fn ids<Kind>(ids: &[&str]) -> UniqueVec<Id<Kind>> {
    UniqueVec::new(ids.iter().map(|id| Id::parse(*id).unwrap()).collect())
}

fn fields_of(exposed: Option<Exposed>) -> Vec<&'static str> {
    match exposed {
        None => Vec::new(),
        Some(Exposed::Nodes { fields, .. } | Exposed::Undecided { fields }) => fields,
    }
}

#[test]
fn wider_range_and_more_picked_nodes_widen() {
    let range = |start: i64, end: i64| Rules {
        date_range_start: Some(day(start)),
        date_range_end: Some(day(end)),
        ..Rules::default()
    };
    assert_eq!(fields_of(compared(&range(5, 9), &range(5, 10)).nodes), ["date_range_end"]);
    assert_eq!(fields_of(compared(&range(5, 9), &range(4, 9)).nodes), ["date_range_start"]);
    assert_eq!(compared(&range(5, 9), &range(6, 8)), Widening::default());
    let later = compared(&range(5, 9), &range(9, 12));
    assert_eq!(fields_of(later.nodes), ["date_range_start", "date_range_end"], "other nodes are exposed, too");
    let picked = |nodes: &[&str]| Rules { allowed_node_ids: ids(nodes), ..Rules::default() };
    assert_eq!(fields_of(compared(&picked(&["a"]), &picked(&["a", "b"])).nodes), ["allowed_node_ids"]);
    assert_eq!(compared(&picked(&["a", "b"]), &picked(&["b"])), Widening::default());
}

#[test]
fn emptying_the_last_inclusion_or_picked_node_widens() {
    let picked = Rules { allowed_node_ids: ids(&["a"]), ..Rules::default() };
    assert_eq!(fields_of(compared(&picked, &Rules::default()).nodes), ["allowed_node_ids"]);
    let filters = TagFilters { include_any: list(&["work"]), ..TagFilters::default() };
    let included = Rules { tag_filters: Some(filters), ..Rules::default() };
    assert_eq!(fields_of(compared(&included, &Rules::default()).nodes), ["tag_filters.include_any"]);
    assert_eq!(compared(&Rules::default(), &included), Widening::default());
}

#[test]
fn widened_permissions_are_detected_by_verb() {
    let more = |before: &Rules, after: &Rules| compared(before, after).more;
    let level = |level| Rules { max_detail_level: level, ..Rules::default() };
    assert_eq!(more(&level(Some(DetailLevel::Minimal)), &level(Some(DetailLevel::Summary))), ["max_detail_level"]);
    assert_eq!(more(&level(Some(DetailLevel::Summary)), &level(None)), ["max_detail_level"], "unset is full");
    assert_eq!(more(&level(None), &level(Some(DetailLevel::Minimal))), [""; 0]);
    let transformed =
        |all: &[Transformation]| Rules { transformations: UniqueVec::new(all.to_vec()), ..Rules::default() };
    let both = transformed(&[Transformation::RedactPii, Transformation::CoarsenDates]);
    let one = transformed(&[Transformation::CoarsenDates]);
    assert_eq!((more(&both, &one), more(&one, &both)), (vec!["transformations"], vec![]));

    let grant = |tags: &[&str], allow_all, allow_new| Some(TagGrant { tag_ids: list(tags), allow_all, allow_new });
    let of = |edit, create| Rules {
        tag_permissions: Some(TagPermissions {
            read: grant(&[], true, None),
            edit,
            create,
            ..TagPermissions::default()
        }),
        ..Rules::default()
    };
    let one = of(grant(&["a"], false, None), None);
    let two = of(grant(&["a", "b"], false, None), None);
    let all = of(grant(&[], true, None), None);
    assert_eq!(more(&one, &two), ["tag_permissions.edit"]);
    assert_eq!(more(&two, &all), ["tag_permissions.edit"]);
    assert_eq!((more(&two, &one), more(&all, &two), more(&one, &of(None, None))), (vec![], vec![], vec![]));
    let new = of(None, grant(&["a"], false, Some(true)));
    assert_eq!(more(&of(None, grant(&["a"], false, Some(false))), &new), ["tag_permissions.create"]);
    // Where nothing is stated, every tag is shown and nothing may be written.
    assert_eq!(more(&Rules::default(), &one), ["tag_permissions.edit"]);
    assert_eq!(more(&one, &Rules::default()), ["tag_permissions.discover"]);
    // A text that was resolved to the tag it names grants less.
    let resolved =
        TagGrant { tag_ids: UniqueVec::new(vec![TagRef::id(TagId::parse("a").unwrap())]), ..TagGrant::default() };
    assert_eq!(more(&one, &of(Some(resolved.clone()), None)), [""; 0]);
    assert_eq!(more(&of(Some(resolved), None), &one), ["tag_permissions.edit"]);

    let write = |schemas: &[&str], allow_all| Rules {
        schema_permissions: Some(SchemaPermissions {
            read: Some(SchemaGrant { schema_ids: UniqueVec::default(), allow_all: true }),
            write: Some(SchemaGrant { schema_ids: ids(schemas), allow_all }),
        }),
        ..Rules::default()
    };
    assert_eq!(more(&write(&["s"], false), &write(&["s", "t"], false)), ["schema_permissions.write"]);
    assert_eq!(more(&write(&["s"], false), &write(&[], true)), ["schema_permissions.write"]);
    assert_eq!(more(&Rules::default(), &write(&["s"], false)), ["schema_permissions.write"]);
    assert_eq!(more(&write(&[], true), &write(&["s"], false)), [""; 0]);
}

#[test]
fn change_of_logic_and_of_a_read_permission_widen() {
    let allowed = |logic| Rules { allowed_tag_ids: list(&["a", "b"]), allowed_tags_logic: logic, ..Rules::default() };
    assert_eq!(fields_of(compared(&allowed(Some(TagsLogic::And)), &allowed(None)).nodes), ["allowed_tag_ids"]);
    assert_eq!(compared(&allowed(None), &allowed(Some(TagsLogic::And))), Widening::default());
    let reads = |tags: &[&str]| Rules {
        tag_permissions: Some(TagPermissions {
            read: Some(TagGrant { tag_ids: list(tags), ..TagGrant::default() }),
            ..TagPermissions::default()
        }),
        ..Rules::default()
    };
    let wider = compared(&reads(&["a"]), &reads(&["a", "b"]));
    assert_eq!((fields_of(wider.nodes), wider.more), (vec!["tag_permissions.read"], vec!["tag_permissions.read"]));
}

#[test]
fn description_says_what_the_example_depends_on() {
    let said = |before: &Rules, after: &Rules| match compared(before, after).nodes {
        Some(Exposed::Nodes { example, .. }) => example.describe(&TagDirectory::default()),
        other => panic!("it widens: {other:?}"),
    };
    let from = Rules { date_range_start: Some(day(5)), ..Rules::default() };
    assert_eq!(said(&from, &Rules::default()), "a node without tags, created at 2026-01-04T23:59:59Z");
    let types = UniqueVec::new(vec![NodeType::parse("note".to_owned()).unwrap()]);
    let by_type = Rules { allowed_node_types: types, ..Rules::default() };
    assert_eq!(said(&by_type, &Rules::default()), "a node without tags, of a type that the profile does not name");
    let read = SchemaGrant { schema_ids: ids(&["s1"]), allow_all: false };
    let schemas = SchemaPermissions { read: Some(read), write: None };
    let by_schema = Rules { schema_permissions: Some(schemas), ..Rules::default() };
    assert_eq!(
        said(&by_schema, &Rules::default()),
        "a node without tags, with a schema that the profile does not name"
    );
}

#[test]
fn part_that_only_hides_is_not_among_the_fields() {
    let types = UniqueVec::new(vec![NodeType::parse("Y".to_owned()).unwrap()]);
    let picked = Rules { allowed_node_ids: ids(&["n1"]), ..Rules::default() };
    let filters = TagFilters { include_any: list(&["b"]), ..TagFilters::default() };
    let after = Rules { tag_filters: Some(filters), excluded_node_types: types, ..Rules::default() };
    let fields = fields_of(compared(&picked, &after).nodes);
    assert!(!fields.is_empty() && !fields.contains(&"excluded_node_types"), "{fields:?}");
}

/// `holes + 1` pigeons do not fit into so many holes: true of every node, and hard to see.
fn pigeons(holes: usize) -> TagExpression {
    let hole = |pigeon: usize, hole: usize| TagExpression::tag(tag(&format!("p{pigeon}h{hole}")));
    let all = |op, conditions| TagExpression::Operation { op, conditions };
    let mut conditions: Vec<_> =
        (0..=holes).map(|pigeon| all(TagOp::Or, (0..holes).map(|h| hole(pigeon, h)).collect())).collect();
    for h in 0..holes {
        let two = (1..=holes).map(|one| {
            let before = all(TagOp::Or, (0..one).map(|other| hole(other, h)).collect());
            all(TagOp::And, vec![hole(one, h), before])
        });
        conditions.push(all(TagOp::Not, vec![all(TagOp::Or, two.collect())]));
    }
    all(TagOp::And, conditions)
}

#[test]
fn comparison_that_is_too_hard_is_undecided() {
    // Neither exposes anything; the solver cannot tell within its bound.
    let nothing = Rules { tag_permissions: Some(TagPermissions::nothing()), ..Rules::default() };
    let hard = Rules { tag_expression: Some(pigeons(7)), ..Rules::default() };
    let Some(Exposed::Undecided { fields }) = compared(&nothing, &hard).nodes else { panic!("it was decided") };
    assert_eq!(fields, ["tag_expression", "tag_permissions.read"]);
    let easy = Rules { tag_expression: Some(pigeons(3)), ..Rules::default() };
    assert_eq!(compared(&nothing, &easy).nodes, None);
    let inactive = widening((&hard, false), (&hard, true));
    assert_eq!(inactive.activated, Some(Exposed::Undecided { fields: vec!["is_active"] }));
}

/// Of the warnings of an answer, those about widening: their messages and fields.
fn widened(profile: &Profile) -> Vec<(String, Vec<String>)> {
    let widened = profile.warnings.iter().filter(|warning| warning.code == "WIDENED");
    widened.map(|warning| (warning.message.clone(), warning.fields.clone())).collect()
}

#[tokio::test]
async fn update_responses_have_the_warning() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "work"), ("t2", "private")]).await;
        let excluding = |tags: &[&str]| {
            let filters = WireFilters { exclude_any: strings(tags), ..WireFilters::default() };
            ProfileDraft { tag_filters: Some(filters), max_detail_level: WireLevel::Minimal.into(), ..named("Seen") }
        };
        let made = server.create("ann", excluding(&["work", "private"])).await.unwrap();
        assert!(widened(&made).is_empty(), "{backend}: nothing was before");
        let update = async |draft, mask: &[&str]| server.update("ann", &made.id, draft, mask).await.unwrap();

        let wider = update(excluding(&["work"]), &["tag_filters"]).await;
        let message = "this update exposes nodes that were hidden, such as a node with the tag `private`";
        assert_eq!(widened(&wider), [(message.to_owned(), strings(&["tag_filters.exclude_any"]))], "{backend}");
        assert!(widened(&server.get("ann", &made.id).await.unwrap()).is_empty(), "{backend}: of update answers only");
        assert!(widened(&update(excluding(&["work"]), &["tag_filters"]).await).is_empty(), "{backend}: unchanged");
        assert!(widened(&update(excluding(&["work", "private"]), &["tag_filters"]).await).is_empty(), "{backend}");
        assert!(widened(&update(named("Renamed"), &["name"]).await).is_empty(), "{backend}");

        let both = ProfileDraft { max_detail_level: WireLevel::Summary.into(), ..excluding(&["private"]) };
        let wider = update(both, &["tag_filters", "max_detail_level"]).await;
        let message = "this update exposes nodes that were hidden, such as a node with the tag `work`; \
                       apps see or may do more than before by `max_detail_level`";
        let fields = strings(&["tag_filters.exclude_any", "max_detail_level"]);
        assert_eq!(widened(&wider), [(message.to_owned(), fields)], "{backend}");

        let ranged = ProfileDraft {
            allowed_node_types: strings(&["GOAL"]),
            date_range_end: Some(ProtoTimestamp { seconds: START, nanos: 0 }),
            ..excluding(&["private"])
        };
        update(ranged.clone(), &["allowed_node_types", "date_range_end"]).await;
        let later = ProfileDraft { date_range_end: Some(ProtoTimestamp { seconds: START + 1, nanos: 0 }), ..ranged };
        let wider = update(later, &["date_range_end"]).await;
        let message = "this update exposes nodes that were hidden, such as a node without tags, of the type `GOAL`, \
                       created at 2026-01-01T00:00:00Z";
        assert_eq!(widened(&wider), [(message.to_owned(), strings(&["date_range_end"]))], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn inactive_updates_and_activation_report_widening() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let filters = |tags: &[&str]| {
            let filters = WireFilters { include_any: strings(tags), ..WireFilters::default() };
            ProfileDraft { tag_filters: Some(filters), ..named("Seen") }
        };
        let made = server.create("ann", filters(&["a"])).await.unwrap();
        let activate = async |is_active, draft: ProfileDraft, mask: &[&str]| {
            let request =
                UpdateProfileRequest { is_active: Some(is_active), profile: Some(draft), ..update_of(&made.id, mask) };
            server.client().update_profile(by("ann", request)).await.unwrap().into_inner().profile.unwrap()
        };
        assert!(widened(&activate(false, named("Seen"), &["is_active"]).await).is_empty(), "{backend}");
        let wider = server.update("ann", &made.id, filters(&["a", "b"]), &["tag_filters"]).await.unwrap();
        assert_eq!(widened(&wider)[0].1, ["tag_filters.include_any"], "{backend}: as if it were active");
        let active = activate(true, named("Seen"), &["is_active"]).await;
        let found = widened(&active);
        assert_eq!((found.len(), &found[0].1), (1, &strings(&["is_active"])), "{backend}");
        assert!(
            found[0].0.starts_with("the profile was inactive and exposed nothing; now it exposes a node"),
            "{found:?}"
        );
        activate(false, named("Seen"), &["is_active"]).await;
        let both = activate(true, filters(&["a", "b", "c"]), &["is_active", "tag_filters"]).await;
        let fields: Vec<_> = widened(&both).into_iter().map(|(_, fields)| fields).collect();
        assert_eq!(fields, [strings(&["tag_filters.include_any"]), strings(&["is_active"])], "{backend}");
    })
    .await;
}

#[test]
fn unlisted_types_and_schemas_are_compared() {
    let excluding = |types: &[&str]| Rules {
        excluded_node_types: UniqueVec::new(
            types.iter().map(|kind| NodeType::parse((*kind).to_owned()).unwrap()).collect(),
        ),
        ..Rules::default()
    };
    let allowing = |types: &[&str]| Rules {
        allowed_node_types: UniqueVec::new(
            types.iter().map(|kind| NodeType::parse((*kind).to_owned()).unwrap()).collect(),
        ),
        ..Rules::default()
    };
    // Everything but GOAL is more than note alone; note alone is within it.
    let wider = compared(&allowing(&["note"]), &excluding(&["GOAL"]));
    assert_eq!(fields_of(wider.nodes), ["allowed_node_types"]);
    assert_eq!(compared(&excluding(&["GOAL"]), &allowing(&["note"])), Widening::default());
    let Some(Exposed::Nodes { example, .. }) = compared(&allowing(&["other"]), &excluding(&["GOAL"])).nodes else {
        panic!("it exposes other types");
    };
    example.with_facts(|node| {
        assert_eq!((node.node_type, node.created_at), ("other-", Timestamp::from_parts(0, 0).unwrap()));
    });
}
