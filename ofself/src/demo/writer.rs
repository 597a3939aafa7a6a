//! Writes demo data as the clients of both services would.

use std::time::Duration;

use chrono::DateTime;
use grpc_server::{ACTING_USER, LocalChannel, timestamp};
use ofself_proto::{
    exposure::{
        AppTier, CreateProfileRequest, EvaluateNodesRequest, GetDefaultProfileRequest, GrantAppAccessRequest,
        NodeDescription, ProfileDraft, Tag, UpsertTagsRequest, app_access_service_client::AppAccessServiceClient,
        evaluate_nodes_request::Subject, exposure_profile_service_client::ExposureProfileServiceClient,
        exposure_service_client::ExposureServiceClient, tag_directory_service_client::TagDirectoryServiceClient,
    },
    sharing::{
        Action, CheckAccessRequest, CreateShareRequest, GrantFollowShareRequest, Node, Resource, RevokeShareRequest,
        ShareScope, access_service_client::AccessServiceClient,
        follow_sharing_service_client::FollowSharingServiceClient, resource,
        sharing_service_client::SharingServiceClient,
    },
};
use prost::Message;
use runtime::clock::ManualClock;
use serde::Deserialize;
use tonic::{Request, metadata::AsciiMetadataValue};
use types::Timestamp;

use super::NODES;

/// The deadline of each call.
const DEADLINE: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_hours(24);

/// What a share covers.
pub(super) enum Scope<'a> {
    All,
    Tags(&'a [&'a str]),
    Nodes(&'a [&'a str]),
}

/// What a share allows.
#[derive(Clone, Copy)]
pub(super) enum Rights {
    Read,
    ReadAndWrite,
    ReadAndReshare,
}

/// Calls both services, at times before now.
pub(super) struct Writer {
    sharing: LocalChannel,
    exposure: LocalChannel,
    clock: ManualClock,
    now: Timestamp,
}

/// A node of the demo data.
#[derive(Deserialize)]
struct DemoNode {
    id: String,
    node_type: String,
    created_at: String,
    schema_id: Option<String>,
    tags: Vec<DemoTag>,
}

#[derive(Deserialize)]
struct DemoTag {
    id: String,
    name: String,
}

impl Writer {
    pub(super) fn new(sharing: LocalChannel, exposure: LocalChannel, clock: ManualClock, now: Timestamp) -> Self {
        Self { sharing, exposure, clock, now }
    }

    /// Moves the clock to this many days before now.
    pub(super) fn days_ago(&self, days: u32) -> anyhow::Result<()> {
        self.clock.set(Timestamp::new(self.now.utc() - DAY * days)?);
        Ok(())
    }

    /// The time after so many days.
    pub(super) fn in_days(&self, days: u32) -> anyhow::Result<Timestamp> {
        Ok(Timestamp::new(self.now.utc() + DAY * days)?)
    }

    /// The time so many days before now.
    pub(super) fn before_days(&self, days: u32) -> anyhow::Result<Timestamp> {
        Ok(Timestamp::new(self.now.utc() - DAY * days)?)
    }

    /// Shares the owner's nodes, or re-shares what `parent` shares; returns the id of the share.
    pub(super) async fn share(
        &self,
        from: &str,
        to: &str,
        scope: Scope<'_>,
        rights: Rights,
        end: Option<Timestamp>,
        parent: Option<&str>,
    ) -> anyhow::Result<String> {
        let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (scope, tag_ids, node_ids) = match scope {
            Scope::All => (ShareScope::All, Vec::new(), Vec::new()),
            Scope::Tags(tags) => (ShareScope::SpecificTags, ids(tags), Vec::new()),
            Scope::Nodes(nodes) => (ShareScope::SpecificNodes, Vec::new(), ids(nodes)),
        };
        let (can_write, can_share) = match rights {
            Rights::Read => (false, false),
            Rights::ReadAndWrite => (true, false),
            Rights::ReadAndReshare => (false, true),
        };
        let message = CreateShareRequest {
            shared_with_user_id: to.to_owned(),
            scope: scope.into(),
            tag_ids,
            node_ids,
            can_read: Some(true),
            can_write: Some(can_write),
            can_delete: None,
            can_share: Some(can_share),
            expires_at: end.map(timestamp),
            parent_share_id: parent.map(str::to_owned),
            validate_only: false,
            dry_run: false,
        };
        let created = SharingServiceClient::new(self.sharing.clone()).create_share(request_of(from, message)?).await?;
        Ok(created.into_inner().share.unwrap_or_default().id)
    }

    /// Ends a share.
    pub(super) async fn revoke(&self, owner: &str, share_id: String) -> anyhow::Result<()> {
        let message = RevokeShareRequest { share_id, ..RevokeShareRequest::default() };
        SharingServiceClient::new(self.sharing.clone()).revoke_share(request_of(owner, message)?).await?;
        Ok(())
    }

