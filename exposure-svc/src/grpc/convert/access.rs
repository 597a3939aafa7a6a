//! Access grants and known tags, both ways.

use grpc_server::{read_timestamp, timestamp};
use ofself_proto::exposure as wire;
use prost_types::{FieldMask, Timestamp as ProtoTimestamp};
use types::{FieldErrors, FieldUpdate, Page, Timestamp};

use crate::domain::{AppAccess, AppAccessDraft, AppAccessEdits, TagId, TagText, Tier};

pub(in crate::grpc) fn draft(request: wire::GrantAppAccessRequest) -> AppAccessDraft {
    let wire::GrantAppAccessRequest { user_id, app_id, tier, profile_id, expires_at } = request;
    let mut unreadable = FieldErrors::new();
    let tier = match wire::AppTier::try_from(tier) {
        Ok(wire::AppTier::Unspecified) => None,
        Ok(wire::AppTier::L1) => Some(Tier::L1),
        Ok(wire::AppTier::L2) => Some(Tier::L2),
        Err(_) => {
            unreadable.add("tier", "must be L1 or L2");
            None
        }
    };
    let expires_at = read_timestamp(expires_at, "expires_at", &mut unreadable);
    AppAccessDraft { user_id, app_id, tier, profile_id, expires_at, unreadable }
}

pub(in crate::grpc) fn edits(
    profile_id: &str,
    expires_at: Option<ProtoTimestamp>,
    mask: Option<FieldMask>,
) -> AppAccessEdits {
    let mut unreadable = FieldErrors::new();
    let expires_at = read_timestamp(expires_at, "expires_at", &mut unreadable);
    let mut edits = AppAccessEdits::default();
    for path in mask.unwrap_or_default().paths {
        match path.as_str() {
            "profile_id" => edits.profile_id = Some(profile_id.to_owned()),
            "expires_at" => edits.expires_at = FieldUpdate::of(expires_at),
            unknown => unreadable.add("update_mask", format!("names `{unknown}`, which cannot be changed")),
        }
    }
    AppAccessEdits { unreadable, ..edits }
}

pub(in crate::grpc) fn access((access, as_of): (AppAccess, Timestamp)) -> wire::AppAccess {
    let is_active = access.is_active(as_of);
    let AppAccess { id, user, app, tier, profile, granted_at, expires_at, revoked_at, expiry_announced: _, version } =
        access;
    let tier = match tier {
        Tier::L1 => wire::AppTier::L1,
        Tier::L2 => wire::AppTier::L2,
    };
    wire::AppAccess {
        id: id.to_string(),
        user_id: user.to_string(),
        app_id: app.to_string(),
        tier: tier.into(),
        profile_id: profile.map(|profile| profile.to_string()).unwrap_or_default(),
        granted_at: Some(timestamp(granted_at)),
        expires_at: expires_at.map(timestamp),
        revoked_at: revoked_at.map(timestamp),
        is_active,
        version,
    }
}

pub(in crate::grpc) fn listed((page, as_of): (Page<AppAccess>, Timestamp)) -> wire::ListAppAccessResponse {
    let (access, total, limit, offset) = page.map(|grant| self::access((grant, as_of))).into_parts();
    wire::ListAppAccessResponse { access, total, limit, offset }
}

pub(in crate::grpc) fn tag((id, name): (TagId, TagText)) -> wire::Tag {
    wire::Tag { id: id.to_string(), name: name.as_str().to_owned() }
}
