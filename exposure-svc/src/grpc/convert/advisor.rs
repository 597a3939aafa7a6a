//! What a person sees of the apps that they connected.

use ofself_proto::exposure as wire;
use types::Timestamp;

use super::{access, content};
use crate::operations::{ConnectedApp, ConnectedAppsPage, NodeApp, NodeAppsPage, ViewedNode};

pub(in crate::grpc) fn connected(page: ConnectedAppsPage) -> wire::ListConnectedAppsResponse {
    let ConnectedAppsPage { apps, as_of, next } = page;
    let apps = apps.into_iter().map(|app| self::app(app, as_of)).collect();
    wire::ListConnectedAppsResponse { apps, next_page_token: next.unwrap_or_default() }
}

pub(in crate::grpc) fn app(app: ConnectedApp, as_of: Timestamp) -> wire::ConnectedApp {
    let ConnectedApp { access, profile_name, profile_is_active } = app;
    wire::ConnectedApp { access: Some(access::access((access, as_of))), profile_name, profile_is_active }
}

pub(in crate::grpc) fn node_apps(page: NodeAppsPage, checked_at: String) -> wire::ListNodeAppsResponse {
    let NodeAppsPage { apps, next } = page;
    let apps = apps
        .into_iter()
        .map(|NodeApp { app, exposed, reason }| wire::NodeApp { app_id: app.to_string(), exposed, reason })
        .collect();
    wire::ListNodeAppsResponse { apps, checked_at, next_page_token: next.unwrap_or_default() }
}

pub(in crate::grpc) fn viewed(nodes: Vec<ViewedNode>, checked_at: String) -> wire::ViewNodesResponse {
    let node = |ViewedNode { reason, view }| {
        let view = view.map(content::view);
        wire::ViewedNode { exposed: view.is_some(), reason, view }
    };
    wire::ViewNodesResponse { nodes: nodes.into_iter().map(node).collect(), checked_at }
}
