//! Export of everything about a person.

use std::collections::BTreeSet;

use ofself_proto::exposure::ExportUserRequest;
use serde_json::Value;

use crate::{
    statements::on_both,
    test_server::{TestServer, named},
};

#[tokio::test]
async fn export_has_everything_about_a_person_by_its_schema() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("One")).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        server.learn("ann", &[("t1", "work"), ("t2", "play")]).await;
        server.create("bob", named("Of another")).await.unwrap();
        let export = async || {
            let request = ExportUserRequest { user_id: "ann".into() };
            let mut pieces = server.admin().export_user(request).await.unwrap().into_inner();
            let mut text = String::new();
            while let Some(piece) = pieces.message().await.unwrap() {
                text.push_str(&piece.chunk);
            }
            text
        };
        let mut text = export().await;
        // On PostgreSQL an event is listed once it has its position.
        while serde_json::from_str::<Value>(&text).unwrap()["events"].as_array().unwrap().len() < 4 {
            text = export().await;
        }
        let document: Value = serde_json::from_str(&text).unwrap();
        let schema: Value = serde_json::from_str(include_str!("../../../docs/export-exposure.schema.json")).unwrap();
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&document), names(&schema["properties"]));
        for (list, count) in [("profiles", 1), ("grants", 1), ("tags", 2), ("consent_receipts", 1), ("events", 4)] {
            let items = document[list].as_array().unwrap();
            assert_eq!(items.len(), count, "{list}");
            let required = schema["properties"][list]["items"]["required"].as_array().unwrap();
            let expected: BTreeSet<_> = required.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
            assert!(items.iter().all(|item| names(item) == expected), "{list}: {items:?}");
        }
        assert!(!text.contains("Of another"));
    })
    .await;
}
