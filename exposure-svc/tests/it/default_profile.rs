use ofself_proto::exposure::{CreateProfileFromTemplateRequest, CreateProfileFromTemplateResponse, DetailLevel};
use tonic::Status;

use crate::statements::on_both;
use crate::test_server::{TestServer, by, named, why};

async fn from_template(
    server: &TestServer,
    template: &str,
    name: Option<&str>,
) -> Result<CreateProfileFromTemplateResponse, Status> {
    let request = CreateProfileFromTemplateRequest {
        template: template.to_owned(),
        name: name.map(str::to_owned),
        validate_only: false,
    };
    Ok(server.client().create_profile_from_template(by("ann", request)).await?.into_inner())
}

#[tokio::test]
async fn default_exposes_everything_and_cannot_be_deleted() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let default = server.default("ann").await;
        let draft = default.draft.clone().unwrap();
        assert!(default.is_default && default.is_active);
        assert_eq!(draft.max_detail_level(), DetailLevel::Full);
        let tags = draft.tag_permissions.unwrap();
        for verb in [tags.discover, tags.read, tags.propose, tags.edit, tags.create, tags.delete] {
            assert_eq!(verb.unwrap().allow_all, Some(true));
        }
        assert_eq!(server.default("ann").await, default, "{backend}: one, however often it is asked for");
        assert_ne!(server.default("bob").await.id, default.id);
        assert_eq!(why(server.delete("ann", &default.id).await), "PROFILE_IS_DEFAULT");
    })
    .await;
}

#[tokio::test]
async fn another_profile_can_become_the_default() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let former = server.default("ann").await;
        let other = server.create("ann", named("Mine")).await.unwrap();
        assert!(!server.make_default("ann", &other.id, false).await.unwrap().is_default, "it was not, and is not");
        assert_eq!(why(server.make_default("ann", &former.id, false).await), "PROFILE_IS_DEFAULT");
        assert!(server.make_default("ann", &other.id, true).await.unwrap().is_default);
        assert_eq!(server.default("ann").await.id, other.id, "{backend}");
        server.delete("ann", &former.id).await.unwrap();
        assert_eq!(why(server.get("ann", &former.id).await), "PROFILE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn templates_create_their_profile() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let first = from_template(&server, "transparent", Some("All of it")).await.unwrap();
        let profile = first.profile.clone().unwrap();
        assert!(first.created && profile.is_default, "{backend}");
        assert_eq!(profile.draft.as_ref().unwrap().name(), "All of it");
        let again = from_template(&server, "transparent", Some("Other")).await.unwrap();
        assert!(!again.created);
        assert_eq!(again.profile, first.profile);

        let restrictive = from_template(&server, "restrictive", None).await.unwrap().profile.unwrap();
        let draft = restrictive.draft.unwrap();
        assert_eq!((draft.name(), draft.max_detail_level()), ("Restrictive", DetailLevel::Minimal));
        let tags = draft.tag_permissions.unwrap();
        for verb in [tags.discover, tags.read, tags.propose, tags.edit, tags.create, tags.delete] {
            let verb = verb.expect("every verb is present");
            assert!(verb.allow_all == Some(false) && verb.tag_ids.is_empty(), "and denies");
        }
        assert_eq!(why(from_template(&server, "open", Some(" ")).await), "name template");
    })
    .await;
}
