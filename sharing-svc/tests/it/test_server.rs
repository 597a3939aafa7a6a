//! A service on a stage: over a database of the test's own, by a clock that the test moves.

use std::time::Duration;

use admission::AdmissionSettings;
use grpc_server::{GrpcSettings, rpc_error::RpcError};
use ofself_proto::sharing::{
    Action, CheckAccessRequest, CreateShareRequest, CreateShareResponse, GetShareRequest, Node, Resource,
    RevokeShareRequest, Share, ShareChanges, ShareScope, ShareStatus, UpdateShareRequest,
    access_service_client::AccessServiceClient, follow_sharing_service_client::FollowSharingServiceClient, resource,
    sharing_admin_service_client::SharingAdminServiceClient, sharing_service_client::SharingServiceClient,
};
use persistence::{Database, DatabaseSettings, feed::FeedHub, retention::RetentionSettings};
use prost_types::{FieldMask, Timestamp as ProtoTimestamp};
use runtime::{
    clock::{Clock, ManualClock},
    settings::FileSettings,
    shutdown::{Shutdown, ShutdownSettings},
};
use service::ServiceSettings;
use sharing_svc::{
    config::{QuotaSettings, Settings},
    domain::UserId,
    storage::{SCHEMA, Store},
};
use telemetry::TelemetrySettings;
use test_kit::Backend;
use tonic::{Request, Status, metadata::AsciiMetadataValue, transport::Channel};
use types::Timestamp;

/// When every test begins: 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;

/// A running service.
pub struct TestServer {
    pub channel: Channel,
    manual_clock: ManualClock,
    shutdown: Shutdown,
    serving: tokio::task::JoinHandle<anyhow::Result<()>>,
}

/// Room for whatever the tests send at once.
fn roomy() -> AdmissionSettings {
    AdmissionSettings { max_in_flight: Some(4096), ..AdmissionSettings::default() }
}

pub fn settings(url: String) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        own: QuotaSettings::default(),
        service: ServiceSettings {
            file: FileSettings { config: None },
            database: DatabaseSettings {
                database_url: url.into(),
                database_connections: 8,
                database_wait: Duration::from_secs(20),
            },
            grpc: GrpcSettings { deadline: Duration::from_secs(30), load: roomy(), ..GrpcSettings::default() },
            end: ShutdownSettings { drain: Duration::from_secs(1), lame_duck: Duration::ZERO },
            telemetry: TelemetrySettings::default(),
            retention: RetentionSettings::default(),
            no_migrate: false,
        },
    }
}

impl TestServer {
    pub async fn start(backend: &Backend) -> Self {
        Self::start_as(settings(backend.url())).await
    }

    /// With settings of the test's own.
    pub async fn start_as(settings: Settings) -> Self {
        let (clock, manual_clock) = Clock::manual(Timestamp::from_parts(START, 0).unwrap());
        let service = sharing_svc::open(settings, clock).await.unwrap();
        let url = format!("http://{}", service.address().unwrap());
        let readiness = service.readiness();
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(service.serve(shutdown.clone()));
        while !readiness.is_ready() {
            tokio::task::yield_now().await;
        }
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        Self { channel, manual_clock, shutdown, serving }
    }

    /// Ends the service and waits until it has.
    pub async fn stop(self) {
        drop(self.channel);
        self.shutdown.begin();
        self.serving.await.unwrap().unwrap();
    }

    /// Puts the clock to so many seconds after the start.
    pub fn at(&self, seconds: i64) {
        self.manual_clock.set(Timestamp::from_parts(START + seconds, 0).unwrap());
    }

    pub fn client(&self) -> SharingServiceClient<Channel> {
        SharingServiceClient::new(self.channel.clone())
    }

