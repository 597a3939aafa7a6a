//! What Ann has done before anybody asks: in the place of app.ofself.ai, where she shares, and of the consent flow, where she
//! connects an app. A service does none of this: it may not name a user (`x-ofself-user`), and only in plain text on one machine is
//! it not refused.

use anyhow::Context;
use ofself_proto::{
    exposure::{
        AppTier, CreateProfileRequest, GrantAppAccessRequest, ProfileDraft, RevokeAppAccessRequest, TagFilters,
        app_access_service_client::AppAccessServiceClient,
        exposure_profile_service_client::ExposureProfileServiceClient,
    },
    sharing::{CreateShareRequest, ShareScope, sharing_service_client::SharingServiceClient},
};
use tonic::{Code, Request, metadata::AsciiMetadataValue, transport::Channel};

/// Ann shares what has the tag `work` with Bob, if she has not done so before.
pub(crate) async fn share_work_with_bob(sharing: Channel) -> anyhow::Result<()> {
    let request = CreateShareRequest {
        shared_with_user_id: "bob".to_owned(),
        scope: ShareScope::SpecificTags.into(),
        tag_ids: vec!["tag-work".to_owned()],
        ..CreateShareRequest::default()
    };
    match SharingServiceClient::new(sharing).create_share(as_ann(request)).await {
        Err(refused) if refused.code() != Code::AlreadyExists => Err(refused.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Ann binds the app to a profile that exposes nothing private.
pub(crate) async fn show_the_app_nothing_private(exposure: Channel) -> anyhow::Result<()> {
    let draft = ProfileDraft {
        name: Some("Nothing private".to_owned()),
        tag_filters: Some(TagFilters { exclude_any: vec!["private".to_owned()], ..TagFilters::default() }),
        ..ProfileDraft::default()
    };
    let request = CreateProfileRequest { profile: Some(draft), validate_only: false, dry_run: false };
    let made = ExposureProfileServiceClient::new(exposure.clone()).create_profile(as_ann(request)).await?;
    let profile = made.into_inner().profile.context("a profile without a profile")?;
    let mut grants = AppAccessServiceClient::new(exposure);
    let (user_id, app_id) = ("ann".to_owned(), "reading-list".to_owned());
    grants.revoke_app_access(RevokeAppAccessRequest { user_id: user_id.clone(), app_id: app_id.clone() }).await?;
    let grant =
        GrantAppAccessRequest { user_id, app_id, tier: AppTier::L2.into(), profile_id: profile.id, expires_at: None };
    grants.grant_app_access(grant).await?;
    Ok(())
}

fn as_ann<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::from_static("ann"));
    request
}
