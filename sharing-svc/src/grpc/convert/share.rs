//! Shares, as their owners handle them.
use grpc_server::{read_timestamp, timestamp};
use ofself_proto::sharing::{self as wire};
use prost_types::FieldMask;
use types::{FieldErrors, FieldUpdate, Page, WriteMode};

use crate::domain::{
    FollowDraft, ImportedShare, InactiveReason, ScopeKind, Share, ShareChanges, ShareDraft, ShareView, Source, Status,
    Terms,
};

pub(in crate::grpc) fn draft(request: wire::CreateShareRequest) -> (ShareDraft, WriteMode) {
    let wire::CreateShareRequest {
        shared_with_user_id,
        scope,
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at,
        parent_share_id,
        validate_only,
        dry_run,
    } = request;
    let mut unreadable = FieldErrors::new();
    let draft = ShareDraft {
        shared_with_user_id,
        scope: scope_kind(scope, &mut unreadable),
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at: read_timestamp(expires_at, "expires_at", &mut unreadable),
        parent_share_id,
        unreadable,
    };
    (draft, WriteMode::new(validate_only, dry_run))
}

pub(in crate::grpc) fn follow_draft(request: wire::GrantFollowShareRequest) -> FollowDraft {
    let wire::GrantFollowShareRequest { follow_id, owner_id, follower_id, scope, tag_ids, node_ids } = request;
    let mut unreadable = FieldErrors::new();
    let scope = scope_kind(scope, &mut unreadable);
    FollowDraft { follow_id, owner_id, follower_id, scope, tag_ids, node_ids, unreadable }
}

pub(in crate::grpc) fn changes(share: Option<wire::ShareChanges>, mask: Option<FieldMask>) -> ShareChanges {
    let wire::ShareChanges { scope, tag_ids, node_ids, can_read, can_write, can_delete, can_share, expires_at } =
        share.unwrap_or_default();
    let mut unreadable = FieldErrors::new();
    let scope = scope_kind(scope, &mut unreadable);
    let expires_at = read_timestamp(expires_at, "expires_at", &mut unreadable);
    let list = |ids: Vec<String>| (!ids.is_empty()).then_some(ids);
    let mut changes = ShareChanges::default();
    for path in mask.unwrap_or_default().paths {
        match path.as_str() {
            "scope" => changes.scope = FieldUpdate::of(scope),
            "tag_ids" => changes.tag_ids = FieldUpdate::of(list(tag_ids.clone())),
            "node_ids" => changes.node_ids = FieldUpdate::of(list(node_ids.clone())),
            "can_read" => changes.can_read = FieldUpdate::of(can_read),
            "can_write" => changes.can_write = FieldUpdate::of(can_write),
            "can_delete" => changes.can_delete = FieldUpdate::of(can_delete),
            "can_share" => changes.can_share = FieldUpdate::of(can_share),
            "expires_at" => changes.expires_at = FieldUpdate::of(expires_at),
            unknown => unreadable.add("update_mask", format!("names `{unknown}`, which cannot be changed")),
        }
    }
    ShareChanges { unreadable, ..changes }
}

/// A share to be imported.
pub(in crate::grpc) fn imported(share: wire::Share) -> ImportedShare {
    let wire::Share {
        id,
        owner_id,
        shared_with_user_id,
        scope,
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at,
        status: _,
        source,
        parent_share_id,
        created_at,
        updated_at,
        revoked_at,
        version,
        shared_by_user_id,
        effective: _,
        narrowed: _,
        inactive_reason: _,
    } = share;
    let mut unreadable = FieldErrors::new();
    let mut time = |time, field: &str| read_timestamp(time, field, &mut unreadable);
    let (expires_at, created_at) = (time(expires_at, "expires_at"), time(created_at, "created_at"));
    let (updated_at, revoked_at) = (time(updated_at, "updated_at"), time(revoked_at, "revoked_at"));
    ImportedShare {
        id,
        owner_id,
        shared_with_user_id,
        shared_by_user_id,
        scope: scope_kind(scope, &mut unreadable),
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at,
        is_of_follow: source == wire::ShareSource::Follow as i32,
        parent_share_id,
        created_at,
        updated_at,
        revoked_at,
        version,
        unreadable,
    }
}

/// A share that a dry run would store: without id, times and version.
pub(in crate::grpc) fn unsaved(view: ShareView) -> wire::Share {
    wire::Share { id: String::new(), created_at: None, updated_at: None, version: 0, ..share(view) }
}

