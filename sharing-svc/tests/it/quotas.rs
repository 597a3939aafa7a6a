//! Quotas: what two people may have between them, what one creator or owner may have, and that none of it lets one person
//! block another.

use std::collections::BTreeSet;

use grpc_server::rpc_error::RpcError;
use ofself_proto::sharing::{
    Action, CreateShareRequest, GetAccessFilterRequest, GrantFollowShareRequest, Share, ShareChanges, ShareScope,
    get_access_filter_response::Filter,
};
use sharing_svc::config::QuotaSettings;
use test_kit::Backend;

use crate::statements::on_both;
use crate::test_server::{TestServer, after, everything_to, of, passable, settings, store, tags_to, user, why};

/// A share of a thousand of the longest ids.
fn large(recipient: &str, number: usize) -> CreateShareRequest {
    CreateShareRequest {
        scope: ShareScope::SpecificNodes.into(),
        node_ids: (0..1_000).map(|n| format!("{number:0>4}-{n:0>123}")).collect(),
        ..everything_to(recipient)
    }
}

/// A service with quotas that a test can reach in no time.
async fn stage_with(backend: &Backend, quotas: QuotaSettings) -> TestServer {
    TestServer::start_as(sharing_svc::config::Settings { own: quotas, ..settings(backend.url()) }).await
}

fn message<T: std::fmt::Debug>(answer: Result<T, tonic::Status>) -> String {
    RpcError::from_status(&answer.unwrap_err()).unwrap().fields.to_string()
}

#[tokio::test]
async fn ids_of_own_shares_with_one_person_are_bounded() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut made = Vec::new();
        let refused = loop {
            match server.create("ann", large("bob", made.len())).await {
                Ok(share) => made.push(share),
                Err(refused) => break refused,
            }
        };
        assert_eq!(why(Err::<(), _>(refused)), "node_ids", "{backend}");
        assert_eq!(made.len(), 20, "{backend}: 20,000 ids");
        // Others have a budget of their own, and what names no id fits.
        server.create("ann", large("cyd", 0)).await.unwrap();
        let small = server.create("ann", everything_to("bob")).await.unwrap();
        // What narrows is never refused, although it names more ids.
        let narrower = ShareChanges {
            scope: ShareScope::SpecificNodes.into(),
            node_ids: large("bob", 99).node_ids,
            ..ShareChanges::default()
        };
        server.update("ann", &small.id, narrower, &["scope", "node_ids"]).await.unwrap();
        let mut wider = large("bob", 0).node_ids;
        wider[0] = "another".into();
        let wider = ShareChanges { node_ids: wider, ..ShareChanges::default() };
        assert_eq!(why(server.update("ann", &made[0].id, wider, &["node_ids"]).await), "node_ids");
        let no_more = ShareChanges { can_write: Some(true), can_read: Some(false), ..ShareChanges::default() };
        server.update("ann", &made[0].id, no_more, &["can_read", "can_write"]).await.unwrap();
        for share in &made[1..3] {
            server.revoke("ann", &share.id).await.unwrap();
        }
        server.create("ann", large("bob", 98)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn number_of_own_shares_with_one_person_is_bounded() {
    on_both(|backend| async move {
        let quotas = QuotaSettings { max_shares_per_recipient: 10, ..QuotaSettings::default() };
        let server = stage_with(&backend, quotas).await;
        for number in 0..10 {
            let request = CreateShareRequest { expires_at: after(100), ..tags_to("bob", &[&format!("t{number}")]) };
            server.create("ann", request).await.unwrap();
        }
        let refused = server.create("ann", tags_to("bob", &["more"])).await;
        assert_eq!(
            message(refused),
            "shared_with_user_id has 10 active shares of yours already; change or revoke one of them"
        );
        server.create("ann", tags_to("cyd", &["more"])).await.unwrap();
        // What has expired makes room, though nothing has marked it yet.
        server.at(100);
        server.create("ann", tags_to("bob", &["more"])).await.unwrap();
        assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), [], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn reshares_never_use_the_budget_of_the_owner() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let mut number = 0;
        let refused = loop {
            match server.create("bob", of(&parent, large("cyd", number))).await {
                Ok(_) => number += 1,
                Err(refused) => break refused,
            }
        };
        assert_eq!(number, 20, "{backend}");
        assert_eq!(message(Err::<(), _>(refused)), "shared_with_user_id cannot receive this re-share");

        server.create("ann", large("cyd", 0)).await.unwrap();
        let follow = GrantFollowShareRequest {
            follow_id: "f".into(),
            owner_id: "ann".into(),
            follower_id: "cyd".into(),
            ..GrantFollowShareRequest::default()
        };
        server.follows().grant_follow_share(follow).await.unwrap();
        // The filter still holds all of it.
        let request = GetAccessFilterRequest {
            viewer_id: "cyd".into(),
            owner_id: "ann".into(),
            action: Action::Read.into(),
            consistency: None,
        };
        let filter = server.access().get_access_filter(request).await.unwrap().into_inner().filter;
        assert_eq!(filter, Some(Filter::Everything(true)), "{backend}: the follow is a share of everything");
    })
    .await;
}

