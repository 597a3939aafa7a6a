//! Who may call what (docs/security.md), and how large a question may be.

use grpc_server::{
    Method,
    callers::{ASK, EXPLAIN, FOR_A_USER, TELL},
};

/// The largest message that is taken: a share with a full list of the longest ids is well within it.
pub(super) const MAX_REQUEST_BYTES: usize = 1024 * 1024;
/// The largest question that is taken: 10,000 nodes of some twenty ids of the usual length.
pub(super) const MAX_QUESTION_BYTES: usize = 16 * 1024 * 1024;

/// Every method of the contract. One that has no row is not served.
pub const METHODS: &[Method] = &[
    Method::new("/ofself.sharing.v1.SharingService/CreateShare", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/GetShare", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/ListOutgoingShares", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/ListIncomingShares", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/UpdateShare", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingService/RevokeShare", FOR_A_USER, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/CheckAccess", ASK, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/BatchCheckAccess", ASK, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/GetAccessFilter", ASK, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/ExplainAccess", EXPLAIN, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/ListViewers", EXPLAIN, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/WatchShares", ASK, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.sharing.v1.FollowSharingService/GrantFollowShare", TELL, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.FollowSharingService/RevokeFollowShare", TELL, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingAdminService/ListShareEvents", EXPLAIN, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingAdminService/EraseUser", EXPLAIN, MAX_REQUEST_BYTES),
];
