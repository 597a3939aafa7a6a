//! A person reads another's nodes through an app: allowed by a share AND by the app's profile.

use std::time::Duration;

use ofself_proto::{
    exposure::{
        EvaluateNodesRequest, GetExposureFilterRequest, NodeDescription, Tag, encoded, evaluate_nodes_request,
        exposure_service_client::ExposureServiceClient, get_exposure_filter_request,
    },
    sharing::{
        Action, CheckAccessRequest, GetAccessFilterRequest, Resource, access_service_client::AccessServiceClient,
        resource,
    },
};
use prost_types::Timestamp;
use tonic::{Request, transport::Channel};

use crate::{Condition, Dialect, Node};

/// The deadline of a call; without a response, nothing is shown.
const DEADLINE: Duration = Duration::from_secs(2);

/// The viewer, the owner and the app.
pub struct Question {
    /// sharing-svc.
    pub sharing: AccessServiceClient<Channel>,
    /// exposure-svc.
    pub exposure: ExposureServiceClient<Channel>,
    /// The viewer.
    pub viewer: String,
    /// The owner; the app is bound to one of their profiles.
    pub owner: String,
    /// The app that shows them.
    pub app: String,
}

impl Question {
    /// Whether one node may be shown: both services must allow it.
    pub async fn may_show(&mut self, node: &Node) -> anyhow::Result<bool> {
        let shared = self.sharing.check_access(asked(CheckAccessRequest {
            viewer_id: self.viewer.clone(),
            owner_id: self.owner.clone(),
            action: Action::Read.into(),
            resource: Some(Resource { resource: Some(resource::Resource::Node(node.to_shared())) }),
            consistency: None,
        }));
        let exposed = self.exposure.evaluate_nodes(asked(EvaluateNodesRequest {
            user_id: self.owner.clone(),
            subject: Some(evaluate_nodes_request::Subject::AppId(self.app.clone())),
            nodes: encoded(&[node.to_exposed()]),
            consistency: None,
        }));
        let (shared, exposed) = tokio::try_join!(shared, exposed)?;
        Ok(shared.into_inner().allowed && exposed.into_inner().exposed == [true])
    }

    /// What a list must be narrowed by: both filters, for the store to put into its query. Asked for each list anew: a change may end
    /// a filter before its `valid_until`, and nothing tells of changes yet.
    pub async fn condition(&mut self, dialect: Dialect) -> anyhow::Result<Condition> {
        let shared = self.sharing.get_access_filter(asked(GetAccessFilterRequest {
            viewer_id: self.viewer.clone(),
            owner_id: self.owner.clone(),
            action: Action::Read.into(),
            consistency: None,
        }));
        let exposed = self.exposure.get_exposure_filter(asked(GetExposureFilterRequest {
            user_id: self.owner.clone(),
            subject: Some(get_exposure_filter_request::Subject::AppId(self.app.clone())),
            consistency: None,
        }));
        let (shared, exposed) = tokio::try_join!(shared, exposed)?;
        let mut condition = Condition::owned_by(dialect, &self.owner);
        condition.and_shared(shared.get_ref());
        condition.and_exposed(exposed.get_ref().filter.as_ref())?;
        Ok(condition)
    }
}

/// A question with its deadline.
fn asked<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

impl Node {
    /// The node as sharing-svc takes it.
    pub fn to_shared(&self) -> ofself_proto::sharing::Node {
        ofself_proto::sharing::Node {
            id: self.id.clone(),
            tag_ids: self.tags.iter().map(|(id, _)| id.clone()).collect(),
            graph_root_ids: self.roots.clone(),
        }
    }

    /// The node as exposure-svc takes it.
    pub fn to_exposed(&self) -> NodeDescription {
        let nanos = i32::try_from(self.created_at.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
        NodeDescription {
            id: self.id.clone(),
            node_type: self.node_type.clone(),
            tags: self.tags.iter().map(|(id, name)| Tag { id: id.clone(), name: name.clone() }).collect(),
            schema_id: self.schema.clone(),
            created_at: Some(Timestamp { seconds: self.created_at.div_euclid(1_000_000), nanos }),
        }
    }
}
