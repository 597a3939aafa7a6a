//! Events and snapshots of profiles, grants and tags.

use grpc_server::{read_timestamp, timestamp};
use ofself_proto::exposure as wire;
use service::{
    EventQuery,
    watch::{WatchContent, WatchMessage},
};
use types::{FieldErrors, Timestamp};

use super::{access, profile};
use crate::{
    domain::{AppAccess, ChangedRow, EventKind, KnownTag, Profile, ProfileEvent, ShownProfile, SnapshotRow},
    operations::WatchProfiles,
};

pub(in crate::grpc) fn watch(request: wire::WatchProfilesRequest) -> WatchProfiles {
    let wire::WatchProfilesRequest { after_token, user_ids, app_ids, from_beginning } = request;
    WatchProfiles { after_token, from_beginning, user_ids, app_ids }
}

pub(in crate::grpc) fn list(request: wire::ListProfileEventsRequest) -> EventQuery {
    let wire::ListProfileEventsRequest { user_id, profile_id, page_size, page_token, actor_id, kinds, after, before } =
        request;
    let mut unreadable = FieldErrors::new();
    let mut read = Vec::with_capacity(kinds.len());
    for (index, kind) in kinds.into_iter().enumerate() {
        match wire::ProfileEventKind::try_from(kind).ok().and_then(kind_of) {
            Some(kind) => read.push(kind),
            None => unreadable.add(format!("kinds[{index}]"), "must be a kind of event"),
        }
    }
    EventQuery {
        row_id: profile_id,
        owner_id: user_id,
        actor_id,
        kinds: read.into_iter().map(EventKind::name).collect(),
        after: read_timestamp(after, "after", &mut unreadable),
        before: read_timestamp(before, "before", &mut unreadable),
        page_size,
        page_token,
        errors: unreadable,
    }
}

pub(in crate::grpc) fn message(message: WatchMessage<ProfileEvent, SnapshotRow>) -> wire::WatchProfilesResponse {
    use wire::watch_profiles_response::Content;
    let WatchMessage { token, content } = message;
    let (mut user_id, mut owner_version) = (String::new(), 0);
    let content = match content {
        WatchContent::Event(of) => Some(Content::Event(event(of))),
        WatchContent::Snapshot(SnapshotRow { row, user, user_version, read_at }) => {
            user_id = user.to_string();
            owner_version = user_version;
            Some(match row {
                ChangedRow::Profile(stored) => Content::Snapshot(as_stored(*stored)),
                ChangedRow::Grant(grant) => Content::SnapshotGrant(access::access((grant, read_at))),
                ChangedRow::Tag(known) => Content::SnapshotTag(tag(known)),
            })
        }
        WatchContent::SnapshotEnd => Some(Content::SnapshotEnd(true)),
        WatchContent::Checkpoint => None,
    };
    wire::WatchProfilesResponse { token, content, user_id, owner_version }
}

pub(in crate::grpc) fn event(event: ProfileEvent) -> wire::ProfileEvent {
    use wire::profile_event::{AfterRow, BeforeRow};
    let ProfileEvent {
        id,
        occurred_at,
        actor,
        request_id,
        kind,
        user,
        user_version,
        concerns_user,
        app,
        before,
        after,
    } = event;
    wire::ProfileEvent {
        id,
        occurred_at: Some(timestamp(occurred_at)),
        actor_id: actor,
        request_id,
        kind: kind_on_wire(kind).into(),
        user_id: user,
        owner_version: user_version,
        has_reshares: concerns_user,
        app_id: app.unwrap_or_default(),
        before_row: before.map(|row| match row {
            ChangedRow::Profile(stored) => BeforeRow::Before(as_stored(*stored)),
            ChangedRow::Grant(grant) => BeforeRow::BeforeGrant(access_at(grant, occurred_at)),
            ChangedRow::Tag(known) => BeforeRow::BeforeTag(tag(known)),
        }),
        after_row: after.map(|row| match row {
            ChangedRow::Profile(stored) => AfterRow::After(as_stored(*stored)),
            ChangedRow::Grant(grant) => AfterRow::AfterGrant(access_at(grant, occurred_at)),
            ChangedRow::Tag(known) => AfterRow::AfterTag(tag(known)),
        }),
    }
}

fn access_at(grant: AppAccess, time: Timestamp) -> wire::AppAccess {
    access::access((grant, time))
}

fn as_stored(stored: Profile) -> wire::Profile {
    let (warnings, rules) = (stored.formula_warnings.clone(), stored.rules.as_texts());
    profile::profile(ShownProfile { profile: Profile { rules, ..stored }, warnings })
}

fn tag(KnownTag { id, name }: KnownTag) -> wire::Tag {
    wire::Tag { id: id.to_string(), name: name.map(|name| name.as_str().to_owned()).unwrap_or_default() }
}

pub(super) fn kind_on_wire(kind: EventKind) -> wire::ProfileEventKind {
    match kind {
        EventKind::Created => wire::ProfileEventKind::Created,
        EventKind::Updated => wire::ProfileEventKind::Updated,
        EventKind::Deactivated => wire::ProfileEventKind::Deactivated,
        EventKind::Deleted => wire::ProfileEventKind::Deleted,
        EventKind::Granted => wire::ProfileEventKind::Granted,
        EventKind::GrantUpdated => wire::ProfileEventKind::GrantUpdated,
        EventKind::GrantRevoked => wire::ProfileEventKind::GrantRevoked,
        EventKind::GrantExpired => wire::ProfileEventKind::GrantExpired,
        EventKind::TagsChanged => wire::ProfileEventKind::TagsChanged,
        EventKind::Erased => wire::ProfileEventKind::Erased,
        EventKind::Stopped => wire::ProfileEventKind::Stopped,
    }
}

fn kind_of(kind: wire::ProfileEventKind) -> Option<EventKind> {
    EventKind::ALL.into_iter().find(|known| kind_on_wire(*known) == kind)
}
