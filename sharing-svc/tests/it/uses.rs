//! When people last used what is shared with them.

use ofself_proto::sharing::{
    Action, BatchCheckAccessRequest, BatchCheckRequest, CheckItem, GetAccessFilterRequest, ListPeopleRequest, Node,
    Resource, access_advisor_service_client::AccessAdvisorServiceClient, resource,
};
use persistence::usage_days::OtherParty;
use prost_types::Timestamp;

use crate::statements::on_both;
use crate::test_server::{START, TestServer, by, everything_to, store, tags_to, user};

fn resource() -> Resource {
    Resource { resource: Some(resource::Resource::Node(Node { id: "n".into(), ..Node::default() })) }
}

async fn last_uses(server: &TestServer) -> Vec<(String, Option<Timestamp>)> {
    let mut client = AccessAdvisorServiceClient::new(server.channel.clone());
    let people = client.list_people(by("ann", ListPeopleRequest::default())).await.unwrap().into_inner().people;
    people.into_iter().map(|person| (person.user_id, person.last_used_at)).collect()
}

#[tokio::test]
async fn every_kind_of_decision_counts_as_use() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for person in ["batch", "check", "filter", "items", "none"] {
            server.create("ann", everything_to(person)).await.unwrap();
        }
        server.create("ann", tags_to("denied", &["a"])).await.unwrap();
        let action = Action::Read.into();
        server.at(1);
        assert!(server.may_read("check", &[]).await && !server.may_read("denied", &[]).await, "{backend}");
        server.at(2);
        let (owner_id, resources) = ("ann".to_owned(), vec![resource()]);
        let batch =
            BatchCheckAccessRequest { viewer_id: "batch".into(), owner_id, action, resources, consistency: None };
        server.access().batch_check_access(batch).await.unwrap();
        server.at(3);
        let item = |viewer: &str| CheckItem {
            viewer_id: viewer.into(),
            owner_id: "ann".into(),
            action,
            resource: Some(resource()),
        };
        let items = BatchCheckRequest { items: vec![item("items"), item("denied"), item("ann")], consistency: None };
        server.access().batch_check(items).await.unwrap();
        server.at(4);
        for viewer_id in ["filter", "stranger"] {
            let owner_id = "ann".to_owned();
            let filter = GetAccessFilterRequest { viewer_id: viewer_id.into(), owner_id, action, consistency: None };
            server.access().get_access_filter(filter).await.unwrap();
        }
        assert!(last_uses(&server).await.iter().all(|(_, at)| at.is_none()), "nothing is written with a decision");
        // The counts are written about once a minute, and at the end.
        server.stop().await;
        let server = TestServer::start(&backend).await;
        let at = |seconds| Some(Timestamp { seconds: START + seconds, nanos: 0 });
        let expected =
            [("batch", at(2)), ("check", at(1)), ("denied", None), ("filter", at(4)), ("items", at(3)), ("none", None)];
        let expected: Vec<_> = expected.into_iter().map(|(person, at)| (person.to_owned(), at)).collect();
        assert_eq!(last_uses(&server).await, expected, "{backend}");
        // Later uses are added.
        server.at(9);
        assert!(server.may_read("check", &[]).await);
        server.stop().await;
        let rows = store(&backend).await.database().usage_of("ann", ("", i64::MIN)).await.unwrap();
        let check = rows.iter().find(|row| row.other == "check").unwrap();
        assert_eq!((rows.len(), check.asked, check.shown), (4, 2, 2));
    })
    .await;
}

#[tokio::test]
async fn uses_of_and_by_an_erased_person_are_deleted() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.create("ann", everything_to("bob")).await.unwrap();
        server.create("ann", everything_to("cyd")).await.unwrap();
        for person in ["bob", "cyd"] {
            assert!(server.may_read(person, &[]).await);
        }
        server.stop().await;
        let store = store(&backend).await;
        let database = store.database();
        assert!(database.usage_mentions("bob", OtherParty::Person).await.unwrap());
        while database.erase_usage("bob", OtherParty::Person).await.unwrap() {}
        assert!(!database.usage_mentions("bob", OtherParty::Person).await.unwrap(), "{backend}");
        assert_eq!(database.usage_of("ann", ("", i64::MIN)).await.unwrap().len(), 1, "that of others stays");
        // An app may have the id of a person.
        while database.erase_usage("cyd", OtherParty::App).await.unwrap() {}
        assert!(store.mentions(&user("cyd")).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn old_days_and_too_many_rows_are_deleted() {
    on_both(|backend| async move {
        let store = store_with_schema(&backend).await;
        let database = store.database();
        let row = |other: &str, day: i64| persistence::usage_days::UsageDay {
            owner: "ann".into(),
            other: other.into(),
            day,
            last_at: types::Timestamp::from_parts(day * 86_400, 0).unwrap(),
            asked: 2,
            shown: 1,
        };
        let rows: Vec<_> = (0..1_200).map(|number| row(&format!("p{number}"), 100 + number % 3)).collect();
        for rows in rows.chunks(500) {
            database.add_usage(rows).await.unwrap();
        }
        database.add_usage(&[row("p0", 100)]).await.unwrap();
        assert_eq!(database.usage_rows_by_owner("").await.unwrap(), [("ann".to_owned(), 1_200)], "{backend}");
        let totals = database.usage_totals("ann", &["p0".into(), "p1".into(), "px".into()], 101).await.unwrap();
        let totals: Vec<_> = totals.into_iter().map(|total| (total.other, total.asked, total.shown)).collect();
        let mut expected = vec![("p0".to_owned(), 0, 0), ("p1".to_owned(), 2, 1)];
        expected.sort();
        let mut sorted = totals;
        sorted.sort();
        assert_eq!(sorted, expected, "counted from a day on");
        let mut pruned = 0;
        loop {
            match database.prune_usage(101).await.unwrap() {
                0 => break,
                deleted => pruned += deleted,
            }
        }
        assert_eq!(pruned, 400);
        assert_eq!(database.delete_oldest_usage("ann", 10).await.unwrap(), 10);
        let left = database.usage_rows_by_owner("").await.unwrap();
        assert_eq!(left, [("ann".to_owned(), 790)]);
        let mut listed = Vec::new();
        let mut after = (String::new(), i64::MIN);
        loop {
            let rows = database.usage_of("ann", (&after.0, after.1)).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = (last.other.clone(), last.day);
            listed.extend(rows);
        }
        assert_eq!(listed.len(), 790);
        assert_eq!(listed.iter().filter(|row| row.day == 101).count(), 390, "the oldest go first");
    })
    .await;
}

/// The store of a database whose schema exists.
async fn store_with_schema(backend: &test_kit::Backend) -> sharing_svc::storage::Store {
    TestServer::start(backend).await.stop().await;
    store(backend).await
}
