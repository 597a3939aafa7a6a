use ofself_proto::sharing::{CreateShareRequest, ListOutgoingSharesRequest, ShareChanges, ShareStatus};
use prost_types::Timestamp;

use crate::statements::on_both;
use crate::test_server::{START, TestServer, after, by, everything_to, of, passable, why};

#[tokio::test]
async fn share_expires_exactly_at_its_expiry() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let until = CreateShareRequest { expires_at: after(10), ..everything_to("bob") };
        let made = server.create("ann", until).await.unwrap();
        for (second, status) in [(9, ShareStatus::Active), (10, ShareStatus::Expired), (11, ShareStatus::Expired)] {
            server.at(second);
            assert_eq!(server.status("bob", &made.id).await, status, "{backend}, second {second}");
        }
        // An expired share can be changed, and renewed.
        let later = ShareChanges { expires_at: after(30), ..ShareChanges::default() };
        let renewed = server.update("ann", &made.id, later, &["expires_at"]).await.unwrap();
        assert_eq!(renewed.status(), ShareStatus::Active);
        let never = server.update("ann", &made.id, ShareChanges::default(), &["expires_at"]).await.unwrap();
        assert_eq!(never.expires_at, None);
    })
    .await;
}

#[tokio::test]
async fn expiry_must_be_in_the_future() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for past in [0, -1] {
            let request = CreateShareRequest { expires_at: after(past), ..everything_to("bob") };
            assert_eq!(why(server.create("ann", request).await), "expires_at");
        }
        for unreal in [Timestamp { seconds: START + 9, nanos: -1 }, Timestamp { seconds: i64::MAX, nanos: 0 }] {
            let request = CreateShareRequest { expires_at: Some(unreal), ..everything_to("bob") };
            assert_eq!(why(server.create("ann", request).await), "expires_at");
        }
    })
    .await;
}

#[tokio::test]
async fn list_filter_agrees_with_status_to_the_microsecond() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // Texts of different lengths, where a database compares texts.
        for (index, nanos) in
            [0, 500_000_000, 123_000_000, 123_456_000, 123_456_789, 999_999_999].into_iter().enumerate()
        {
            let expires_at = Some(Timestamp { seconds: START + 5, nanos });
            let request = CreateShareRequest { expires_at, ..everything_to(&format!("bob-{index}")) };
            server.create("ann", request).await.unwrap();
        }
        for second in [4, 5, 6] {
            server.at(second);
            for is_active in [true, false] {
                let request = ListOutgoingSharesRequest { is_active: Some(is_active), ..Default::default() };
                let page = server.client().list_outgoing_shares(by("ann", request)).await.unwrap().into_inner();
                assert!(page.shares.iter().all(|share| (share.status() == ShareStatus::Active) == is_active));
                let expected = match (second, is_active) {
                    (4, true) | (6, false) => 6,
                    (5, true) => 5,
                    (5, false) => 1,
                    _ => 0,
                };
                assert_eq!(page.total, expected, "{backend}, second {second}, {is_active}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn expiry_of_a_parent_applies_to_children() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let child = server.create("bob", of(&parent, passable(everything_to("cyd")))).await.unwrap();
        let grandchild = server.create("cyd", of(&child, everything_to("dan"))).await.unwrap();

        let soon = ShareChanges { expires_at: after(10), ..ShareChanges::default() };
        server.update("ann", &parent.id, soon, &["expires_at"]).await.unwrap();
        server.at(10);
        assert_eq!(server.status("dan", &grandchild.id).await, ShareStatus::Expired, "{backend}");
        assert_eq!(server.get("dan", &grandchild.id).await.unwrap().expires_at, None, "its own expiry stays");
        server.update("ann", &parent.id, ShareChanges::default(), &["expires_at"]).await.unwrap();
        assert_eq!(server.status("dan", &grandchild.id).await, ShareStatus::Active);
    })
    .await;
}
