//! What an app may write, where the directory and the holder of a node name tags differently.

use ofself_proto::exposure::{
    CheckWriteRequest, CheckWriteResponse, ProfileDraft, SchemaGrant, SchemaPermissions, TagGrant, TagPermissions,
    WriteVerb,
};

use crate::{
    exposure::node,
    statements::on_both,
    tag_references::{excluding, grant},
    test_server::{TestServer, named},
};

impl TestServer {
    async fn check_write(
        &self,
        verb: WriteVerb,
        before: Option<&[(&str, &str)]>,
        after: Option<&[(&str, &str)]>,
    ) -> CheckWriteResponse {
        let request = CheckWriteRequest {
            user_id: "ann".into(),
            app_id: "app".into(),
            verb: verb.into(),
            before: before.map(|tags| node("n", tags)),
            after: after.map(|tags| node("n", tags)),
            consistency: None,
        };
        self.decisions().check_write(request).await.unwrap().into_inner()
    }
}

#[tokio::test]
async fn tag_named_like_an_id_is_another_tag() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("tag-1", "mine")]).await;
        let draft = ProfileDraft {
            tag_permissions: Some(TagPermissions {
                read: Some(grant(&["tag-1"])),
                create: Some(grant(&["tag-1"])),
                edit: Some(grant(&["tag-1"])),
                ..TagPermissions::default()
            }),
            schema_permissions: Some(SchemaPermissions {
                read: Some(SchemaGrant { schema_ids: Vec::new(), allow_all: Some(true) }),
                write: Some(SchemaGrant { schema_ids: Vec::new(), allow_all: Some(true) }),
            }),
            ..named("Owns tag-1")
        };
        let profile = server.create("ann", draft).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        assert!(server.check_write(WriteVerb::Create, None, Some(&[("tag-1", "mine")])).await.allowed, "{backend}");
        // A new tag of that name: without its id, and with the id that it was given since.
        let new = server.check_write(WriteVerb::Create, None, Some(&[("", "tag-1")])).await;
        assert_eq!((new.allowed, new.refused_tag.as_deref()), (false, Some("tag-1")), "{backend}: {}", new.reason);
        for name in ["tag-1", "mine"] {
            let named = server.check_write(WriteVerb::Create, None, Some(&[("t9", name)])).await;
            assert!(!named.allowed, "{backend}: {name}: {}", named.reason);
            assert!(!server.exposes(&profile.id, &[("t9", name)]).await, "{backend}: {name}");
        }
        server.learn("ann", &[("t9", "tag-1")]).await;
        let known = server.check_write(WriteVerb::Create, None, Some(&[("t9", "tag-1")])).await;
        assert_eq!(
            (known.allowed, known.refused_tag.as_deref()),
            (false, Some("tag-1")),
            "{backend}: {}",
            known.reason
        );
    })
    .await;
}

#[tokio::test]
async fn write_needs_a_node_exposed_by_both_sets_of_names() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "work"), ("t2", "private")]).await;
        let all = Some(TagGrant { tag_ids: Vec::new(), allow_all: Some(true), allow_new: None });
        let schemas = Some(SchemaGrant { schema_ids: Vec::new(), allow_all: Some(true) });
        let draft = ProfileDraft {
            tag_permissions: Some(TagPermissions { read: all.clone(), edit: all, ..TagPermissions::default() }),
            schema_permissions: Some(SchemaPermissions { read: schemas.clone(), write: schemas }),
            // Texts, since the directory does not know them.
            ..excluding(&["hidden", "also hidden"])
        };
        let profile = server.create("ann", draft).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        let edit = async |before: &[(&str, &str)]| {
            server.check_write(WriteVerb::Edit, Some(before), Some(&[("t1", "work")])).await
        };
        assert!(edit(&[("t1", "work")]).await.allowed, "{backend}");
        // The tag was renamed, and the directory does not know it yet: the node is hidden to reads, and so to writes.
        assert!(!server.exposes(&profile.id, &[("t1", "hidden")]).await, "{backend}");
        let lagging = edit(&[("t1", "hidden")]).await;
        assert_eq!(
            (lagging.allowed, lagging.reason.as_str()),
            (false, "the node is not exposed to the app"),
            "{backend}"
        );
        // The holder of the node lags.
        server.learn("ann", &[("t3", "also hidden")]).await;
        server.learn("ann", &[("t3", "also hidden"), ("t4", "fine")]).await;
        assert!(!edit(&[("t3", "old name")]).await.allowed, "{backend}");
        assert!(edit(&[("t4", "old name")]).await.allowed, "{backend}");
    })
    .await;
}
