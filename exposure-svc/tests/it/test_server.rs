//! A service on a stage: over a database of the test's own, by a clock that the test moves.

use std::time::Duration;

use admission::AdmissionSettings;
use exposure_svc::{
    config::Settings,
    storage::{SCHEMA, Store},
};
use grpc_server::{GrpcSettings, rpc_error::RpcError};
use ofself_proto::exposure::{
    AppAccess, AppTier, CreateProfileRequest, CreateProfileResponse, DeleteProfileRequest, DetailLevel,
    GetDefaultProfileRequest, GetProfileRequest, GetProfileResponse, GrantAppAccessRequest, Profile, ProfileDraft,
    SchemaGrant, SchemaPermissions, Tag, TagExpression, TagFilters, TagGrant, TagPermissions, TagsLogic,
    UpdateProfileRequest, UpsertTagsRequest,
    app_access_service_client::AppAccessServiceClient,
    exposure_admin_service_client::ExposureAdminServiceClient,
    exposure_profile_service_client::ExposureProfileServiceClient,
    exposure_service_client::ExposureServiceClient,
    tag_directory_service_client::TagDirectoryServiceClient,
    tag_expression::{Expression, Op, Operation},
};
use persistence::{Database, DatabaseSettings, feed::FeedHub, retention::RetentionSettings};
use prost_types::{FieldMask, Timestamp as ProtoTimestamp};
use runtime::{
    clock::{Clock, ManualClock},
    settings::FileSettings,
    shutdown::{Shutdown, ShutdownSettings},
};
use service::ServiceSettings;
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

impl TestServer {
    pub async fn start(backend: &Backend) -> Self {
        Self::start_as(settings(backend.url())).await
    }

    /// Starts with other settings.
    pub async fn start_as(settings: Settings) -> Self {
        let (clock, manual_clock) = Clock::manual(Timestamp::from_parts(START, 0).unwrap());
        let service = exposure_svc::open(settings, clock).await.unwrap();
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

    pub fn client(&self) -> ExposureProfileServiceClient<Channel> {
        ExposureProfileServiceClient::new(self.channel.clone())
    }

    pub fn decisions(&self) -> ExposureServiceClient<Channel> {
        ExposureServiceClient::new(self.channel.clone())
    }

    pub fn access(&self) -> AppAccessServiceClient<Channel> {
        AppAccessServiceClient::new(self.channel.clone())
    }

    pub fn tags(&self) -> TagDirectoryServiceClient<Channel> {
        TagDirectoryServiceClient::new(self.channel.clone())
    }

    pub fn admin(&self) -> ExposureAdminServiceClient<Channel> {
        ExposureAdminServiceClient::new(self.channel.clone())
    }

    pub async fn create(&self, user: &str, draft: ProfileDraft) -> Result<Profile, Status> {
        Ok(self.create_as(user, None, draft).await?.profile.unwrap())
    }

    pub async fn create_as(
        &self,
        user: &str,
        key: Option<&str>,
        draft: ProfileDraft,
    ) -> Result<CreateProfileResponse, Status> {
        let mut request = by(user, CreateProfileRequest { profile: Some(draft), validate_only: false, dry_run: false });
        if let Some(key) = key {
            request.metadata_mut().insert("idempotency-key", AsciiMetadataValue::try_from(key).unwrap());
        }
        Ok(self.client().create_profile(request).await?.into_inner())
    }

    pub async fn get(&self, user: &str, id: &str) -> Result<Profile, Status> {
        Ok(self.get_with(user, id, true).await?.profile.unwrap())
    }

    pub async fn get_with(&self, user: &str, id: &str, resolve_tag_names: bool) -> Result<GetProfileResponse, Status> {
        let request = GetProfileRequest { profile_id: id.to_owned(), include_yaml: true, resolve_tag_names };
        Ok(self.client().get_profile(by(user, request)).await?.into_inner())
    }

    pub async fn default(&self, user: &str) -> Profile {
        let answer = self.client().get_default_profile(by(user, GetDefaultProfileRequest {})).await.unwrap();
        answer.into_inner().profile.unwrap()
    }

    pub async fn update(&self, user: &str, id: &str, draft: ProfileDraft, mask: &[&str]) -> Result<Profile, Status> {
        let request = UpdateProfileRequest { profile: Some(draft), ..update_of(id, mask) };
        Ok(self.client().update_profile(by(user, request)).await?.into_inner().profile.unwrap())
    }

    pub async fn make_default(&self, user: &str, id: &str, is_default: bool) -> Result<Profile, Status> {
        let request = UpdateProfileRequest { is_default: Some(is_default), ..update_of(id, &["is_default"]) };
        Ok(self.client().update_profile(by(user, request)).await?.into_inner().profile.unwrap())
    }

    pub async fn delete(&self, user: &str, id: &str) -> Result<(), Status> {
        let request = DeleteProfileRequest { profile_id: id.to_owned(), expected_versions: Vec::new() };
        self.client().delete_profile(by(user, request)).await.map(drop)
    }

    pub async fn grant(&self, user: &str, app: &str, profile: &str) -> Result<AppAccess, Status> {
        let request = GrantAppAccessRequest {
            user_id: user.to_owned(),
            app_id: app.to_owned(),
            tier: AppTier::L2.into(),
            profile_id: profile.to_owned(),
            expires_at: None,
        };
        Ok(self.access().grant_app_access(request).await?.into_inner().access.unwrap())
    }

    pub async fn learn(&self, user: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(id, name)| Tag { id: (*id).to_owned(), name: (*name).to_owned() }).collect();
        self.tags().upsert_tags(UpsertTagsRequest { user_id: user.to_owned(), tags }).await.unwrap();
    }
}

