//! What a person sees of who can act on their data.

use grpc_server::timestamp;
use ofself_proto::sharing as wire;
use persistence::feed::HistoryPosition;
use service::HistoryPage;
use types::SuggestionKind;

use super::{access, event, share};
use crate::{
    domain::{
        ShareEvent, Suggestion,
        access::{Action, NodeReason},
        sentence,
    },
    operations::{
        BlockedPage, History, OwnerAccess, OwnersPage, PeoplePage, Person, SharePath, StopSharing, StoppedPage,
        SuggestionsPage, ViewersPage,
    },
};

pub(in crate::grpc) fn people(page: PeoplePage) -> wire::ListPeopleResponse {
    let PeoplePage { people, next } = page;
    let people = people.into_iter().map(person).collect();
    wire::ListPeopleResponse { people, next_page_token: next.unwrap_or_default() }
}

fn person(person: Person) -> wire::PersonAccess {
    let Person { user, actions: allowed, shares, shares_total, since, until, last_used_at } = person;
    let shares = shares
        .into_iter()
        .map(|SharePath { share, through }| wire::SharePath {
            share: Some(share::share(share)),
            through_user_ids: through.iter().map(ToString::to_string).collect(),
        })
        .collect();
    wire::PersonAccess {
        user_id: user.to_string(),
        actions: actions(allowed),
        shares,
        shares_total: i64::try_from(shares_total).unwrap_or(i64::MAX),
        since: since.map(timestamp),
        until: until.map(timestamp),
        last_used_at: last_used_at.map(timestamp),
    }
}

pub(in crate::grpc) fn viewers(page: ViewersPage, checked_at: String) -> wire::ListNodeViewersResponse {
    let wire::ListViewersResponse { viewers, checked_at, next_page_token } = access::viewers(page, checked_at);
    wire::ListNodeViewersResponse { viewers, checked_at, next_page_token }
}

pub(in crate::grpc) fn decisions(explained: Vec<NodeReason>, checked_at: String) -> wire::ExplainNodesResponse {
    let decision = |NodeReason { allowed, reason }| wire::NodeDecision { allowed, reason };
    wire::ExplainNodesResponse { decisions: explained.into_iter().map(decision).collect(), checked_at }
}

pub(in crate::grpc) fn owners(page: OwnersPage) -> wire::ListAccessibleOwnersResponse {
    let OwnersPage { owners, next } = page;
    let owners = owners
        .into_iter()
        .map(|OwnerAccess { owner, actions: allowed, shares }| wire::AccessibleOwner {
            owner_id: owner.to_string(),
            actions: actions(allowed),
            share_ids: shares.iter().map(ToString::to_string).collect(),
        })
        .collect();
    wire::ListAccessibleOwnersResponse { owners, next_page_token: next.unwrap_or_default() }
}

pub(in crate::grpc) fn history(history: History) -> wire::ListHistoryResponse {
    let History { events, next } = history;
    let entries = events.into_iter().map(|(at, event)| entry(at, event)).collect();
    wire::ListHistoryResponse { entries, next_page_token: next.unwrap_or_default() }
}

fn entry(at: HistoryPosition, event: ShareEvent) -> wire::HistoryEntry {
    let text = sentence(&event);
    let ShareEvent { occurred_at, actor, kind, before, after, person, .. } = event;
    let share = after.or(before);
    wire::HistoryEntry {
        id: format!("{}.{}", at.version, at.seq),
        occurred_at: Some(timestamp(occurred_at)),
        actor_id: actor,
        text,
        kind: event::kind_on_wire(kind).into(),
        share_id: share.as_ref().map(|share| share.id.to_string()).unwrap_or_default(),
        person_id: person.or_else(|| share.map(|share| share.recipient.to_string())).unwrap_or_default(),
        page_token: HistoryPage::token(at),
    }
}

pub(in crate::grpc) fn suggestions(page: SuggestionsPage) -> wire::ListSuggestionsResponse {
    let SuggestionsPage { suggestions, as_of, next } = page;
    let suggestion = |suggestion: Suggestion| wire::Suggestion {
        text: suggestion.text(),
        kind: match suggestion.kind {
            SuggestionKind::Unused => wire::SuggestionKind::Unused,
            SuggestionKind::NeverExpires => wire::SuggestionKind::NeverExpires,
            SuggestionKind::ExposesEverything => wire::SuggestionKind::ExposesEverything,
        }
        .into(),
        person_id: suggestion.person.to_string(),
        share_id: suggestion.share.map(|share| share.to_string()).unwrap_or_default(),
        proposed_end: suggestion.kind.proposed_end(as_of).map(timestamp),
    };
    wire::ListSuggestionsResponse {
        suggestions: suggestions.into_iter().map(suggestion).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

pub(in crate::grpc) fn stopped(stopped: StopSharing, written_at: String) -> wire::StopSharingResponse {
    let StopSharing { effective_from, shares, page } = stopped;
    wire::StopSharingResponse {
        effective_from: effective_from.map(timestamp),
        shares,
        written_at,
        ..stopped_page(page)
    }
}

pub(in crate::grpc) fn stopped_page(page: StoppedPage) -> wire::StopSharingResponse {
    let StoppedPage { shares, next } = page;
    wire::StopSharingResponse {
        effective_from: None,
        shares: 0,
        share_ids: shares.iter().map(ToString::to_string).collect(),
        next_page_token: next.unwrap_or_default(),
        written_at: String::new(),
    }
}

pub(in crate::grpc) fn blocked(page: BlockedPage) -> wire::ListBlockedPeopleResponse {
    let BlockedPage { people, next } = page;
    wire::ListBlockedPeopleResponse {
        person_ids: people.iter().map(ToString::to_string).collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

fn actions(actions: Vec<Action>) -> Vec<i32> {
    actions.into_iter().map(|action| access::shown_action(action).into()).collect()
}
