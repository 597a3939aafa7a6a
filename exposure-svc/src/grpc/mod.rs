//! The gRPC services. The only module that uses tonic and the generated code.

mod acting_user;
mod admin_service;
mod app_access_service;
mod change;
mod convert;
mod counts;
mod exposure_advisor_service;
mod exposure_profile_service;
mod exposure_service;
mod filtering;
mod methods;
mod status;
mod tag_directory_service;

use ofself_proto::exposure::{
    app_access_service_server::AppAccessServiceServer, exposure_admin_service_server::ExposureAdminServiceServer,
    exposure_advisor_service_server::ExposureAdvisorServiceServer,
    exposure_profile_service_server::ExposureProfileServiceServer, exposure_service_server::ExposureServiceServer,
    tag_directory_service_server::TagDirectoryServiceServer,
};
use tonic::{server::NamedService, service::Routes};

use self::methods::{MAX_QUESTION_BYTES, MAX_REQUEST_BYTES};
pub use self::{methods::METHODS, status::DOMAIN};
use crate::operations::Exposure;

type UserFacing = ExposureProfileServiceServer<exposure_profile_service::ExposureProfileRpc>;
type Decisions = ExposureServiceServer<exposure_service::ExposureRpc>;
type Access = AppAccessServiceServer<app_access_service::AppAccessRpc>;
type Advisor = ExposureAdvisorServiceServer<exposure_advisor_service::ExposureAdvisorRpc>;
type Admin = ExposureAdminServiceServer<admin_service::ExposureAdminRpc>;
type Tags = TagDirectoryServiceServer<tag_directory_service::TagDirectoryRpc>;

/// The full names of the services that are served.
pub fn services() -> Vec<&'static str> {
    vec![
        <UserFacing as NamedService>::NAME,
        <Decisions as NamedService>::NAME,
        <Access as NamedService>::NAME,
        <Advisor as NamedService>::NAME,
        <Tags as NamedService>::NAME,
        <Admin as NamedService>::NAME,
    ]
}

/// The services of the contract.
pub fn contract() -> Vec<&'static str> {
    services()
}

/// The services of `exposure`. Other methods of the contract return UNIMPLEMENTED.
pub fn routes(exposure: &Exposure) -> Routes {
    counts::describe();
    let user_facing = UserFacing::new(exposure_profile_service::ExposureProfileRpc::new(exposure.clone()));
    let decisions = Decisions::new(exposure_service::ExposureRpc::new(exposure.clone()));
    let access = Access::new(app_access_service::AppAccessRpc::new(exposure.clone()));
    let advisor = Advisor::new(exposure_advisor_service::ExposureAdvisorRpc::new(exposure.clone()));
    let tags = Tags::new(tag_directory_service::TagDirectoryRpc::new(exposure.clone()));
    let admin = Admin::new(admin_service::ExposureAdminRpc::new(exposure.clone()));
    Routes::new(user_facing.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(decisions.max_decoding_message_size(MAX_QUESTION_BYTES))
        .add_service(access.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(advisor.max_decoding_message_size(MAX_QUESTION_BYTES))
        .add_service(tags.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(admin.max_decoding_message_size(MAX_REQUEST_BYTES))
}