#[tokio::test]
async fn filter_holds_both_budgets() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        for number in 0..20 {
            server.create("ann", large("cyd", number)).await.unwrap();
            server.create("bob", of(&parent, large("cyd", 100 + number))).await.unwrap();
        }
        let request = GetAccessFilterRequest {
            viewer_id: "cyd".into(),
            owner_id: "ann".into(),
            action: Action::Read.into(),
            consistency: None,
        };
        let mut access = server.access().max_decoding_message_size(16 * 1024 * 1024);
        let filter = access.get_access_filter(request).await.unwrap().into_inner().filter;
        let Some(Filter::AnyOf(clauses)) = filter else { panic!("{filter:?}") };
        let ids: usize = clauses.clauses.iter().flat_map(|clause| &clause.all_of).map(|all| all.node_ids.len()).sum();
        assert_eq!(ids, 40_000, "{backend}");
    })
    .await;
}

#[tokio::test]
async fn owner_narrows_whatever_others_reshared() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let own = server.create("ann", everything_to("cyd")).await.unwrap();
        let mut number = 0;
        while server.create("bob", of(&parent, large("cyd", number))).await.is_ok() {
            number += 1;
        }
        let narrower = ShareChanges {
            scope: ShareScope::SpecificNodes.into(),
            node_ids: large("bob", 99).node_ids,
            expires_at: after(60),
            ..ShareChanges::default()
        };
        for share in [&parent, &own] {
            let mask = ["scope", "node_ids", "expires_at"];
            server.update("ann", &share.id, narrower.clone(), &mask).await.unwrap();
        }
        // The parent's end and its return are the owner's alone to say.
        server.at(60);
        let longer = ShareChanges { expires_at: after(900), ..ShareChanges::default() };
        server.update("ann", &parent.id, longer, &["expires_at"]).await.unwrap();
        assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), [], "{backend}");
    })
    .await;
}

#[tokio::test]
async fn reshares_to_one_person_hang_below_64_shares_at_most() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut parents = Vec::new();
        for number in 0..66 {
            let parent = server.create("ann", passable(everything_to(&format!("creator-{number}")))).await.unwrap();
            parents.push(parent);
        }
        let reshare = |number: usize, tag: &str| {
            let (creator, request) = (format!("creator-{number}"), of(&parents[number], tags_to("cyd", &[tag])));
            let server = &server;
            async move { server.create(&creator, request).await }
        };
        for number in 0..64 {
            reshare(number, "a").await.unwrap();
        }
        assert_eq!(message(reshare(64, "a").await), "shared_with_user_id cannot receive this re-share", "{backend}");
        reshare(0, "b").await.unwrap();
        // Once one of them has ended, though nothing has marked what is below it, there is a place.
        server.revoke("ann", &parents[5].id).await.unwrap();
        reshare(64, "a").await.unwrap();
        assert_eq!(message(reshare(65, "a").await), "shared_with_user_id cannot receive this re-share", "{backend}");
    })
    .await;
}

