//! `EvaluateNodesRequest`, with its nodes as they stand on the wire. Ten thousand nodes hold a hundred thousand strings; who
//! decides about them reads each where it stands, instead of having them all copied out first. On the wire it is the message
//! that the `.proto` file describes.

use prost::{Message, bytes::Bytes};

use crate::exposure::{Consistency, NodeDescription};

/// The subject.
pub mod evaluate_nodes_request {
    /// The subject.
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Subject {
        /// By the profile that this app's grant names.
        #[prost(string, tag = "2")]
        AppId(String),
        /// By this profile.
        #[prost(string, tag = "3")]
        ProfileId(String),
    }
}

/// Which of up to 10,000 nodes are exposed?
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct EvaluateNodesRequest {
    /// The owner of the nodes.
    #[prost(string, tag = "1")]
    pub user_id: String,
    /// The subject.
    #[prost(oneof = "evaluate_nodes_request::Subject", tags = "2, 3")]
    pub subject: Option<evaluate_nodes_request::Subject>,
    /// Encoded [`NodeDescription`]s; [`encoded`] makes them.
    #[prost(bytes = "bytes", repeated, tag = "4")]
    pub nodes: Vec<Bytes>,
    /// The required freshness.
    #[prost(message, optional, tag = "5")]
    pub consistency: Option<Consistency>,
}

/// Nodes as [`EvaluateNodesRequest`] takes them.
pub fn encoded<'a>(nodes: impl IntoIterator<Item = &'a NodeDescription>) -> Vec<Bytes> {
    nodes.into_iter().map(|node| node.encode_to_vec().into()).collect()
}
