//! Two people cannot make so much between them that questions about them cannot be answered.

use ofself_proto::sharing::{CreateShareRequest, ListViewersRequest, Node, ShareChanges, ShareScope};
use test_kit::{Backend, on_both};

use crate::stage::{Stage, after, everything_to, of, passable, tags_to, why};

/// A share of a thousand of the longest ids.
fn large(recipient: &str, number: usize) -> CreateShareRequest {
    CreateShareRequest {
        scope: ShareScope::SpecificNodes.into(),
        node_ids: (0..1_000).map(|n| format!("{number:0>4}-{n:0>123}")).collect(),
        ..everything_to(recipient)
    }
}

#[tokio::test]
async fn the_ids_between_two_people_are_bounded() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let mut made = Vec::new();
        let refused = loop {
            match stage.create("ann", large("bob", made.len())).await {
                Ok(share) => made.push(share),
                Err(refused) => break refused,
            }
        };
        assert_eq!(why(Err::<(), _>(refused)), "node_ids", "{backend}");
        assert!((62..=64).contains(&made.len()), "{backend}: {} of some 131 KB each", made.len());
        // Others have room of their own, and so has what takes little.
        stage.create("ann", large("cyd", 0)).await.unwrap();
        let small = stage.create("ann", tags_to("bob", &["a"])).await.unwrap();
        let widened = ShareChanges {
            scope: ShareScope::SpecificNodes.into(),
            node_ids: large("bob", 99).node_ids,
            ..ShareChanges::default()
        };
        assert_eq!(why(stage.update("ann", &small.id, widened, &["scope", "node_ids"]).await), "node_ids");
        // What only takes away is never refused, and makes room.
        let no_more = ShareChanges { can_write: Some(true), can_read: Some(false), ..ShareChanges::default() };
        stage.update("ann", &made[0].id, no_more, &["can_read", "can_write"]).await.unwrap();
        stage.revoke("ann", &made[1].id).await.unwrap();
        stage.create("ann", large("bob", 99)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_was_passed_on_counts_with_all_that_is_above_it() {
    let backend = Backend::sqlite();
    let stage = Stage::start(&backend).await;
    for number in 0..63 {
        let parent = stage.create("ann", passable(large(&format!("maker-{number}"), number))).await.unwrap();
        let one = CreateShareRequest { node_ids: vec![parent.node_ids[0].clone()], ..large("bob", 0) };
        stage.create(&format!("maker-{number}"), of(&parent, one)).await.unwrap();
    }
    let parent = stage.create("ann", passable(large("maker-63", 63))).await.unwrap();
    let one = CreateShareRequest { node_ids: vec![parent.node_ids[0].clone()], ..large("bob", 0) };
    assert_eq!(why(stage.create("maker-63", of(&parent, one)).await), "node_ids");
}

#[tokio::test]
async fn what_is_above_is_not_widened_into_too_much_below() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let mut refused = None;
        for number in 0..64 {
            let maker = format!("maker-{number}");
            let wide = large(&maker, number).node_ids;
            let one = |recipient: &str| CreateShareRequest { node_ids: vec![wide[0].clone()], ..large(recipient, 0) };
            let parent = stage.create("ann", passable(one(&maker))).await.unwrap();
            stage.create(&maker, of(&parent, one("bob"))).await.unwrap();
            let widened = ShareChanges { node_ids: wide, ..ShareChanges::default() };
            refused = stage.update("ann", &parent.id, widened, &["node_ids"]).await.err();
            if refused.is_some() {
                assert!(number >= 61, "{backend}: {number}");
                break;
            }
        }
        assert_eq!(why(Err::<(), _>(refused.unwrap())), "node_ids", "{backend}");
    })
    .await;
}

#[tokio::test]
async fn what_others_made_of_a_share_does_not_keep_its_owner_from_narrowing_it() {
    let backend = Backend::sqlite();
    let stage = Stage::start(&backend).await;
    let parent = stage.create("ann", passable(everything_to("bob"))).await.unwrap();
    let mut number = 0;
    while stage.create("bob", of(&parent, large("cyd", number))).await.is_ok() {
        number += 1;
    }
    let narrowed = ShareChanges {
        scope: ShareScope::SpecificNodes.into(),
        node_ids: large("bob", 99).node_ids,
        ..ShareChanges::default()
    };
    stage.update("ann", &parent.id, narrowed.clone(), &["scope", "node_ids"]).await.unwrap();

    // Nor does what others passed on to the same person.
    let parent = stage.create("eve", passable(everything_to("bob"))).await.unwrap();
    let own = stage.create("eve", everything_to("cyd")).await.unwrap();
    let mut number = 0;
    while stage.create("bob", of(&parent, large("cyd", number))).await.is_ok() {
        number += 1;
    }
    stage.update("eve", &own.id, narrowed, &["scope", "node_ids"]).await.unwrap();
}

#[tokio::test]
async fn shares_that_come_back_with_their_parent_are_counted() {
    let backend = Backend::sqlite();
    let stage = Stage::start(&backend).await;
    let parent = stage.create("ann", passable(everything_to("bob"))).await.unwrap();
    let lasting = stage.create("ann", passable(everything_to("cyd"))).await.unwrap();
    for (maker, above, count) in [("bob", &parent, 600), ("cyd", &lasting, 399)] {
        for number in 0..count {
            stage.create(maker, of(above, tags_to("dan", &[&format!("t{number}")]))).await.unwrap();
        }
    }
    let ends = ShareChanges { expires_at: after(60), ..ShareChanges::default() };
    stage.update("ann", &parent.id, ends, &["expires_at"]).await.unwrap();
    stage.at(61);
    for number in 399..402 {
        stage.create("cyd", of(&lasting, tags_to("dan", &[&format!("t{number}")]))).await.unwrap();
    }
    let renewed = ShareChanges { expires_at: after(900), ..ShareChanges::default() };
    assert_eq!(why(stage.update("ann", &parent.id, renewed, &["expires_at"]).await), "expires_at");
}

#[tokio::test]
async fn the_shares_between_two_people_are_bounded() {
    let backend = Backend::sqlite();
    let stage = Stage::start(&backend).await;
    for number in 0..1_000 {
        stage.create("ann", tags_to("bob", &[&format!("t{number}")])).await.unwrap();
    }
    assert_eq!(why(stage.create("ann", tags_to("bob", &["more"])).await), "shared_with_user_id");
    stage.create("ann", tags_to("cyd", &["more"])).await.unwrap();
}

#[tokio::test]
async fn more_viewers_than_can_be_listed_are_not_guessed_at() {
    let backend = Backend::sqlite();
    let stage = Stage::start(&backend).await;
    // Some 33 MB of ids in all.
    for number in 0..260 {
        stage.create("ann", large(&format!("bob-{number}"), number)).await.unwrap();
    }
    let node = Node { id: "n".to_owned(), ..Node::default() };
    let ask = ListViewersRequest { owner_id: "ann".to_owned(), node: Some(node), consistency: None };
    assert_eq!(why(stage.access().list_viewers(ask).await), "TOO_MANY_VIEWERS");
}
