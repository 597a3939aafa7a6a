//! Events and snapshots of shares.

use grpc_server::{read_timestamp, timestamp};
use ofself_proto::sharing as wire;
use service::{
    EventQuery,
    watch::{WatchContent, WatchMessage},
};
use types::{FieldErrors, Timestamp};

use super::share;
use crate::{
    domain::{EventKind, Share, ShareEvent, ShareView, SnapshotShare, access::Chain},
    operations::WatchShares,
};

pub(in crate::grpc) fn watch(request: wire::WatchSharesRequest) -> WatchShares {
    let wire::WatchSharesRequest { after_token, owner_ids, viewer_ids, from_beginning } = request;
    WatchShares { after_token, from_beginning, owner_ids, viewer_ids }
}

pub(in crate::grpc) fn list(request: wire::ListShareEventsRequest) -> EventQuery {
    let wire::ListShareEventsRequest { share_id, owner_id, page_size, page_token, actor_id, kinds, after, before } =
        request;
    let mut unreadable = FieldErrors::new();
    let mut read = Vec::with_capacity(kinds.len());
    for (index, kind) in kinds.into_iter().enumerate() {
        match wire::ShareEventKind::try_from(kind).ok().and_then(kind_of) {
            Some(kind) => read.push(kind),
            None => unreadable.add(format!("kinds[{index}]"), "must be a kind of event"),
        }
    }
    EventQuery {
        row_id: share_id,
        owner_id,
        actor_id,
        kinds: read.into_iter().map(EventKind::name).collect(),
        after: read_timestamp(after, "after", &mut unreadable),
        before: read_timestamp(before, "before", &mut unreadable),
        page_size,
        page_token,
        errors: unreadable,
    }
}

pub(in crate::grpc) fn message(message: WatchMessage<ShareEvent, SnapshotShare>) -> wire::WatchSharesResponse {
    use wire::watch_shares_response::Content;
    let WatchMessage { token, content } = message;
    let (mut owner_id, mut owner_version) = (String::new(), 0);
    let content = match content {
        WatchContent::Event(of) => Some(Content::Event(event(of))),
        WatchContent::Snapshot(SnapshotShare { share, owner_version: version, read_at }) => {
            owner_id = share.owner.to_string();
            owner_version = version;
            Some(Content::Snapshot(as_of(share, read_at)))
        }
        WatchContent::SnapshotEnd => Some(Content::SnapshotEnd(true)),
        WatchContent::Checkpoint => None,
    };
    wire::WatchSharesResponse { token, content, owner_id, owner_version }
}

pub(in crate::grpc) fn event(event: ShareEvent) -> wire::ShareEvent {
    let ShareEvent {
        id,
        occurred_at,
        actor,
        request_id,
        kind,
        owner,
        owner_version,
        has_reshares,
        person,
        is_of_everyone,
        before,
        after,
    } = event;
    wire::ShareEvent {
        id,
        occurred_at: Some(timestamp(occurred_at)),
        actor_id: actor,
        request_id,
        before: before.map(|share| as_of(share, occurred_at)),
        after: after.map(|share| as_of(share, occurred_at)),
        kind: kind_on_wire(kind).into(),
        owner_id: owner,
        owner_version,
        has_reshares,
        person_id: person.unwrap_or_default(),
        everyone: is_of_everyone,
    }
}

/// A share without what depends on those above it, with its own status at this time.
fn as_of(share: Share, time: Timestamp) -> wire::Share {
    let ShareView { share, status, revoked_at, .. } = Chain::single(share).view(time);
    share::share(ShareView { share, status, revoked_at, effective: None, narrowed: false, inactive_reason: None })
}

pub(super) fn kind_on_wire(kind: EventKind) -> wire::ShareEventKind {
    match kind {
        EventKind::Created => wire::ShareEventKind::Created,
        EventKind::Updated => wire::ShareEventKind::Updated,
        EventKind::Revoked => wire::ShareEventKind::Revoked,
        EventKind::Renewed => wire::ShareEventKind::Renewed,
        EventKind::Expired => wire::ShareEventKind::Expired,
        EventKind::Erased => wire::ShareEventKind::Erased,
        EventKind::Stopped => wire::ShareEventKind::Stopped,
        EventKind::Blocked => wire::ShareEventKind::Blocked,
        EventKind::Unblocked => wire::ShareEventKind::Unblocked,
    }
}

fn kind_of(kind: wire::ShareEventKind) -> Option<EventKind> {
    match kind {
        wire::ShareEventKind::Unspecified => None,
        wire::ShareEventKind::Created => Some(EventKind::Created),
        wire::ShareEventKind::Updated => Some(EventKind::Updated),
        wire::ShareEventKind::Revoked => Some(EventKind::Revoked),
        wire::ShareEventKind::Renewed => Some(EventKind::Renewed),
        wire::ShareEventKind::Expired => Some(EventKind::Expired),
        wire::ShareEventKind::Erased => Some(EventKind::Erased),
        wire::ShareEventKind::Stopped => Some(EventKind::Stopped),
        wire::ShareEventKind::Blocked => Some(EventKind::Blocked),
        wire::ShareEventKind::Unblocked => Some(EventKind::Unblocked),
    }
}
