//! The gRPC services. The only module that uses tonic and the generated code.

mod access_advisor_service;
mod access_service;
mod acting_user;
mod admin_service;
mod change;
mod convert;
mod counts;
mod follow_sharing_service;
mod methods;
mod sharing_service;
mod status;

use ofself_proto::sharing::{
    access_advisor_service_server::AccessAdvisorServiceServer, access_service_server::AccessServiceServer,
    follow_sharing_service_server::FollowSharingServiceServer, sharing_admin_service_server::SharingAdminServiceServer,
    sharing_service_server::SharingServiceServer,
};
use tonic::{server::NamedService, service::Routes};

use self::methods::{MAX_QUESTION_BYTES, MAX_REQUEST_BYTES};
pub use self::{methods::METHODS, status::DOMAIN};
use crate::operations::Sharing;

type UserFacing = SharingServiceServer<sharing_service::SharingRpc>;
type Access = AccessServiceServer<access_service::AccessRpc>;
type Advisor = AccessAdvisorServiceServer<access_advisor_service::AccessAdvisorRpc>;
type Admin = SharingAdminServiceServer<admin_service::SharingAdminRpc>;
type Follows = FollowSharingServiceServer<follow_sharing_service::FollowSharingRpc>;

/// The full names of the services that are served.
pub fn services() -> Vec<&'static str> {
    vec![
        <UserFacing as NamedService>::NAME,
        <Access as NamedService>::NAME,
        <Advisor as NamedService>::NAME,
        <Follows as NamedService>::NAME,
        <Admin as NamedService>::NAME,
    ]
}

/// The services of the contract.
pub fn contract() -> Vec<&'static str> {
    services()
}

/// The services of `sharing`. Other methods of the contract return UNIMPLEMENTED.
pub fn routes(sharing: &Sharing) -> Routes {
    counts::describe();
    let user_facing = UserFacing::new(sharing_service::SharingRpc::new(sharing.clone()));
    let access = Access::new(access_service::AccessRpc::new(sharing.clone()));
    let advisor = Advisor::new(access_advisor_service::AccessAdvisorRpc::new(sharing.clone()));
    let follows = Follows::new(follow_sharing_service::FollowSharingRpc::new(sharing.clone()));
    let admin = Admin::new(admin_service::SharingAdminRpc::new(sharing.clone()));
    Routes::new(user_facing.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(access.max_decoding_message_size(MAX_QUESTION_BYTES))
        .add_service(advisor.max_decoding_message_size(MAX_QUESTION_BYTES))
        .add_service(follows.max_decoding_message_size(MAX_REQUEST_BYTES))
        .add_service(admin.max_decoding_message_size(MAX_QUESTION_BYTES))
}
