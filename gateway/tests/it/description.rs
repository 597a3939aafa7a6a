//! The description of the API, the routes and the contract of the services behind them: three accounts of the same thing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use expect_test::expect_file;
use http::Method;
use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet};
use serde_json::Value;

use crate::test_server::{Signer, TestServer, claims};

/// The services that REST is the face of.
const FACED: [&str; 4] = ["SharingService", "ExposureProfileService", "AccessAdvisorService", "ExposureAdvisorService"];
/// Calls of one operation that asks both services, and the operations that are made of such.
const PARTS: [&str; 5] = ["ExplainNodes", "ViewNodes", "ListNodeApps", "StopSharing", "StopApps"];
const WHOLES: [&str; 2] = ["ViewAs", "StopAccess"];
/// What the messages hold that REST says otherwise: by headers, by which members are there, or not at all.
const NOT_IN_BODIES: [&str; 4] = ["validate_only", "dry_run", "version", "draft"];
/// What bodies hold beside what the messages do: read off another field, or of an earlier reference.
const BESIDE_SHARE: [&str; 1] = ["is_active"];
const BESIDE_SHARE_CHANGE: [&str; 14] = [
    "id",
    "owner_id",
    "shared_with_user_id",
    "status",
    "is_active",
    "source",
    "parent_share_id",
    "created_at",
    "updated_at",
    "revoked_at",
    "shared_by_user_id",
    "effective",
    "narrowed",
    "inactive_reason",
];
const BESIDE_PROFILE: [&str; 1] = ["yaml"];
const BESIDE_NEW_PROFILE: [&str; 1] = ["scope"];
const BESIDE_CHANGE: [&str; 9] =
    ["scope", "is_active", "is_default", "id", "owner_id", "created_at", "updated_at", "warnings", "yaml"];

async fn description(server: &TestServer) -> Value {
    let answer = server.http().send(Method::GET, "/openapi.json", &[], "").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// Every operation: its id, method and path.
fn operations(description: &Value) -> BTreeMap<String, (Method, String)> {
    let mut found = BTreeMap::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(found.insert(id, (method, path.clone())).is_none(), "two operations of one name: {operation}");
        }
    }
    found
}

fn messages() -> (BTreeSet<String>, BTreeMap<String, DescriptorProto>) {
    let set = FileDescriptorSet::decode(ofself_proto::DESCRIPTORS).unwrap();
    let ours = || set.file.iter().filter(|file| file.package().starts_with("ofself."));
    let faced = ours().flat_map(|file| &file.service).filter(|service| FACED.contains(&service.name()));
    let methods = faced.flat_map(|service| &service.method).map(|method| method.name().to_owned()).collect();
    let messages = ours().flat_map(|file| &file.message_type);
    (methods, messages.map(|message| (message.name().to_owned(), message.clone())).collect())
}

fn members(description: &Value, schema: &str) -> BTreeSet<String> {
    let properties = description["components"]["schemas"][schema]["properties"].as_object();
    properties.unwrap_or_else(|| panic!("no schema {schema}")).keys().cloned().collect()
}

fn fields(messages: &BTreeMap<String, DescriptorProto>, of: &[&str], beside: &[&str]) -> BTreeSet<String> {
    let named = of.iter().flat_map(|name| &messages[*name].field).map(|field| field.name().to_owned());
    let named = named.filter(|name| !NOT_IN_BODIES.contains(&name.as_str()));
    named.chain(beside.iter().map(|name| (*name).to_owned())).collect()
}

#[tokio::test]
async fn unknown_query_parameter_of_every_operation_is_400() {
    let signer = Signer::ed25519();
    let server = TestServer::with_pem(&signer).await;
    let authorization = format!("Bearer {}", signer.sign(None, &claims()));
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let description = description(&server).await;
    for (name, (method, path)) in operations(&description) {
        if !path.starts_with("/api/") {
            continue;
        }
        let operation = &description["paths"][&path][method.as_str().to_lowercase()];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let known = parameters.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] != true);
        let known: Vec<_> = known.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let path = path
            .replace("{share_id}", "x")
            .replace("{profile_id}", "x")
            .replace("{app_id}", "x")
            .replace("{user_id}", "x");
        let ask = async |query: &str| {
            let answer = server.http().send(method.clone(), &format!("{path}?{query}"), &headers, "{}").await.unwrap();
            (answer.status.as_u16(), answer.json()["errors"].clone())
        };
        for unknown in ["validateOnly", "isActive", "Limit", "x-y", "limit[]", "%C3%A9"] {
            let (status, errors) = ask(&format!("{unknown}=true")).await;
            assert_eq!(status, 400, "{name}?{unknown}");
            let message = serde_json::json!(["is not a query parameter of this endpoint"]);
            assert_eq!(errors[unknown.replace("%C3%A9", "é")], message, "{name}?{unknown}: {errors}");
        }
        // Each known one that may be absent is accepted empty, as the published client sends it.
        for known in known {
            let (_, errors) = ask(&format!("{known}=")).await;
            assert!(errors[known].is_null(), "{name}?{known}=: {errors}");
        }
    }
}

