//! `ExposureProfileService`: profiles as their owners handle them.

use grpc_server::user_origin;
use ofself_proto::exposure::{
    CreateProfileFromTemplateRequest, CreateProfileFromTemplateResponse, CreateProfileRequest, CreateProfileResponse,
    DeleteProfileRequest, DeleteProfileResponse, GetDefaultProfileRequest, GetDefaultProfileResponse,
    GetProfileRequest, GetProfileResponse, GetProfileYamlRequest, GetProfileYamlResponse, ListProfilesRequest,
    ListProfilesResponse, Profile, UpdateProfileRequest, UpdateProfileResponse,
    exposure_profile_service_server::ExposureProfileService,
};
use service::{consistency::Stamped, idempotent_request};
use tonic::{Request, Response, Status};
use types::{ExpectedVersions, WriteMode};

use super::{
    acting_user::acting_user,
    change::change,
    convert::{edits, profile},
    status::status,
};
use crate::{
    error::Error,
    operations::{CreateProfile, Exposure, ListProfiles, TagNames, UpdateProfile},
};

pub(super) struct ExposureProfileRpc {
    exposure: Exposure,
}

impl ExposureProfileRpc {
    pub(super) fn new(exposure: Exposure) -> Self {
        Self { exposure }
    }
}

/// The response to a creation.
struct Made {
    profile: Option<Profile>,
    created: bool,
    replayed: bool,
}

impl From<CreateProfile> for Made {
    fn from(done: CreateProfile) -> Self {
        match done {
            CreateProfile::Created(made) => {
                Self { profile: Some(profile::profile(made)), created: true, replayed: false }
            }
            CreateProfile::Found(found) => {
                Self { profile: Some(profile::profile(found)), created: false, replayed: false }
            }
            CreateProfile::Replayed(kept) => {
                Self { profile: Some(profile::profile(kept.shown)), created: kept.created, replayed: true }
            }
            CreateProfile::Validated => Self { profile: None, created: false, replayed: false },
            CreateProfile::WouldCreate(profile) => {
                Self { profile: Some(profile::unsaved(profile)), created: false, replayed: false }
            }
        }
    }
}

fn tag_names(resolve: bool) -> TagNames {
    if resolve { TagNames::Resolved } else { TagNames::Stored }
}

