//! What calls of exposure-svc cost, one at a time, on one service or on two in turn:
//! `cargo run --release -p bench -- exposure URL [OTHER_URL]`.
//!
//! With two, each round asks the one and then the other, and the ratio is of the medians.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Context;
use ofself_proto::exposure::{
    AppTier, CheckWriteRequest, CreateProfileRequest, EvaluateNodesRequest, FilterNodesRequest, GetProfileRequest,
    GrantAppAccessRequest, NodeContent, NodeDescription, ProfileDraft, SchemaGrant, SchemaPermissions, Tag,
    TagExpression, TagFilters, TagGrant, TagPermissions, UpdateProfileRequest, UpsertTagsRequest, WriteVerb,
    app_access_service_client::AppAccessServiceClient,
    encoded, evaluate_nodes_request,
    exposure_profile_service_client::ExposureProfileServiceClient,
    exposure_service_client::ExposureServiceClient,
    filter_nodes_request::{Message, Open},
    tag_directory_service_client::TagDirectoryServiceClient,
    tag_expression::{Expression, Op, Operation},
};
use prost_types::{FieldMask, Timestamp};
use tonic::{Request, metadata::AsciiMetadataValue, transport::Channel};

use crate::paired::{Selection, compare};

/// Tags of a node.
const TAGS: usize = 8;

/// A service, with the profiles that the measurements ask by.
#[derive(Clone)]
struct Service {
    channel: Channel,
    user: String,
    /// Of five parts, and of five hundred.
    small: String,
    large: String,
    number: Arc<AtomicUsize>,
}

/// Which services to measure.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The services, by their gRPC URLs: `http://127.0.0.1:50052`
    #[arg(required = true, num_args = 1..=2, value_name = "URL")]
    urls: Vec<String>,
    #[command(flatten)]
    selection: Selection,
}

/// Measures and prints.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut services = Vec::new();
    let Arguments { urls, selection } = &arguments;
    for url in urls.clone() {
        services.push(Service::prepare(url).await?);
    }
    for (nodes, what) in [(1, "EvaluateNodes, 1 node"), (1_000, "EvaluateNodes, 1,000 nodes")] {
        let nodes: Vec<_> = (0..nodes).map(node).collect();
        compare(what, selection, &services, |service| service.evaluate(&nodes)).await?;
    }
    compare("FilterNodes, 100 nodes", selection, &services, |service| async move { service.filter().await }).await?;
    compare("CheckWrite", selection, &services, |service| async move { service.check_write().await }).await?;
    compare("GetProfile, 5 parts", selection, &services, |service| async move { service.get(&service.small).await })
        .await?;
    compare("GetProfile, 500 parts", selection, &services, |service| async move { service.get(&service.large).await })
        .await?;
    compare("CreateProfile, 5 parts", selection, &services, |service| async move { service.create_and_forget().await })
        .await?;
    compare("UpdateProfile, 5 parts", selection, &services, |service| async move {
        let draft = profile_of(5, service.next());
        service.update(&service.small, draft).await
    })
    .await?;
    compare("UpdateProfile, 500 parts", selection, &services, |service| async move {
        let draft = profile_of(500, service.next());
        service.update(&service.large, draft).await
    })
    .await?;
    compare(
        "UpsertTags, a tag that no profile names",
        selection,
        &services,
        |service| async move { service.learn().await },
    )
    .await
}

/// A profile whose lists and expression make up so many parts; `number` decides on one of them.
fn profile_of(parts: usize, number: usize) -> ProfileDraft {
    let leaf = |number: usize| TagExpression { expression: Some(Expression::Tag(format!("name-{number}"))) };
    let operation = |op: Op, conditions: Vec<TagExpression>| TagExpression {
        expression: Some(Expression::Operation(Operation { op: op.into(), conditions })),
    };
    // The expression meets the exclusions, so that the solver has something to decide.
    let pairs = (0..parts.saturating_sub(5) / 4)
        .map(|pair| operation(Op::Or, vec![leaf(pair), operation(Op::Not, vec![leaf(pair + 1)])]));
    let pairs: Vec<_> = pairs.collect();
    let all = TagGrant { tag_ids: Vec::new(), allow_all: Some(true), allow_new: None };
    let schemas = SchemaGrant { schema_ids: Vec::new(), allow_all: Some(true) };
    ProfileDraft {
        name: Some("measured".to_owned()),
        tag_filters: Some(TagFilters {
            include_any: vec!["name-1".into(), "name-2".into()],
            exclude_any: vec!["name-3".into(), format!("name-{}", 4 + number % 2)],
            ..TagFilters::default()
        }),
        tag_expression: (!pairs.is_empty()).then(|| operation(Op::And, pairs)),
        excluded_node_types: vec!["ENTITY".into()],
        date_range_start: Some(Timestamp { seconds: 0, nanos: 0 }),
        tag_permissions: Some(TagPermissions { read: Some(all.clone()), edit: Some(all), ..TagPermissions::default() }),
        schema_permissions: Some(SchemaPermissions { read: Some(schemas.clone()), write: Some(schemas) }),
        ..ProfileDraft::default()
    }
}