/// The store of a running service, for what no RPC shows.
pub async fn store(backend: &Backend) -> Store {
    let database = Database::connect(&settings(backend.url()).service.database, SCHEMA).await.unwrap();
    let feed = FeedHub::start(database.clone()).await.unwrap();
    Store::new(database, feed, persistence::StoredBytes::UNLIMITED)
}

/// Room for whatever the tests send at once.
fn roomy() -> AdmissionSettings {
    AdmissionSettings { max_in_flight: Some(4096), ..AdmissionSettings::default() }
}

pub fn settings(url: String) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        own: service::NoSettings {},
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

/// A request on behalf of a user.
pub fn by<T>(user: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::try_from(user).unwrap());
    request
}

/// An update of these fields, with nothing in it.
pub fn update_of(id: &str, mask: &[&str]) -> UpdateProfileRequest {
    UpdateProfileRequest {
        profile_id: id.to_owned(),
        update_mask: Some(FieldMask { paths: mask.iter().map(ToString::to_string).collect() }),
        ..UpdateProfileRequest::default()
    }
}

/// A profile with nothing but a name.
pub fn named(name: &str) -> ProfileDraft {
    ProfileDraft { name: Some(name.to_owned()), ..ProfileDraft::default() }
}

pub fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

pub fn tag(tag: &str) -> TagExpression {
    TagExpression { expression: Some(Expression::Tag(tag.to_owned())) }
}

pub fn operation(op: Op, conditions: Vec<TagExpression>) -> TagExpression {
    TagExpression { expression: Some(Expression::Operation(Operation { op: op.into(), conditions })) }
}

/// A profile in which every field is set.
pub fn full() -> ProfileDraft {
    let grant = |tags: &[&str], allow_new| Some(TagGrant { tag_ids: strings(tags), allow_all: Some(false), allow_new });
    ProfileDraft {
        name: Some("Everything set".to_owned()),
        description: Some("With: a colon, \"quotes\" and\na line break".to_owned()),
        tag_filters: Some(TagFilters {
            include_all: strings(&["urgent"]),
            include_any: strings(&["work", "no"]),
            exclude_any: strings(&["private"]),
        }),
        tag_expression: Some(operation(
            Op::And,
            vec![tag("work"), operation(Op::Not, vec![tag("archived")]), operation(Op::Or, vec![tag("a"), tag("b")])],
        )),
        allowed_tag_ids: strings(&["t1"]),
        allowed_tags_logic: TagsLogic::And.into(),
        excluded_tag_ids: strings(&["t2"]),
        allowed_node_ids: strings(&["node-1"]),
        allowed_node_types: strings(&["EXPERIENCE"]),
        excluded_node_types: strings(&["ENTITY"]),
        date_range_start: Some(ProtoTimestamp { seconds: START, nanos: 0 }),
        date_range_end: Some(ProtoTimestamp { seconds: START + 1, nanos: 500_000_000 }),
        transformations: strings(&["redact_pii", "coarsen_dates"]),
        max_detail_level: DetailLevel::Summary.into(),
        tag_permissions: Some(TagPermissions {
            discover: grant(&["t1"], None),
            read: grant(&["t1", "work"], None),
            propose: grant(&[], Some(true)),
            edit: None,
            create: grant(&["t3"], Some(false)),
            delete: grant(&[], None),
        }),
        schema_permissions: Some(SchemaPermissions {
            read: Some(SchemaGrant { schema_ids: strings(&["s1", "__freeform__"]), allow_all: Some(false) }),
            write: None,
        }),
    }
}

/// Every field of a draft.
pub const FIELDS: [&str; 16] = [
    "name",
    "description",
    "tag_filters",
    "tag_expression",
    "allowed_tag_ids",
    "allowed_tags_logic",
    "excluded_tag_ids",
    "allowed_node_ids",
    "allowed_node_types",
    "excluded_node_types",
    "date_range_start",
    "date_range_end",
    "transformations",
    "max_detail_level",
    "tag_permissions",
    "schema_permissions",
];

/// Why a call was refused: the reason, or the names of the wrong fields.
pub fn why<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let refusal = RpcError::from_status(&answer.unwrap_err()).expect("a refusal with its details");
    if refusal.fields.is_empty() {
        refusal.reason
    } else {
        refusal.fields.iter().map(|(path, _)| path).collect::<Vec<_>>().join(" ")
    }
}
