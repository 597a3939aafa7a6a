//! The method table: roles (docs/security.md) and message sizes.

use grpc_server::{
    Method,
    callers::{ADMIN, DECISION, INGEST, USER_FACING},
};

/// The maximum message size; the largest valid profile is well within it.
pub(super) const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// The maximum size of a batch: 10,000 nodes of some twenty tags with ids and names of usual length.
pub(super) const MAX_QUESTION_BYTES: usize = 16 * 1024 * 1024;

/// Every method of the contract. One that has no row is not served.
pub const METHODS: &[Method] = &[
    Method::new("/ofself.exposure.v1.ExposureProfileService/CreateProfile", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/GetProfile", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/ListProfiles", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/UpdateProfile", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/DeleteProfile", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/GetDefaultProfile", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/GetProfileYaml", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/CreateProfileFromTemplate", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/EvaluateNodes", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/FilterNodes", DECISION, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.exposure.v1.ExposureService/GetExposureFilter", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/CheckWrite", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/ExplainExposure", ADMIN, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/PreviewProfile", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/WatchProfiles", DECISION, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.exposure.v1.AppAccessService/GrantAppAccess", INGEST, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/UpdateAppAccess", INGEST, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/RevokeAppAccess", INGEST, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/GetAppAccess", DECISION, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/ListAppAccess", DECISION, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/ListConnectedApps", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/ListTags", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/ListNodeApps", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/ViewNodes", USER_FACING, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/ListHistory", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/RebindApp", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/DisconnectApp", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/StopApps", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/PreviewChange", USER_FACING, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/ListSuggestions", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/ExportMyData", USER_FACING, MAX_REQUEST_BYTES).streaming(),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/RequestErasure", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdvisorService/EraseMyData", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/UpsertTags", INGEST, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/DeleteTags", INGEST, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/ResolveTags", DECISION, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdminService/ListProfileEvents", ADMIN, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdminService/EraseUser", ADMIN, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdminService/ExportUser", ADMIN, MAX_REQUEST_BYTES).streaming(),
];
