//! Who may call what, by real calls with real certificates.

use std::fmt::Write;

use expect_test::expect_file;
use grpc_server::rpc_error::RpcError;
use tonic::{Code, Status, transport::Channel};

use super::plane::SecurePlane;
use crate::raw_call::{call, methods};

/// What every service answers beside its own methods.
const BESIDE: [&str; 4] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

fn is_for_others(answer: &Result<(), Status>) -> bool {
    answer.as_ref().is_err_and(|status| {
        let reason = RpcError::from_status(status).map(|refusal| refusal.reason);
        status.code() == Code::PermissionDenied && reason.as_deref() == Some("ROLE_REQUIRED")
    })
}

async fn channels(plane: &SecurePlane, certificate: &super::plane::ClientCertificate) -> [Channel; 2] {
    [certificate.connect(&plane.sharing).await.unwrap(), certificate.connect(&plane.exposure).await.unwrap()]
}

fn all_methods() -> Vec<String> {
    BESIDE.map(str::to_owned).into_iter().chain(methods().into_iter().map(|(path, _)| path)).collect()
}

#[tokio::test]
async fn role_table_matches_the_services() {
    let plane = SecurePlane::start().await;
    let callers = [
        ("gateway", plane.certificate("gateway")),
        ("service", plane.certificate("service")),
        ("operator", plane.certificate("operator")),
        ("no role", plane.stranger_certificate()),
    ];
    let mut table = format!("{:78}", "May call");
    for (name, _) in &callers {
        write!(table, "{name:10}").unwrap();
    }
    let mut rows: Vec<String> =
        all_methods().iter().map(|path| format!("{:78}", path.trim_start_matches('/'))).collect();
    for (name, certificate) in &callers {
        let channels = channels(&plane, certificate).await;
        let user = (*name == "gateway").then_some("ann");
        for (row, path) in rows.iter_mut().zip(all_methods()) {
            let answer = call(&channels[usize::from(path.contains("exposure"))], &path, user).await;
            write!(row, "{:10}", if is_for_others(&answer) { "-" } else { "yes" }).unwrap();
        }
    }
    rows.insert(0, table);
    let table = rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n") + "\n";
    expect_file!["../../../docs/who-may-call-what.txt"].assert_eq(&table);
}

#[tokio::test]
async fn only_the_gateway_names_a_user() {
    let plane = SecurePlane::start().await;
    for certificate in [plane.certificate("service"), plane.certificate("operator"), plane.stranger_certificate()] {
        let channels = channels(&plane, &certificate).await;
        for path in all_methods() {
            let answer = call(&channels[usize::from(path.contains("exposure"))], &path, Some("ann")).await;
            assert!(is_for_others(&answer), "{path}: {answer:?}");
        }
    }
    let [sharing, _] = channels(&plane, &plane.certificate("gateway")).await;
    let nameless = call(&sharing, "/ofself.sharing.v1.SharingService/ListOutgoingShares", None).await;
    assert_eq!(nameless.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn certificate_needs_exactly_one_spiffe_id() {
    let plane = SecurePlane::start().await;
    let gateway = "spiffe://ofself.local/gateway";
    for ids in [&[][..], &[gateway, "spiffe://ofself.local/operator"]] {
        let [sharing, _] = channels(&plane, &plane.certificate_with_ids(ids)).await;
        let answer = call(&sharing, "/ofself.sharing.v1.SharingService/ListOutgoingShares", Some("ann")).await;
        assert!(is_for_others(&answer), "{ids:?}: {answer:?}");
    }
    let [sharing, _] = channels(&plane, &plane.certificate_with_ids(&[gateway])).await;
    call(&sharing, "/ofself.sharing.v1.SharingService/ListOutgoingShares", Some("ann")).await.unwrap();
}

#[tokio::test]
async fn wrong_role_error_names_both_sides() {
    let plane = SecurePlane::start().await;
    let list = "/ofself.sharing.v1.SharingService/ListOutgoingShares";
    for (certificate, path, message, metadata) in [
        (
            plane.certificate("service"),
            list,
            "this method needs the role gateway; spiffe://ofself.local/service has the role service",
            ["gateway", "spiffe://ofself.local/service", "service"],
        ),
        (
            plane.certificate("gateway"),
            "/ofself.sharing.v1.AccessService/CheckAccess",
            "this method needs the role service or operator; spiffe://ofself.local/gateway has the role gateway",
            ["service,operator", "spiffe://ofself.local/gateway", "gateway"],
        ),
        (
            plane.stranger_certificate(),
            list,
            "this method needs the role gateway; spiffe://strangers.local/gateway has no role",
            ["gateway", "spiffe://strangers.local/gateway", ""],
        ),
        (
            plane.certificate_with_ids(&[]),
            list,
            "this method needs the role gateway; a certificate without a SPIFFE id has no role",
            ["gateway", "a certificate without a SPIFFE id", ""],
        ),
    ] {
        let [sharing, _] = channels(&plane, &certificate).await;
        let status = call(&sharing, path, None).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::PermissionDenied, message));
        let found = RpcError::from_status(&status).unwrap().metadata;
        assert_eq!(["roles", "caller", "caller_roles"].map(|key| found[key].as_str()), metadata);
    }
    let [sharing, _] = channels(&plane, &plane.certificate("operator")).await;
    let status = call(&sharing, list, Some("ann")).await.unwrap_err();
    let message = "acting for a user needs the role gateway; spiffe://ofself.local/operator has the role operator";
    assert_eq!(status.message(), message);
}

/// CVE-2026-33186: a path that a router takes for a method, and the guard before it does not.
#[tokio::test]
async fn path_must_match_a_method_exactly() {
    let plane = SecurePlane::start().await;
    let [sharing, _] = channels(&plane, &plane.certificate("service")).await;
    for path in [
        "/ofself.sharing.v1.SharingService/ListOutgoingShares/",
        "//ofself.sharing.v1.SharingService/ListOutgoingShares",
        "/ofself.sharing.v1.SharingService//ListOutgoingShares",
        "/ofself.sharing.v1.SharingService/%4cistOutgoingShares",
        "/ofself.sharing.v1.sharingservice/ListOutgoingShares",
        "/ofself.sharing.v1.SharingService/listoutgoingshares",
        "/ofself.sharing.v1.AccessService/../ofself.sharing.v1.SharingService/ListOutgoingShares",
        "/ofself.sharing.v1.SharingService/",
        "/ofself.sharing.v1.SharingService/NoSuchMethod",
        "/",
    ] {
        let answer = call(&sharing, path, None).await;
        assert_eq!(answer.unwrap_err().code(), Code::Unimplemented, "{path}");
    }
}
