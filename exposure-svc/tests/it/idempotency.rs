use ofself_proto::exposure::CreateProfileFromTemplateRequest;

use crate::statements::on_both;
use crate::test_server::{TestServer, by, full, named, why};

#[tokio::test]
async fn repeat_returns_the_first_response_unchanged() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t9", "work")]).await;
        let first = server.create_as("ann", Some("k"), full()).await.unwrap();
        server.learn("ann", &[("t9", "labour")]).await;
        server.delete("ann", &first.profile.as_ref().unwrap().id).await.unwrap();
        server.stop().await;

        let server = TestServer::start(&backend).await;
        let again = server.create_as("ann", Some("k"), full()).await.unwrap();
        assert!(again.replayed && !first.replayed, "{backend}");
        assert_eq!(again.profile, first.profile);
        assert_eq!(why(server.create_as("ann", Some("k"), named("other")).await), "IDEMPOTENCY_KEY_REUSED");
    })
    .await;
}

#[tokio::test]
async fn repeat_of_an_existing_template_reports_it_again() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.default("ann").await;
        let ask = || async {
            let request = CreateProfileFromTemplateRequest { template: "transparent".into(), ..Default::default() };
            let mut request = by("ann", request);
            request.metadata_mut().insert("idempotency-key", "k".parse().unwrap());
            server.client().create_profile_from_template(request).await.unwrap().into_inner()
        };
        let (first, again) = (ask().await, ask().await);
        assert!(!first.replayed && again.replayed, "{backend}");
        assert_eq!((first.created, first.profile), (again.created, again.profile));
    })
    .await;
}