#[tokio::test]
async fn reshares_of_one_creator_are_bounded_by_owner() {
    on_both(|backend| async move {
        let quotas = QuotaSettings { max_reshares_per_creator: 5, ..QuotaSettings::default() };
        let server = stage_with(&backend, quotas).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        for number in 0..5 {
            let request = CreateShareRequest { expires_at: after(100), ..everything_to(&format!("cyd-{number}")) };
            server.create("bob", of(&parent, request)).await.unwrap();
        }
        let refused = server.create("bob", of(&parent, everything_to("dan"))).await;
        assert_eq!(
            message(refused),
            "parent_share_id names data of which you have 5 active re-shares already; revoke some",
            "{backend}"
        );
        // Of another owner's data he has as many; and others of this one's.
        let other = server.create("eve", passable(everything_to("bob"))).await.unwrap();
        server.create("bob", of(&other, everything_to("dan"))).await.unwrap();
        server.at(100);
        server.create("bob", of(&parent, everything_to("dan"))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn shares_of_one_owner_are_bounded_and_reshares_beside_them() {
    on_both(|backend| async move {
        let quotas = QuotaSettings { max_shares_per_owner: 3, ..QuotaSettings::default() };
        let server = stage_with(&backend, quotas).await;
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        for number in 0..3 {
            server.create("bob", of(&parent, everything_to(&format!("cyd-{number}")))).await.unwrap();
        }
        let refused = server.create("bob", of(&parent, everything_to("dan"))).await;
        assert_eq!(message(refused), "shared_with_user_id cannot receive this re-share", "{backend}");
        for number in 0..2 {
            let request = CreateShareRequest { expires_at: after(100), ..everything_to(&format!("eve-{number}")) };
            server.create("ann", request).await.unwrap();
        }
        let refused = server.create("ann", everything_to("fay")).await;
        assert!(message(refused).contains("you have 3 active shares already"), "{backend}");
        // What has expired, and what hangs below a revoked share, counts no longer.
        server.at(100);
        server.create("ann", everything_to("fay")).await.unwrap();
        server.revoke("ann", &parent.id).await.unwrap();
        let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        server.create("bob", of(&parent, everything_to("dan"))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn rejected_reshare_does_not_reveal_the_chain() {
    on_both(|backend| async move {
        let quotas = QuotaSettings { max_shares_per_recipient: 1, ..QuotaSettings::default() };
        let server = stage_with(&backend, quotas).await;
        let first = server.create("ann", passable(everything_to("bob"))).await.unwrap();
        let second = server.create("bob", of(&first, passable(everything_to("cyd")))).await.unwrap();
        let third = server.create("cyd", of(&second, passable(everything_to("dan")))).await.unwrap();
        server.create("bob", of(&first, everything_to("eve"))).await.unwrap();
        // The owner, the caller, someone on the chain, and someone whose budget is used up.
        let mut answers = BTreeSet::new();
        for recipient in ["ann", "bob", "cyd", "eve"] {
            answers.insert(message(server.create("dan", of(&third, everything_to(recipient))).await));
        }
        assert_eq!(
            answers,
            BTreeSet::from(["shared_with_user_id cannot receive this re-share".to_owned()]),
            "{backend}"
        );
        // Other errors are the same for both.
        let mut answers = BTreeSet::new();
        for recipient in ["cyd", "eve"] {
            let wide = CreateShareRequest { can_write: Some(true), ..everything_to(recipient) };
            answers.insert(message(server.create("dan", of(&third, wide)).await));
        }
        assert_eq!(answers.len(), 1, "{backend}: {answers:?}");
        assert!(answers.first().unwrap().starts_with("can_write"), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn fifty_rounds_of_a_thousand_reshares_are_accepted() {
    on_both(|backend| async move {
        let quotas = QuotaSettings { max_shares_per_recipient: 100, ..QuotaSettings::default() };
        let server = stage_with(&backend, quotas).await;
        let mut last: Option<Share> = None;
        for round in 0..10 {
            let parent = server.create("ann", passable(everything_to("bob"))).await.unwrap();
            for number in 0..100 {
                let request = of(&parent, tags_to("cyd", &[&format!("t{number}")]));
                server.create("bob", request).await.unwrap_or_else(|error| panic!("{backend}: round {round}: {error}"));
            }
            assert!(server.may_read("cyd", &["t42"]).await, "{backend}: round {round}");
            server.revoke("ann", &parent.id).await.unwrap();
            assert!(!server.may_read("cyd", &["t42"]).await, "{backend}: round {round}");
            last = Some(parent);
        }
        assert!(last.is_some());
        assert_eq!(store(&backend).await.usage_differences(&user("ann")).await.unwrap(), [], "{backend}");
    })
    .await;
}
