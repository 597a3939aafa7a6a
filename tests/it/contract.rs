//! The gRPC contract holds to its own rules, and every method that is there refuses what it must.

use std::collections::HashSet;

use prost_types::DescriptorProto;
use runtime::{clock::Clock, shutdown::Shutdown};
use test_kit::Backend;
use tonic::{Code, transport::Channel};

use crate::raw_call::{call, contract as ours, methods};

#[test]
fn every_rpc_has_its_own_request_and_response() {
    let mut seen = HashSet::new();
    for file in ours() {
        for service in &file.service {
            for method in &service.method {
                for (kind, name) in [("Request", method.input_type()), ("Response", method.output_type())] {
                    assert_eq!(name, format!(".{}.{}{kind}", file.package(), method.name()));
                    assert!(seen.insert(name.to_owned()), "{name} serves two methods");
                }
            }
        }
    }
}

#[test]
fn zero_of_every_enum_is_unspecified() {
    for file in ours() {
        let nested = file.message_type.iter().flat_map(|message| message.nested_type.iter().chain([message]));
        let enums = file.enum_type.iter().chain(nested.flat_map(|message: &DescriptorProto| &message.enum_type));
        for kind in enums {
            let zero = kind.value.iter().find(|value| value.number() == 0).unwrap();
            assert!(zero.name().ends_with("_UNSPECIFIED"), "{}: {}", kind.name(), zero.name());
        }
    }
}

#[test]
fn every_service_and_method_is_documented() {
    for file in ours() {
        let comments: HashSet<_> = file
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .filter(|location| location.leading_comments.is_some())
            .map(|location| location.path.clone())
            .collect();
        for (index, service) in (0..).zip(&file.service) {
            assert!(comments.contains(&vec![6, index]), "{} has no comment", service.name());
            for (method_index, method) in (0..).zip(&service.method) {
                assert!(comments.contains(&vec![6, index, 2, method_index]), "{} has no comment", method.name());
            }
        }
    }
}

#[test]
fn every_method_has_roles() {
    let rows = [sharing_svc::grpc::METHODS, exposure_svc::grpc::METHODS].concat();
    let rows: HashSet<_> = rows.iter().map(|row| (row.path.to_owned(), row.is_stream)).collect();
    assert_eq!(methods().into_iter().collect::<HashSet<_>>(), rows);
}

/// Methods that answer an empty message, because nothing in it is required.
const TAKE_NOTHING: [&str; 20] = [
    "ListOutgoingShares",
    "ListIncomingShares",
    "ListProfiles",
    "GetDefaultProfile",
    "ListShareEvents",
    "ListProfileEvents",
    "WatchShares",
    "WatchProfiles",
    "ImportShares",
    "ListPeople",
    "ListAccessibleOwners",
    "ListConnectedApps",
    "ListTags",
    "ListHistory",
    "ListBlockedPeople",
    "ListSuggestions",
    "PreviewChange",
    "ExportMyData",
    "RequestErasure",
    "AccessAdvisorService/EraseMyData",
];
/// Services whose calls need an acting user.
const USER_FACING: [&str; 4] =
    ["SharingService", "ExposureProfileService", "AccessAdvisorService", "ExposureAdvisorService"];

#[tokio::test]
async fn every_method_rejects_missing_user_and_empty_request() {
    let (sharing, exposure) = (Backend::sqlite(), Backend::sqlite());
    let mut channels = Vec::new();
    let shutdown = Shutdown::new();
    let services = [
        sharing_svc::open(sharing_settings(&sharing), Clock::system()).await.unwrap(),
        exposure_svc::open(exposure_settings(&exposure), Clock::system()).await.unwrap(),
    ];
    for service in services {
        let url = format!("http://{}", service.address().unwrap());
        tokio::spawn(service.serve(shutdown.clone()));
        channels.push(Channel::from_shared(url).unwrap().connect().await.unwrap());
    }
    for file in ours() {
        let channel = &channels[usize::from(file.package().contains("exposure"))];
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                let code =
                    |answer: Result<(), tonic::Status>| answer.map_or_else(|status| status.code(), |()| Code::Ok);
                let nameless = code(call(channel, &path, None).await);
                let empty = code(call(channel, &path, Some("ann")).await);
                if USER_FACING.contains(&service.name()) {
                    assert_eq!(nameless, Code::Unauthenticated, "{path}");
                }
                let named = [Code::InvalidArgument, Code::NotFound];
                let takes_nothing = TAKE_NOTHING.iter().any(|name| path.ends_with(name));
                assert!(if takes_nothing { empty == Code::Ok } else { named.contains(&empty) }, "{path}: {empty:?}");
            }
        }
    }
    shutdown.begin();
}

fn sharing_settings(backend: &Backend) -> sharing_svc::config::Settings {
    settings::<sharing_svc::SharingSvc>(backend)
}

fn exposure_settings(backend: &Backend) -> exposure_svc::config::Settings {
    settings::<exposure_svc::ExposureSvc>(backend)
}

/// The settings of a service as its command line sets them.
fn settings<D: service::Definition>(backend: &Backend) -> service::Settings<D::Settings> {
    let url = backend.url();
    let arguments = [D::PROGRAM, "serve", "--listen", "127.0.0.1:0", "--database-url", &url];
    let command = service::settings::parse_from::<D>(arguments).unwrap();
    let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    settings
}