    pub fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel.clone())
    }

    pub fn follows(&self) -> FollowSharingServiceClient<Channel> {
        FollowSharingServiceClient::new(self.channel.clone())
    }

    pub fn admin(&self) -> SharingAdminServiceClient<Channel> {
        SharingAdminServiceClient::new(self.channel.clone())
    }

    pub async fn create(&self, user: &str, request: CreateShareRequest) -> Result<Share, Status> {
        Ok(self.create_as(user, None, request).await?.share.unwrap())
    }

    pub async fn create_as(
        &self,
        user: &str,
        key: Option<&str>,
        request: CreateShareRequest,
    ) -> Result<CreateShareResponse, Status> {
        let mut request = by(user, request);
        if let Some(key) = key {
            request.metadata_mut().insert("idempotency-key", AsciiMetadataValue::try_from(key).unwrap());
        }
        Ok(self.client().create_share(request).await?.into_inner())
    }

    pub async fn get(&self, user: &str, id: &str) -> Result<Share, Status> {
        let request = by(user, GetShareRequest { share_id: id.to_owned() });
        Ok(self.client().get_share(request).await?.into_inner().share.unwrap())
    }

    /// Whether `viewer` may read a node of Ann's with these tags.
    pub async fn may_read(&self, viewer: &str, tags: &[&str]) -> bool {
        let node =
            Node { id: "n".into(), tag_ids: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..Node::default() };
        let request = CheckAccessRequest {
            viewer_id: viewer.into(),
            owner_id: "ann".into(),
            action: Action::Read.into(),
            resource: Some(Resource { resource: Some(resource::Resource::Node(node)) }),
            consistency: None,
        };
        self.access().check_access(request).await.unwrap().into_inner().allowed
    }

    pub async fn status(&self, user: &str, id: &str) -> ShareStatus {
        self.get(user, id).await.unwrap().status()
    }

    pub async fn update(&self, user: &str, id: &str, share: ShareChanges, mask: &[&str]) -> Result<Share, Status> {
        self.update_at(user, id, share, mask, Vec::new()).await
    }

    pub async fn update_at(
        &self,
        user: &str,
        id: &str,
        share: ShareChanges,
        mask: &[&str],
        expected_versions: Vec<i64>,
    ) -> Result<Share, Status> {
        let paths = mask.iter().map(ToString::to_string).collect();
        let request = UpdateShareRequest {
            share_id: id.to_owned(),
            share: Some(share),
            update_mask: Some(FieldMask { paths }),
            expected_versions,
            validate_only: false,
            dry_run: false,
        };
        Ok(self.client().update_share(by(user, request)).await?.into_inner().share.unwrap())
    }

    pub async fn revoke(&self, user: &str, id: &str) -> Result<Share, Status> {
        let request = by(user, RevokeShareRequest { share_id: id.to_owned(), expected_versions: Vec::new() });
        Ok(self.client().revoke_share(request).await?.into_inner().share.unwrap())
    }
}

/// The store of a running service, for what no RPC shows.
pub async fn store(backend: &Backend) -> Store {
    let database = Database::connect(&settings(backend.url()).service.database, SCHEMA).await.unwrap();
    database.open_feed().await.unwrap();
    let feed = FeedHub::start(database.clone()).await.unwrap();
    Store::new(database, feed, persistence::StoredBytes::UNLIMITED)
}

/// A person.
pub fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// A request on behalf of a user.
pub fn by<T>(user: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::try_from(user).unwrap());
    request
}

/// A share of everything.
pub fn everything_to(recipient: &str) -> CreateShareRequest {
    CreateShareRequest {
        shared_with_user_id: recipient.to_owned(),
        scope: ShareScope::All.into(),
        ..CreateShareRequest::default()
    }
}

/// A share of some tags.
pub fn tags_to(recipient: &str, tags: &[&str]) -> CreateShareRequest {
    CreateShareRequest {
        scope: ShareScope::SpecificTags.into(),
        tag_ids: tags.iter().map(ToString::to_string).collect(),
        ..everything_to(recipient)
    }
}

/// A share that may be passed on.
pub fn passable(request: CreateShareRequest) -> CreateShareRequest {
    CreateShareRequest { can_share: Some(true), ..request }
}

/// A share passed on.
pub fn of(parent: &Share, request: CreateShareRequest) -> CreateShareRequest {
    CreateShareRequest { parent_share_id: Some(parent.id.clone()), ..request }
}

/// So many seconds after the start.
#[expect(clippy::unnecessary_wraps, reason = "messages hold it so")]
pub fn after(seconds: i64) -> Option<ProtoTimestamp> {
    Some(ProtoTimestamp { seconds: START + seconds, nanos: 0 })
}

/// Why a call was refused: the reason, or the names of the wrong fields.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let refusal = RpcError::from_status(&answer.unwrap_err()).expect("a refusal with its details");
    if refusal.fields.is_empty() {
        refusal.reason
    } else {
        refusal.fields.iter().map(|(path, _)| path).collect::<Vec<_>>().join(" ")
    }
}
