//! The method table: roles (docs/security.md) and message sizes.

use grpc_server::{
    Method,
    callers::{ADMIN, DECISION, INGEST, USER_FACING},
};

/// The maximum message size: a share with a full list of the longest ids is well within it.
pub(super) const MAX_REQUEST_BYTES: usize = 1024 * 1024;
/// The maximum size of a batch: 10,000 nodes of some twenty ids of usual length.
pub(super) const MAX_QUESTION_BYTES: usize = 16 * 1024 * 1024;

/// Every method of the contract. One that has no row is not served.
pub const METHODS: &[Method] = &[
    Method::new("/ofself.sharing.v1.SharingService/CreateShare", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/GetShare", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/ListOutgoingShares", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/ListIncomingShares", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/UpdateShare", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/RevokeShare", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/CheckAccess", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/BatchCheckAccess", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/BatchCheck", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/ListOwners", DECISION, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/GetAccessFilter", DECISION, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/ExplainAccess", ADMIN, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/ListViewers", ADMIN, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/WatchShares", DECISION, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ListPeople", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ListNodeViewers", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ExplainNodes", USER_FACING, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ListAccessibleOwners", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ListHistory", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/LeaveShare", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/StopSharing", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/BlockPerson", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/UnblockPerson", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ListBlockedPeople", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ListSuggestions", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/ExportMyData", USER_FACING, MAX_REQUEST_BYTES).streaming(),
    Method::new("/ofself.sharing.v1.AccessAdvisorService/EraseMyData", USER_FACING, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.FollowSharingService/GrantFollowShare", INGEST, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.FollowSharingService/RevokeFollowShare", INGEST, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingAdminService/ListShareEvents", ADMIN, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingAdminService/EraseUser", ADMIN, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingAdminService/ExportUser", ADMIN, MAX_REQUEST_BYTES).streaming(),
    Method::new("/ofself.sharing.v1.SharingAdminService/ImportShares", ADMIN, MAX_QUESTION_BYTES).streaming(),
];
