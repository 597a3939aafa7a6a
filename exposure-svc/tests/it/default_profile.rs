use ofself_proto::exposure::{CreateProfileFromTemplateRequest, CreateProfileFromTemplateResponse, DetailLevel};
use tonic::Status;

use crate::stage::{Stage, by, named, why};
use crate::statements::on_both;

async fn from_template(
    stage: &Stage,
    template: &str,
    name: Option<&str>,
) -> Result<CreateProfileFromTemplateResponse, Status> {
    let request = CreateProfileFromTemplateRequest {
        template: template.to_owned(),
        name: name.map(str::to_owned),
        validate_only: false,
    };
    Ok(stage.client().create_profile_from_template(by("ann", request)).await?.into_inner())
}

#[tokio::test]
async fn the_default_exposes_everything_and_cannot_be_deleted() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let default = stage.default("ann").await;
        let draft = default.draft.clone().unwrap();
        assert!(default.is_default && default.is_active);
        assert_eq!(draft.max_detail_level(), DetailLevel::Full);
        let tags = draft.tag_permissions.unwrap();
        for verb in [tags.discover, tags.read, tags.propose, tags.edit, tags.create, tags.delete] {
            assert_eq!(verb.unwrap().allow_all, Some(true));
        }
        assert_eq!(stage.default("ann").await, default, "{backend}: one, however often it is asked for");
        assert_ne!(stage.default("bob").await.id, default.id);
        assert_eq!(why(stage.delete("ann", &default.id).await), "PROFILE_IS_DEFAULT");
    })
    .await;
}

#[tokio::test]
async fn another_profile_can_become_the_default() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let former = stage.default("ann").await;
        let other = stage.create("ann", named("Mine")).await.unwrap();
        assert!(!stage.make_default("ann", &other.id, false).await.unwrap().is_default, "it was not, and is not");
        assert_eq!(why(stage.make_default("ann", &former.id, false).await), "PROFILE_IS_DEFAULT");
        assert!(stage.make_default("ann", &other.id, true).await.unwrap().is_default);
        assert_eq!(stage.default("ann").await.id, other.id, "{backend}");
        stage.delete("ann", &former.id).await.unwrap();
        assert_eq!(why(stage.get("ann", &former.id).await), "PROFILE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn templates_make_what_they_say() {
    on_both(|backend| async move {
        let stage = Stage::start(&backend).await;
        let first = from_template(&stage, "transparent", Some("All of it")).await.unwrap();
        let profile = first.profile.clone().unwrap();
        assert!(first.created && profile.is_default, "{backend}");
        assert_eq!(profile.draft.as_ref().unwrap().name(), "All of it");
        let again = from_template(&stage, "transparent", Some("Other")).await.unwrap();
        assert!(!again.created);
        assert_eq!(again.profile, first.profile);

        let restrictive = from_template(&stage, "restrictive", None).await.unwrap().profile.unwrap();
        let draft = restrictive.draft.unwrap();
        assert_eq!((draft.name(), draft.max_detail_level()), ("Restrictive", DetailLevel::Minimal));
        let tags = draft.tag_permissions.unwrap();
        for verb in [tags.discover, tags.read, tags.propose, tags.edit, tags.create, tags.delete] {
            let verb = verb.expect("every verb is present");
            assert!(verb.allow_all == Some(false) && verb.tag_ids.is_empty(), "and denies");
        }
        assert_eq!(why(from_template(&stage, "open", Some(" ")).await), "name template");
    })
    .await;
}
