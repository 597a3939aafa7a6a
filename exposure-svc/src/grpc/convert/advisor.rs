//! What a person sees of the apps that they connected.

use grpc_server::timestamp;
use ofself_proto::exposure as wire;
use persistence::feed::HistoryPosition;
use service::HistoryPage;
use types::{SuggestionKind, Timestamp};

use super::{access, content, event, profile};
use crate::{
    domain::{ChangedRow, ExampleNode, KnownTag, ProfileEvent, TagDirectory, sentence, suggestion_text},
    operations::{
        ConnectedApp, ConnectedAppsPage, History, NodeApp, NodeAppsPage, PreviewChange, StopApps, StoppedPage,
        Suggestion, SuggestionsPage, TagsPage, ViewedNode,
    },
};

pub(in crate::grpc) fn connected(page: ConnectedAppsPage) -> wire::ListConnectedAppsResponse {
    let ConnectedAppsPage { apps, as_of, next } = page;
    let apps = apps.into_iter().map(|app| self::app(app, as_of)).collect();
    wire::ListConnectedAppsResponse { apps, next_page_token: next.unwrap_or_default() }
}

pub(in crate::grpc) fn app(app: ConnectedApp, as_of: Timestamp) -> wire::ConnectedApp {
    let ConnectedApp { access, profile_name, profile_is_active, uses } = app;
    wire::ConnectedApp {
        access: Some(access::access((access, as_of))),
        profile_name,
        profile_is_active,
        last_asked_at: uses.map(|uses| timestamp(uses.last_at)),
        asked_30d: uses.map_or(0, |uses| uses.asked),
        shown_30d: uses.map_or(0, |uses| uses.shown),
    }
}

pub(in crate::grpc) fn tags(page: TagsPage) -> wire::ListTagsResponse {
    let TagsPage { tags, next } = page;
    let tag = |KnownTag { id, name }| Some(wire::Tag { id: id.to_string(), name: name?.as_str().to_owned() });
    wire::ListTagsResponse {
        tags: tags.into_iter().filter_map(tag).collect(),
        next_page_token: next.unwrap_or_default(),
    }
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

pub(in crate::grpc) fn suggestions(page: SuggestionsPage) -> wire::ListSuggestionsResponse {
    let SuggestionsPage { suggestions, as_of, next } = page;
    let suggestion = |Suggestion { kind, app, profile }| wire::Suggestion {
        text: suggestion_text(kind, &app),
        kind: match kind {
            SuggestionKind::Unused => wire::SuggestionKind::Unused,
            SuggestionKind::NeverExpires => wire::SuggestionKind::NeverExpires,
            SuggestionKind::ExposesEverything => wire::SuggestionKind::ExposesEverything,
        }
        .into(),
        app_id: app.to_string(),
        profile_id: profile.to_string(),
        proposed_end: kind.proposed_end(as_of).map(timestamp),
    };
    wire::ListSuggestionsResponse {
        suggestions: suggestions.into_iter().map(suggestion).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

pub(in crate::grpc) fn stopped(stopped: StopApps, written_at: String) -> wire::StopAppsResponse {
    let StopApps { effective_from, grants, page } = stopped;
    wire::StopAppsResponse { effective_from: effective_from.map(timestamp), grants, written_at, ..stopped_page(page) }
}

pub(in crate::grpc) fn stopped_page(page: StoppedPage) -> wire::StopAppsResponse {
    let StoppedPage { apps, next } = page;
    wire::StopAppsResponse {
        effective_from: None,
        grants: 0,
        app_ids: apps.iter().map(ToString::to_string).collect(),
        next_page_token: next.unwrap_or_default(),
        written_at: String::new(),
    }
}

pub(in crate::grpc) fn preview(preview: PreviewChange) -> wire::PreviewChangeResponse {
    let PreviewChange { gained, lost, example_gained, example_lost, proven, warnings, tags } = preview;
    wire::PreviewChangeResponse {
        gained,
        lost,
        example_gained: example_gained.map(|example| self::example(&example, &tags)),
        example_lost: example_lost.map(|example| self::example(&example, &tags)),
        proven,
        warnings: warnings.into_iter().map(profile::warning).collect(),
    }
}

fn example(example: &ExampleNode, tags: &TagDirectory) -> wire::ExampleNode {
    let node = example.with_facts(|node| wire::NodeDescription {
        id: node.id.to_owned(),
        node_type: node.node_type.to_owned(),
        tags: node.tags.iter().map(|tag| wire::Tag { id: tag.id.to_owned(), name: tag.name.to_string() }).collect(),
        schema_id: node.schema.map(str::to_owned),
        created_at: Some(timestamp(node.created_at)),
    });
    wire::ExampleNode { text: example.describe(tags), node: Some(node) }
}

pub(in crate::grpc) fn history(history: History) -> wire::ListHistoryResponse {
    let History { events, next } = history;
    let entries = events.into_iter().map(|(at, event)| entry(at, event)).collect();
    wire::ListHistoryResponse { entries, next_page_token: next.unwrap_or_default() }
}

fn entry(at: HistoryPosition, event: ProfileEvent) -> wire::HistoryEntry {
    let text = sentence(&event);
    let ProfileEvent { occurred_at, actor, kind, before, after, app, .. } = event;
    let (profile_id, app_id) = match after.or(before) {
        Some(ChangedRow::Profile(profile)) => (profile.id.to_string(), String::new()),
        Some(ChangedRow::Grant(grant)) => (String::new(), grant.app.to_string()),
        Some(ChangedRow::Tag(_)) | None => (String::new(), app.unwrap_or_default()),
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