fn node(number: usize) -> NodeDescription {
    let tag = |tag: usize| Tag { id: format!("id-{tag}"), name: format!("name-{tag}") };
    NodeDescription {
        id: format!("node-{number}"),
        node_type: "GOAL".to_owned(),
        tags: [1].into_iter().chain((0..TAGS - 1).map(|other| 6 + (number + other) % 90)).map(tag).collect(),
        schema_id: None,
        created_at: Some(Timestamp { seconds: 1_767_225_600, nanos: 0 }),
    }
}

impl Service {
    async fn prepare(url: String) -> anyhow::Result<Self> {
        let channel = Channel::from_shared(url)?.connect().await?;
        let user = format!("user-{:x}", std::process::id());
        let mut service = Self { channel, user, small: String::new(), large: String::new(), number: Arc::default() };
        let tags = (0..200).map(|tag| Tag { id: format!("id-{tag}"), name: format!("name-{tag}") }).collect();
        let learn = UpsertTagsRequest { user_id: service.user.clone(), tags };
        TagDirectoryServiceClient::new(service.channel.clone()).upsert_tags(learn).await?;
        service.small = service.create(&service.user, profile_of(5, 0)).await?;
        service.large = service.create(&service.user, profile_of(500, 0)).await?;
        let grant = GrantAppAccessRequest {
            user_id: service.user.clone(),
            app_id: "app".to_owned(),
            tier: AppTier::L2.into(),
            profile_id: service.small.clone(),
            expires_at: None,
        };
        AppAccessServiceClient::new(service.channel.clone()).grant_app_access(grant).await?;
        Ok(service)
    }

    fn profiles(&self) -> ExposureProfileServiceClient<Channel> {
        ExposureProfileServiceClient::new(self.channel.clone())
    }

    fn decisions(&self) -> ExposureServiceClient<Channel> {
        ExposureServiceClient::new(self.channel.clone())
    }

    fn next(&self) -> usize {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    fn acting<T>(user: &str, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::try_from(user)?);
        Ok(request)
    }

    async fn create(&self, user: &str, draft: ProfileDraft) -> anyhow::Result<String> {
        let request = CreateProfileRequest { profile: Some(draft), validate_only: false, dry_run: false };
        let made = self.profiles().create_profile(Self::acting(user, request)?).await?.into_inner();
        Ok(made.profile.context("no profile")?.id)
    }

    /// For another user each time: one user may have a bounded number.
    async fn create_and_forget(&self) -> anyhow::Result<()> {
        let user = format!("{}-{}", self.user, self.next());
        self.create(&user, profile_of(5, 0)).await.map(drop)
    }

    async fn update(&self, profile: &str, draft: ProfileDraft) -> anyhow::Result<()> {
        let paths = vec!["tag_filters".to_owned(), "tag_expression".to_owned()];
        let request = UpdateProfileRequest {
            profile_id: profile.to_owned(),
            profile: Some(draft),
            update_mask: Some(FieldMask { paths }),
            ..UpdateProfileRequest::default()
        };
        self.profiles().update_profile(Self::acting(&self.user, request)?).await?;
        Ok(())
    }

    async fn get(&self, profile: &str) -> anyhow::Result<()> {
        let request =
            GetProfileRequest { profile_id: profile.to_owned(), include_yaml: false, resolve_tag_names: true };
        self.profiles().get_profile(Self::acting(&self.user, request)?).await?;
        Ok(())
    }

    fn evaluate(self, nodes: &[NodeDescription]) -> impl Future<Output = anyhow::Result<()>> {
        let request = EvaluateNodesRequest {
            user_id: self.user.clone(),
            subject: Some(evaluate_nodes_request::Subject::AppId("app".to_owned())),
            nodes: encoded(nodes),
            consistency: None,
        };
        async move {
            let exposed = self.decisions().evaluate_nodes(request).await?.into_inner().exposed;
            anyhow::ensure!(exposed.iter().all(|exposed| *exposed), "the profile must expose them");
            Ok(())
        }
    }

    async fn filter(&self) -> anyhow::Result<()> {
        let open = Open { user_id: self.user.clone(), app_id: "app".to_owned(), consistency: None };
        let nodes = (0..100).map(|number| {
            Message::Node(NodeContent { description: Some(node(number)), fields: Some(prost_types::Struct::default()) })
        });
        let messages = std::iter::once(Message::Open(open)).chain(nodes);
        let messages: Vec<_> = messages.map(|message| FilterNodesRequest { message: Some(message) }).collect();
        let mut seen = self.decisions().filter_nodes(tokio_stream::iter(messages)).await?.into_inner();
        let mut count = 0;
        while seen.message().await?.is_some() {
            count += 1;
        }
        anyhow::ensure!(count == 100, "the profile must expose them");
        Ok(())
    }

    async fn check_write(&self) -> anyhow::Result<()> {
        let request = CheckWriteRequest {
            user_id: self.user.clone(),
            app_id: "app".to_owned(),
            verb: WriteVerb::Edit.into(),
            before: Some(node(1)),
            after: Some(node(1)),
            consistency: None,
        };
        let answer = self.decisions().check_write(request).await?.into_inner();
        anyhow::ensure!(answer.allowed, "the profile must allow it: {}", answer.reason);
        Ok(())
    }

    async fn learn(&self) -> anyhow::Result<()> {
        let tag = Tag { id: "other".to_owned(), name: format!("other-{}", self.next()) };
        let request = UpsertTagsRequest { user_id: self.user.clone(), tags: vec![tag] };
        TagDirectoryServiceClient::new(self.channel.clone()).upsert_tags(request).await?;
        Ok(())
    }
}
