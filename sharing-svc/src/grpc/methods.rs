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
    Method::new("/ofself.sharing.v1.AccessService/CheckAccess", ASKS, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/BatchCheckAccess", ASKS, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/GetAccessFilter", ASKS, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/ExplainAccess", LOOKS_INTO, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/ListViewers", LOOKS_INTO, MAX_QUESTION_BYTES),
    Method::new("/ofself.sharing.v1.AccessService/WatchShares", ASKS, MAX_QUESTION_BYTES).streaming(),
    Method::new("/ofself.sharing.v1.FollowSharingService/GrantFollowShare", TELLS, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.FollowSharingService/RevokeFollowShare", TELLS, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingAdminService/ListShareEvents", LOOKS_INTO, MAX_REQUEST_BYTES),
    Method::new("/ofself.sharing.v1.SharingAdminService/EraseUser", LOOKS_INTO, MAX_REQUEST_BYTES),
];
