//! Who may call what (docs/security.md), and how large a question may be.

use service_kit::grpc::{
    Method,
    Role::{self, Gateway, Operator, Service},
};

/// On behalf of the user whom the gateway names.
const FOR_A_USER: &[Role] = &[Gateway];
/// What a service asks before it shows a node, or tells; an operator may look on.
const ASKS: &[Role] = &[Service, Operator];
const TELLS: &[Role] = &[Service];
/// What explains the plane to those who keep it.
const LOOKS_INTO: &[Role] = &[Operator];

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
    Method::new("/ofself.exposure.v1.ExposureService/EvaluateNodes", ASKS, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/FilterNodes", ASKS, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.exposure.v1.ExposureService/GetExposureFilter", ASKS, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/CheckWrite", ASKS, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/ExplainExposure", LOOKS_INTO, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/PreviewProfile", ASKS, MAX_QUESTION_BYTES),
    Method::new("/ofself.exposure.v1.ExposureService/WatchProfiles", ASKS, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.exposure.v1.AppAccessService/GrantAppAccess", TELLS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/UpdateAppAccess", TELLS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/RevokeAppAccess", TELLS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/GetAppAccess", ASKS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.AppAccessService/ListAppAccess", ASKS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/UpsertTags", TELLS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/DeleteTags", TELLS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.TagDirectoryService/ResolveTags", ASKS, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdminService/ListProfileEvents", LOOKS_INTO, MAX_REQUEST_BYTES),
    Method::new("/ofself.exposure.v1.ExposureAdminService/EraseUser", LOOKS_INTO, MAX_REQUEST_BYTES),
];