#[tokio::test]
async fn every_user_facing_rpc_is_one_rest_operation() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    let description = description(&server).await;
    let mut operations = operations(&description);
    for probe in ["Healthz", "Readyz"] {
        let (method, path) = operations.remove(probe).unwrap();
        assert_ne!(server.http().send(method, &path, &[], "").await.unwrap().status, 404);
    }
    let (methods, _) = messages();
    let expected =
        methods.into_iter().filter(|method| !PARTS.contains(&method.as_str())).chain(WHOLES.map(str::to_owned));
    assert_eq!(operations.keys().cloned().collect::<BTreeSet<_>>(), expected.collect());
    for (name, (method, path)) in operations {
        let path = path
            .replace("{share_id}", "x")
            .replace("{profile_id}", "x")
            .replace("{app_id}", "x")
            .replace("{user_id}", "x");
        let answer = server.http().send(method, &path, &[], "").await.unwrap();
        assert_eq!(answer.status, 401, "{name} is served, but not without a token");
    }
}

#[tokio::test]
async fn bodies_have_the_fields_of_their_messages() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    let description = description(&server).await;
    let (_, messages) = messages();
    for (schema, of, beside) in [
        ("NewShare", &["CreateShareRequest"][..], &[][..]),
        ("ShareChange", &["ShareChanges"], &BESIDE_SHARE_CHANGE),
        ("Share", &["Share"], &BESIDE_SHARE),
        ("NewProfile", &["ProfileDraft"], &BESIDE_NEW_PROFILE),
        ("ProfileChange", &["ProfileDraft"], &BESIDE_CHANGE),
        ("Profile", &["Profile", "ProfileDraft"], &BESIDE_PROFILE),
        ("ProfileFromTemplate", &["CreateProfileFromTemplateRequest"], &[]),
        ("TagFilters", &["TagFilters"], &[]),
        ("TagPermissions", &["TagPermissions"], &[]),
        ("NewTagGrant", &["TagGrant"], &[]),
        ("SchemaPermissions", &["SchemaPermissions"], &[]),
        ("SchemaGrant", &["SchemaGrant"], &[]),
        ("Warning", &["Warning"], &[]),
        ("PersonAccess", &["PersonAccess"], &[]),
        ("AccessibleOwner", &["AccessibleOwner"], &[]),
    ] {
        assert_eq!(members(&description, schema), fields(&messages, of, beside), "{schema}");
    }
}

#[tokio::test]
async fn documentation_page_loads_nothing_from_other_hosts() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    let get = async |path: &str| server.http().send(Method::GET, path, &[], "").await.unwrap();
    let page = get("/docs").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert!(!text.contains("://"), "the page names another host");
    let parts: Vec<_> = text.split('"').filter(|part| part.starts_with("/docs/")).collect();
    assert_eq!(parts.len(), 4);
    for part in parts {
        let answer = get(part).await;
        assert_eq!(answer.status, 200, "{part}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{part}: {policy}");
    }
    assert_eq!(get("/docs/made-up.js").await.status, 404);
}

/// A line for each answer of each operation: its status, its codes, its headers.
fn answers(description: &Value) -> String {
    let resolve = |answer: &Value| match answer["$ref"].as_str() {
        Some(reference) => description.pointer(reference.trim_start_matches('#')).unwrap().clone(),
        None => answer.clone(),
    };
    let mut text = String::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            writeln!(text, "{} {path}", method.to_uppercase()).unwrap();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                writeln!(
                    text,
                    "  takes {} in {}",
                    parameter["name"].as_str().unwrap(),
                    parameter["in"].as_str().unwrap()
                )
                .unwrap();
            }
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let answer = resolve(answer);
                let keys =
                    |value: &Value| value.as_object().map(|found| found.keys().cloned().collect()).unwrap_or_default();
                let codes: Vec<String> = keys(&answer["content"]["application/json"]["examples"]);
                let headers: Vec<String> = keys(&answer["headers"]);
                let mut line = format!("  {status} {}", codes.join(" "));
                if !headers.is_empty() {
                    line = format!("{} [{}]", line.trim_end(), headers.join(" "));
                }
                writeln!(text, "{}", line.trim_end()).unwrap();
            }
        }
    }
    text
}

#[tokio::test]
async fn every_response_of_every_operation_is_described() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    expect_file!["../cases/answers.txt"].assert_eq(&answers(&description(&server).await));
}

#[tokio::test]
async fn every_error_code_has_an_example() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    let described = answers(&description(&server).await);
    for code in description(&server).await["components"]["schemas"]["ErrorCode"]["enum"].as_array().unwrap() {
        let code = code.as_str().unwrap();
        // Requests that follow the description do not get these.
        if !["NOT_FOUND", "METHOD_NOT_ALLOWED"].contains(&code) {
            assert!(described.split_whitespace().any(|word| word == code), "no operation answers {code}");
        }
    }
}

#[tokio::test]
async fn every_reference_resolves() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    let description = description(&server).await;
    let text = description.to_string();
    let references: BTreeSet<_> =
        text.split(r##""$ref":"#"##).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        assert!(description.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_operation_describes_a_wrong_request() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    let description = description(&server).await;
    for (id, (method, path)) in operations(&description) {
        // An unknown query parameter is an error of every path of the API.
        let responses = &description["paths"][&path][method.as_str().to_lowercase()]["responses"];
        assert!(!path.starts_with("/api/") || responses.get("400").is_some(), "{id} may answer 400");
    }
}