pub(in crate::grpc) fn share(view: ShareView) -> wire::Share {
    let ShareView { share, status, revoked_at, effective, narrowed, inactive_reason } = view;
    let status = match status {
        Status::Active => wire::ShareStatus::Active,
        Status::Expired => wire::ShareStatus::Expired,
        Status::Revoked => wire::ShareStatus::Revoked,
    };
    let inactive_reason = match inactive_reason {
        None => wire::InactiveReason::Unspecified,
        Some(InactiveReason::Revoked) => wire::InactiveReason::Revoked,
        Some(InactiveReason::ParentRevoked) => wire::InactiveReason::ParentRevoked,
        Some(InactiveReason::Expired) => wire::InactiveReason::Expired,
        Some(InactiveReason::ParentExpired) => wire::InactiveReason::ParentExpired,
        Some(InactiveReason::ParentCannotReshare) => wire::InactiveReason::ParentCannotReshare,
    };
    let source = match share.source {
        Source::Direct => wire::ShareSource::Direct,
        Source::Follow { .. } => wire::ShareSource::Follow,
        Source::Reshare { .. } => wire::ShareSource::Reshare,
    };
    let parent_share_id = share.parent().map(|parent| parent.to_string());
    let Share {
        id,
        owner,
        recipient,
        creator,
        terms,
        source: _,
        revoked_at: _,
        ended_at: _,
        created_at,
        updated_at,
        version,
        created_version: _,
    } = share;
    let Terms { scope, rights, expires_at } = terms;
    wire::Share {
        id: id.to_string(),
        owner_id: owner.to_string(),
        shared_with_user_id: recipient.to_string(),
        scope: scope_on_wire(scope.kind()).into(),
        tag_ids: scope.tag_ids(),
        node_ids: scope.node_ids(),
        can_read: rights.read,
        can_write: rights.write,
        can_delete: rights.delete,
        can_share: rights.share,
        expires_at: expires_at.map(timestamp),
        status: status.into(),
        source: source.into(),
        parent_share_id,
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
        revoked_at: revoked_at.map(timestamp),
        version,
        shared_by_user_id: creator.to_string(),
        effective: effective.map(effective_terms),
        narrowed,
        inactive_reason: inactive_reason.into(),
    }
}

fn effective_terms(terms: Terms) -> wire::EffectiveTerms {
    let Terms { scope, rights, expires_at } = terms;
    wire::EffectiveTerms {
        scope: scope_on_wire(scope.kind()).into(),
        tag_ids: scope.tag_ids(),
        node_ids: scope.node_ids(),
        can_read: rights.read,
        can_write: rights.write,
        can_delete: rights.delete,
        can_share: rights.share,
        expires_at: expires_at.map(timestamp),
    }
}

fn scope_on_wire(kind: ScopeKind) -> wire::ShareScope {
    match kind {
        ScopeKind::All => wire::ShareScope::All,
        ScopeKind::Tags => wire::ShareScope::SpecificTags,
        ScopeKind::Nodes => wire::ShareScope::SpecificNodes,
        ScopeKind::Graph => wire::ShareScope::Graph,
    }
}

pub(in crate::grpc) fn outgoing(page: Page<ShareView>) -> wire::ListOutgoingSharesResponse {
    let (shares, total, limit, offset) = page.map(share).into_parts();
    wire::ListOutgoingSharesResponse { shares, total, limit, offset }
}

pub(in crate::grpc) fn incoming(page: Page<ShareView>) -> wire::ListIncomingSharesResponse {
    let (shares, total, limit, offset) = page.map(share).into_parts();
    wire::ListIncomingSharesResponse { shares, total, limit, offset }
}

fn scope_kind(scope: i32, unreadable: &mut FieldErrors) -> Option<ScopeKind> {
    match wire::ShareScope::try_from(scope) {
        Ok(wire::ShareScope::Unspecified) => None,
        Ok(wire::ShareScope::All) => Some(ScopeKind::All),
        Ok(wire::ShareScope::SpecificTags) => Some(ScopeKind::Tags),
        Ok(wire::ShareScope::SpecificNodes) => Some(ScopeKind::Nodes),
        Ok(wire::ShareScope::Graph) => Some(ScopeKind::Graph),
        Err(_) => {
            unreadable.add("scope", "must be all, specific_tags, specific_nodes or graph");
            None
        }
    }
}
