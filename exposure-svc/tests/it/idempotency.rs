use ofself_proto::exposure::CreateProfileFromTemplateRequest;

use crate::stage::{Stage, by, full, named, why};
use crate::statements::on_both;

#[tokio::test]
async fn a_repeat_gets_the_first_answer_as_it_was_shown() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        stage.learn("ann", &[("t9", "work")]).await;
        let first = stage.create_as("ann", Some("k"), full()).await.unwrap();
        stage.learn("ann", &[("t9", "labour")]).await;
        stage.delete("ann", &first.profile.as_ref().unwrap().id).await.unwrap();
        stage.stop().await;

        let stage = Stage::start(&backend).await;
        let again = stage.create_as("ann", Some("k"), full()).await.unwrap();
        assert!(again.replayed && !first.replayed, "{backend}");
        assert_eq!(again.profile, first.profile);
        assert_eq!(why(stage.create_as("ann", Some("k"), named("other")).await), "IDEMPOTENCY_KEY_REUSED");
    })
    .await;
}

#[tokio::test]
async fn a_template_that_was_there_is_answered_so_again() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        stage.default("ann").await;
        let ask = || async {
            let request = CreateProfileFromTemplateRequest { template: "transparent".into(), ..Default::default() };
            let mut request = by("ann", request);
            request.metadata_mut().insert("idempotency-key", "k".parse().unwrap());
            stage.client().create_profile_from_template(request).await.unwrap().into_inner()
        };
        let (first, again) = (ask().await, ask().await);
        assert!(!first.replayed && again.replayed, "{backend}");
        assert_eq!((first.created, first.profile), (again.created, again.profile));
    })
    .await;
}
