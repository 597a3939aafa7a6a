use ofself_proto::exposure::{
    ProfileDraft, SchemaGrant, SchemaPermissions, TagExpression, TagFilters, TagGrant, TagPermissions,
    tag_expression::Op,
};
use prost_types::Timestamp;
use test_kit::Backend;

use crate::statements::on_both;
use crate::test_server::{START, TestServer, full, named, operation, strings, tag, update_of, why};

fn wrong() -> Vec<(ProfileDraft, &'static str)> {
    let base = || named("ok");
    let at = |seconds| Some(Timestamp { seconds: START + seconds, nanos: 0 });
    let deep = (0..17).fold(tag("a"), |below, _| operation(Op::Not, vec![below]));
    let many = vec!["x".to_owned(); 1_001];
    vec![
        (named(""), "name"),
        (named(" \t "), "name"),
        (named(&"🦀".repeat(101)), "name"),
        (named("nul\0"), "name"),
        (ProfileDraft { description: Some("x".repeat(2_001)), ..base() }, "description"),
        (
            ProfileDraft { allowed_tag_ids: many.clone(), excluded_tag_ids: many.clone(), ..base() },
            "allowed_tag_ids excluded_tag_ids",
        ),
        (ProfileDraft { allowed_node_ids: strings(&["ok", "not ok"]), ..base() }, "allowed_node_ids[1]"),
        (ProfileDraft { allowed_node_types: strings(&[""]), ..base() }, "allowed_node_types[0]"),
        (ProfileDraft { excluded_node_types: vec!["T".repeat(129)], ..base() }, "excluded_node_types[0]"),
        (ProfileDraft { transformations: strings(&["redact_pii", "encrypt"]), ..base() }, "transformations[1]"),
        (ProfileDraft { max_detail_level: 9, allowed_tags_logic: 9, ..base() }, "allowed_tags_logic max_detail_level"),
        (ProfileDraft { date_range_start: at(1), date_range_end: at(1), ..base() }, "date_range_start"),
        (
            ProfileDraft { tag_filters: Some(TagFilters { include_any: many, ..Default::default() }), ..base() },
            "tag_filters.include_any",
        ),
        (ProfileDraft { tag_expression: Some(TagExpression { expression: None }), ..base() }, "tag_expression"),
        (ProfileDraft { tag_expression: Some(deep), ..base() }, "tag_expression"),
        (
            ProfileDraft {
                tag_expression: Some(operation(Op::And, vec![tag("a"), operation(Op::Unspecified, vec![tag("")])])),
                ..base()
            },
            "tag_expression.conditions[1].conditions[0].tag tag_expression.conditions[1].op",
        ),
        (ProfileDraft { tag_expression: Some(operation(Op::Or, vec![])), ..base() }, "tag_expression.conditions"),
        (
            ProfileDraft {
                tag_permissions: Some(TagPermissions {
                    read: Some(TagGrant { tag_ids: strings(&[""]), allow_new: Some(true), ..Default::default() }),
                    ..Default::default()
                }),
                ..base()
            },
            "tag_permissions.read.allow_new tag_permissions.read.tag_ids[0]",
        ),
        (
            ProfileDraft {
                schema_permissions: Some(SchemaPermissions {
                    write: Some(SchemaGrant { schema_ids: strings(&["a b"]), ..Default::default() }),
                    ..Default::default()
                }),
                ..base()
            },
            "schema_permissions.write.schema_ids[0]",
        ),
        (ProfileDraft { transformations: strings(&["x"]), ..named("") }, "name transformations[0]"),
    ]
}

#[tokio::test]
async fn all_wrong_fields_are_reported_and_nothing_is_written() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let standing = server.create("ann", full()).await.unwrap();
    let fields = crate::test_server::FIELDS;
    for (draft, expected) in wrong() {
        assert_eq!(why(server.create("ann", draft.clone()).await), expected, "{draft:?}");
        // An update sends only what is wrong; the rest stands.
        let mask: Vec<_> =
            fields.into_iter().filter(|field| expected.split([' ', '.', '[']).any(|part| part == *field)).collect();
        let mask = if mask.contains(&"date_range_start") { [mask, vec!["date_range_end"]].concat() } else { mask };
        assert_eq!(why(server.update("ann", &standing.id, draft, &mask).await), expected);
    }
    assert_eq!(server.get("ann", &standing.id).await.unwrap(), standing);
    assert_eq!(
        why(server
            .client()
            .update_profile(crate::test_server::by("ann", update_of(&standing.id, &["owner_id", "is_active"])))
            .await),
        "is_active update_mask"
    );
}

#[tokio::test]
async fn largest_profile_is_accepted() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let ids = |prefix: &str| (0..1_000).map(|n| format!("{prefix}-{n:0>60}")).collect::<Vec<_>>();
    let wide = operation(Op::Or, (0..511).map(|n| tag(&format!("t{n}"))).collect());
    let deep = (1..16).fold(tag("a"), |below, _| operation(Op::Not, vec![below]));
    for expression in [wide, deep] {
        let largest = ProfileDraft {
            name: Some("🦀".repeat(100)),
            description: Some("é".repeat(2_000)),
            allowed_tag_ids: ids("allowed"),
            excluded_tag_ids: ids("excluded"),
            allowed_node_ids: ids("node"),
            tag_expression: Some(expression),
            ..full()
        };
        let larger =
            ProfileDraft { allowed_node_types: (0..1_000).map(|n| format!("{n:0>120}")).collect(), ..largest.clone() };
        assert_eq!(why(server.create("ann", larger).await), "profile");
        let made = server.create("ann", largest.clone()).await.unwrap();
        assert_eq!(server.get("ann", &made.id).await.unwrap().draft.unwrap(), largest);
    }
}

#[tokio::test]
async fn profiles_of_one_person_are_bounded() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let ids = |prefix: &str, count: usize| (0..count).map(|n| format!("{prefix}-{n:0>110}")).collect::<Vec<_>>();
        let large =
            ProfileDraft { allowed_tag_ids: ids("a", 1_000), excluded_tag_ids: ids("e", 1_000), ..named("large") };
        let mut made = Vec::new();
        let refused = loop {
            match server.create("ann", large.clone()).await {
                Ok(profile) => made.push(profile.id),
                Err(refused) => break refused,
            }
        };
        assert_eq!(why(Err::<(), _>(refused)), "profile", "{backend}");
        assert_eq!(made.len(), 18, "{backend}: of some 230 KB each");
        // Another user has a quota of their own, and a change that uses less is never rejected.
        server.create("bob", large.clone()).await.unwrap();
        let smaller = ProfileDraft { excluded_tag_ids: ids("e", 1), ..large.clone() };
        server.update("ann", &made[0], smaller, &["excluded_tag_ids"]).await.unwrap();
        server.create("ann", named("small")).await.unwrap();
        let larger = ProfileDraft { excluded_node_types: ids("t", 1_000), ..large };
        assert_eq!(
            why(server.update("ann", &made[0], larger, &["excluded_node_types", "excluded_tag_ids"]).await),
            "profile"
        );
        server.delete("ann", &made[1]).await.unwrap();
        server.create("ann", named("again")).await.unwrap();
    })
    .await;
}