#[tonic::async_trait]
impl ExposureProfileService for ExposureProfileRpc {
    async fn create_profile(
        &self,
        request: Request<CreateProfileRequest>,
    ) -> Result<Response<CreateProfileResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let user = acting_user(&self.exposure, &metadata).await?;
        let repeatable = idempotent_request(&metadata, &user, "CreateProfile", &message)
            .map_err(|errors| status(Error::Invalid(errors)))?;
        let origin = user_origin(&metadata, &user);
        let CreateProfileRequest { profile, validate_only, dry_run } = message;
        let mode = WriteMode::new(validate_only, dry_run);
        let edits = edits::creation(profile);
        let exposure = self.exposure.clone();
        let done = change(async move { exposure.create_profile(user, edits, mode, repeatable, origin).await }).await?;
        let Made { profile, replayed, .. } = done.value.into();
        Ok(Response::new(CreateProfileResponse { profile, replayed, written_at: self.exposure.token(done.stamp) }))
    }

    async fn get_profile(&self, request: Request<GetProfileRequest>) -> Result<Response<GetProfileResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let GetProfileRequest { profile_id, include_yaml, resolve_tag_names } = request.into_inner();
        let found =
            self.exposure.get_profile(&user, &profile_id, tag_names(resolve_tag_names)).await.map_err(status)?;
        let yaml = include_yaml.then(|| Exposure::profile_yaml(&found.profile)).transpose().map_err(status)?;
        Ok(Response::new(GetProfileResponse { profile: Some(profile::profile(found)), yaml }))
    }

    async fn list_profiles(
        &self,
        request: Request<ListProfilesRequest>,
    ) -> Result<Response<ListProfilesResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let ListProfilesRequest { limit, offset, is_active } = request.into_inner();
        let list = ListProfiles { limit, offset, is_active };
        let page = self.exposure.list_profiles(&user, list).await.map_err(status)?;
        Ok(Response::new(profile::profiles(page)))
    }

    async fn update_profile(
        &self,
        request: Request<UpdateProfileRequest>,
    ) -> Result<Response<UpdateProfileResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let UpdateProfileRequest {
            profile_id,
            profile,
            is_active,
            is_default,
            update_mask,
            expected_versions,
            validate_only,
            dry_run,
        } = request.into_inner();
        let update = UpdateProfile {
            edits: edits::update(profile, is_active, is_default, update_mask),
            expected: ExpectedVersions::new(expected_versions),
            mode: WriteMode::new(validate_only, dry_run),
        };
        let is_dry_run = update.mode == WriteMode::DryRun;
        let exposure = self.exposure.clone();
        let Stamped { value, stamp } =
            change(async move { exposure.update_profile(user, profile_id, update, origin).await }).await?;
        let profile = if is_dry_run { profile::unsaved(value) } else { profile::profile(value) };
        let written_at = self.exposure.token(stamp);
        Ok(Response::new(UpdateProfileResponse { profile: Some(profile), written_at }))
    }

    async fn delete_profile(
        &self,
        request: Request<DeleteProfileRequest>,
    ) -> Result<Response<DeleteProfileResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let DeleteProfileRequest { profile_id, expected_versions } = request.into_inner();
        let expected = ExpectedVersions::new(expected_versions);
        let exposure = self.exposure.clone();
        let stamp = change(async move { exposure.delete_profile(user, profile_id, expected, origin).await }).await?;
        Ok(Response::new(DeleteProfileResponse { written_at: self.exposure.token(stamp) }))
    }

    async fn get_default_profile(
        &self,
        request: Request<GetDefaultProfileRequest>,
    ) -> Result<Response<GetDefaultProfileResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let origin = user_origin(request.metadata(), &user);
        let exposure = self.exposure.clone();
        let Stamped { value, stamp } = change(async move { exposure.get_default_profile(user, origin).await }).await?;
        let (profile, written_at) = (Some(profile::profile(value)), self.exposure.token(stamp));
        Ok(Response::new(GetDefaultProfileResponse { profile, written_at }))
    }

    async fn get_profile_yaml(
        &self,
        request: Request<GetProfileYamlRequest>,
    ) -> Result<Response<GetProfileYamlResponse>, Status> {
        let user = acting_user(&self.exposure, request.metadata()).await?;
        let GetProfileYamlRequest { profile_id, resolve_tag_names } = request.into_inner();
        let found =
            self.exposure.get_profile(&user, &profile_id, tag_names(resolve_tag_names)).await.map_err(status)?;
        let yaml = Exposure::profile_yaml(&found.profile).map_err(status)?;
        Ok(Response::new(GetProfileYamlResponse { yaml, version: found.profile.version }))
    }

    async fn create_profile_from_template(
        &self,
        request: Request<CreateProfileFromTemplateRequest>,
    ) -> Result<Response<CreateProfileFromTemplateResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let user = acting_user(&self.exposure, &metadata).await?;
        let repeatable = idempotent_request(&metadata, &user, "CreateProfileFromTemplate", &message)
            .map_err(|errors| status(Error::Invalid(errors)))?;
        let origin = user_origin(&metadata, &user);
        let CreateProfileFromTemplateRequest { template, name, validate_only } = message;
        let exposure = self.exposure.clone();
        let done = change(async move {
            exposure.create_profile_from_template(user, &template, name, validate_only, repeatable, origin).await
        })
        .await?;
        let Made { profile, created, replayed } = done.value.into();
        let written_at = self.exposure.token(done.stamp);
        Ok(Response::new(CreateProfileFromTemplateResponse { profile, created, replayed, written_at }))
    }
}
