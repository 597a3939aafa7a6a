//! Who may call what (docs/security.md), and how large a question may be.

use grpc_server::{
    Method,
    callers::{ASK, EXPLAIN, FOR_A_USER, TELL},
};

/// The largest message that is taken; the largest profile that the rules take is well within it.
pub(super) const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// The largest question that is taken: 10,000 nodes of some twenty tags with ids and names of the usual length.
pub(super) const MAX_QUESTION_BYTES: usize = 16 * 1024 * 1024;

/// Every method of the contract. One that has no row is not served.
pub const METHODS: &[Method] = &[
    Method::new("/ofself.exposure.v1.ExposureProfileService/CreateProfile", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/GetProfile", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/ListProfiles", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/UpdateProfile", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/DeleteProfile", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/GetDefaultProfile", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/GetProfileYaml", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureProfileService/CreateProfileFromTemplate", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/EvaluateNodes", ASK, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/FilterNodes", ASK, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.exposure.v1.ExposureService/GetExposureFilter", ASK, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/CheckWrite", ASK, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/ExplainExposure", EXPLAIN, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/PreviewProfile", ASK, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/WatchProfiles", ASK, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.exposure.v1.AppAccessService/GrantAppAccess", TELL, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/UpdateAppAccess", TELL, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/RevokeAppAccess", TELL, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/GetAppAccess", ASK, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/ListAppAccess", ASK, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/UpsertTags", TELL, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/DeleteTags", TELL, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/ResolveTags", ASK, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdminService/ListProfileEvents", EXPLAIN, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdminService/EraseUser", EXPLAIN, MAX_REQUEST_BYTES),
];
