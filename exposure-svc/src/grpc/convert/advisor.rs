//! What a person sees of the apps that they connected.

use grpc_server::timestamp;
use ofself_proto::exposure as wire;
use persistence::feed::HistoryPosition;
use service::HistoryPage;
use types::Timestamp;

use super::{access, content, event};
use crate::{
    domain::{ChangedRow, ProfileEvent, sentence},
    operations::{ConnectedApp, ConnectedAppsPage, History, NodeApp, NodeAppsPage, ViewedNode},
};

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

pub(in crate::grpc) fn viewed(node: ViewedNode) -> wire::ViewedNode {
    let ViewedNode { reason, view } = node;
    let view = view.map(content::view);
    wire::ViewedNode { exposed: view.is_some(), reason, view }
}

pub(in crate::grpc) fn history(history: History) -> wire::ListHistoryResponse {
    let History { events, next } = history;
    let entries = events.into_iter().map(|(at, event)| entry(at, event)).collect();
    wire::ListHistoryResponse { entries, next_page_token: next.unwrap_or_default() }
}

fn entry(at: HistoryPosition, event: ProfileEvent) -> wire::HistoryEntry {
    let text = sentence(&event);
    let ProfileEvent { occurred_at, actor, kind, before, after, .. } = event;
    let (profile_id, app_id) = match after.or(before) {
        Some(ChangedRow::Profile(profile)) => (profile.id.to_string(), String::new()),
        Some(ChangedRow::Grant(grant)) => (String::new(), grant.app.to_string()),
        Some(ChangedRow::Tag(_)) | None => (String::new(), String::new()),
    };
    wire::HistoryEntry {
        id: format!("{}.{}", at.version, at.seq),
        occurred_at: Some(timestamp(occurred_at)),
        actor_id: actor,
        text,
        kind: event::kind_on_wire(kind).into(),
        profile_id,
        app_id,
        page_token: HistoryPage::token(at),
    }
}