    /// Shares everything with a follower.
    pub(super) async fn follow(&self, owner: &str, follower: &str, follow_id: &str) -> anyhow::Result<()> {
        let message = GrantFollowShareRequest {
            owner_id: owner.to_owned(),
            follower_id: follower.to_owned(),
            follow_id: follow_id.to_owned(),
            ..GrantFollowShareRequest::default()
        };
        FollowSharingServiceClient::new(self.sharing.clone()).grant_follow_share(request(message)).await?;
        Ok(())
    }

    /// A person looks at a node, so that their last use is known.
    pub(super) async fn look(&self, viewer: &str, owner: &str, node: &str, tags: &[&str]) -> anyhow::Result<()> {
        let tag_ids = tags.iter().map(ToString::to_string).collect();
        let node = Node { id: node.to_owned(), tag_ids, graph_root_ids: Vec::new() };
        let message = CheckAccessRequest {
            viewer_id: viewer.to_owned(),
            owner_id: owner.to_owned(),
            action: Action::Read.into(),
            resource: Some(Resource { resource: Some(resource::Resource::Node(node)) }),
            consistency: None,
        };
        let checked = AccessServiceClient::new(self.sharing.clone()).check_access(request(message)).await?;
        anyhow::ensure!(checked.into_inner().allowed, "`{viewer}` may not read what the story lets them read");
        Ok(())
    }

    /// Names tags.
    pub(super) async fn tags(&self, user: &str, tags: &[(&str, &str)]) -> anyhow::Result<()> {
        let tags = tags.iter().map(|(id, name)| Tag { id: (*id).to_owned(), name: (*name).to_owned() }).collect();
        let message = UpsertTagsRequest { user_id: user.to_owned(), tags };
        TagDirectoryServiceClient::new(self.exposure.clone()).upsert_tags(request(message)).await?;
        Ok(())
    }

    /// Creates a profile; returns its id.
    pub(super) async fn profile(&self, user: &str, draft: ProfileDraft) -> anyhow::Result<String> {
        let message = CreateProfileRequest { profile: Some(draft), validate_only: false, dry_run: false };
        let created =
            ExposureProfileServiceClient::new(self.exposure.clone()).create_profile(request_of(user, message)?).await?;
        Ok(created.into_inner().profile.unwrap_or_default().id)
    }

    /// The id of the default profile.
    pub(super) async fn default_profile(&self, user: &str) -> anyhow::Result<String> {
        let message = GetDefaultProfileRequest::default();
        let read = ExposureProfileServiceClient::new(self.exposure.clone())
            .get_default_profile(request_of(user, message)?)
            .await?;
        Ok(read.into_inner().profile.unwrap_or_default().id)
    }

    /// Connects an app.
    pub(super) async fn connect(
        &self,
        user: &str,
        app: &str,
        tier: AppTier,
        profile_id: String,
        end: Option<Timestamp>,
    ) -> anyhow::Result<()> {
        let message = GrantAppAccessRequest {
            user_id: user.to_owned(),
            app_id: app.to_owned(),
            tier: tier.into(),
            profile_id,
            expires_at: end.map(timestamp),
        };
        AppAccessServiceClient::new(self.exposure.clone()).grant_app_access(request(message)).await?;
        Ok(())
    }

    /// An app asks about all nodes, so that its last use is known.
    pub(super) async fn ask(&self, user: &str, app: &str) -> anyhow::Result<()> {
        let nodes: Vec<DemoNode> = serde_json::from_str(NODES)?;
        let nodes = nodes
            .into_iter()
            .map(|node| Ok(description(node)?.encode_to_vec().into()))
            .collect::<anyhow::Result<_>>()?;
        let message = EvaluateNodesRequest {
            user_id: user.to_owned(),
            nodes,
            consistency: None,
            subject: Some(Subject::AppId(app.to_owned())),
        };
        ExposureServiceClient::new(self.exposure.clone()).evaluate_nodes(request(message)).await?;
        Ok(())
    }
}

fn description(node: DemoNode) -> anyhow::Result<NodeDescription> {
    let DemoNode { id, node_type, created_at, schema_id, tags } = node;
    let created_at = Timestamp::new(DateTime::parse_from_rfc3339(&created_at)?.to_utc())?;
    let tags = tags.into_iter().map(|DemoTag { id, name }| Tag { id, name }).collect();
    Ok(NodeDescription { id, node_type, tags, schema_id, created_at: Some(timestamp(created_at)) })
}

fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

fn request_of<T>(user: &str, message: T) -> anyhow::Result<Request<T>> {
    let mut request = request(message);
    request.metadata_mut().insert(ACTING_USER, AsciiMetadataValue::try_from(user)?);
    Ok(request)
}
