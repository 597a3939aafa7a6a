//! Access checks and their responses.

use grpc_server::timestamp;
use ofself_proto::sharing as wire;
use service::consistency::Freshness;
use types::{FieldErrors, ItemErrors, MAX_BATCH, MAX_LIST};

use crate::{
    domain::{
        UserId,
        access::{
            AccessFilter, Action, Clause, Explanation, FilteredNodes, NodeFacts, Resource, Selection, Verdict, Viewer,
        },
    },
    operations::{AccessQuestion, CheckAccess, CheckItem, OwnerAccess, OwnersPage, ViewersPage},
};

/// The viewer, the owner and the action; `None`: the errors are in `errors`.
pub(in crate::grpc) fn question(
    viewer_id: String,
    owner_id: String,
    action: i32,
    consistency: Option<wire::Consistency>,
    errors: &mut FieldErrors,
) -> Option<AccessQuestion> {
    let viewer = user(viewer_id, "viewer_id", errors);
    let owner = user(owner_id, "owner_id", errors);
    let action = self::action(action, errors);
    let freshness = freshness(consistency, errors);
    Some(AccessQuestion { viewer: viewer?, owner: owner?, action: action?, freshness })
}

/// The user id in `field`.
pub(in crate::grpc) fn user(id: String, field: &str, errors: &mut FieldErrors) -> Option<UserId> {
    if id.is_empty() {
        errors.add(field, "is required");
        return None;
    }
    UserId::parse(id).map_err(|error| errors.add(field, error.to_string())).ok()
}

/// How fresh an answer must be. Every call reads the primary, so without a token every requirement holds.
pub(in crate::grpc) fn freshness(consistency: Option<wire::Consistency>, errors: &mut FieldErrors) -> Freshness {
    use wire::consistency::Requirement;
    match consistency.and_then(|consistency| consistency.requirement) {
        None | Some(Requirement::MinimizeLatency(_) | Requirement::FullyConsistent(_)) => Freshness::default(),
        Some(Requirement::AtLeastAsFresh(tokens)) => Freshness::parse(&tokens, "consistency.at_least_as_fresh", errors),
    }
}

/// The items of a batch, at most 1,000.
pub(in crate::grpc) fn items<'a>(items: &'a [wire::CheckItem], errors: &mut FieldErrors) -> Vec<CheckItem<'a>> {
    if items.is_empty() || items.len() > MAX_LIST {
        errors.add("items", format!("must hold 1 to {MAX_LIST} entries"));
        return Vec::new();
    }
    let mut found = Vec::with_capacity(items.len());
    let mut wrong = ItemErrors::default();
    for (index, item) in items.iter().enumerate() {
        let mut here = FieldErrors::new();
        let wire::CheckItem { viewer_id, owner_id, action, resource } = item;
        let path = |field: &str| format!("items[{index}].{field}");
        let viewer = user(viewer_id.clone(), &path("viewer_id"), &mut here);
        let owner = user(owner_id.clone(), &path("owner_id"), &mut here);
        let action = action_at(*action, &path("action"), &mut here);
        let resource = self::resource(resource.as_ref(), || path("resource"), &mut here);
        if let (Some(viewer), Some(owner), Some(action), Some(resource)) = (viewer, owner, action, resource) {
            found.push(CheckItem { viewer, owner, action, resource });
        }
        if !here.is_empty() {
            wrong.add(errors, |errors| errors.append(here));
        }
    }
    wrong.count_rest("items", errors);
    found
}

/// The resource at `path`.
pub(in crate::grpc) fn resource<'a>(
    resource: Option<&'a wire::Resource>,
    path: impl Fn() -> String,
    errors: &mut FieldErrors,
) -> Option<Resource<'a>> {
    match resource.and_then(|wire::Resource { resource }| resource.as_ref()) {
        None => {
            errors.add(path(), "must hold either node or relationship");
            None
        }
        Some(wire::resource::Resource::Node(node)) => {
            Some(Resource::Node(self::node(Some(node), || format!("{}.node", path()), errors)?))
        }
        Some(wire::resource::Resource::Relationship(wire::Relationship { source, target })) => {
            let source = self::node(source.as_ref(), || format!("{}.relationship.source", path()), errors);
            let target = self::node(target.as_ref(), || format!("{}.relationship.target", path()), errors);
            Some(Resource::Relationship { source: source?, target: target? })
        }
    }
}

/// The resources of a batch, at most 10,000.
pub(in crate::grpc) fn resources<'a>(resources: &'a [wire::Resource], errors: &mut FieldErrors) -> Vec<Resource<'a>> {
    if resources.is_empty() || resources.len() > MAX_BATCH {
        errors.add("resources", format!("must hold 1 to {MAX_BATCH} entries"));
        return Vec::new();
    }
    let mut found = Vec::with_capacity(resources.len());
    let mut wrong = ItemErrors::default();
    for (index, resource) in resources.iter().enumerate() {
        let mut here = FieldErrors::new();
        found.extend(self::resource(Some(resource), || format!("resources[{index}]"), &mut here));
        if !here.is_empty() {
            wrong.add(errors, |errors| errors.append(here));
        }
    }
    wrong.count_rest("resources", errors);
    found
}

/// The nodes of a request, at most 1,000.
pub(in crate::grpc) fn nodes<'a>(nodes: &'a [wire::Node], errors: &mut FieldErrors) -> Vec<NodeFacts<'a>> {
    if nodes.is_empty() || nodes.len() > MAX_LIST {
        errors.add("nodes", format!("must hold 1 to {MAX_LIST} entries"));
        return Vec::new();
    }
    let mut found = Vec::with_capacity(nodes.len());
    let mut wrong = ItemErrors::default();
    for (index, node) in nodes.iter().enumerate() {
        let mut here = FieldErrors::new();
        found.extend(self::node(Some(node), || format!("nodes[{index}]"), &mut here));
        if !here.is_empty() {
            wrong.add(errors, |errors| errors.append(here));
        }
    }
    wrong.count_rest("nodes", errors);
    found
}

/// The node at `path`.
pub(in crate::grpc) fn node<'a>(
    node: Option<&'a wire::Node>,
    path: impl Fn() -> String,
    errors: &mut FieldErrors,
) -> Option<NodeFacts<'a>> {
    let Some(wire::Node { id, tag_ids, graph_root_ids }) = node else {
        errors.add(path(), "is required");
        return None;
    };
    Some(NodeFacts::parse(id, tag_ids, graph_root_ids, path, errors))
}

pub(in crate::grpc) fn checked(done: CheckAccess, checked_at: String) -> wire::CheckAccessResponse {
    let (allowed, shares) = match done {
        CheckAccess::Owner => (true, Vec::new()),
        CheckAccess::AllowedBy(shares) => (true, shares),
        CheckAccess::Denied => (false, Vec::new()),
    };
    let share_ids = shares.iter().map(ToString::to_string).collect();
    wire::CheckAccessResponse { allowed, share_ids, checked_at }
}

pub(in crate::grpc) fn filter(filter: AccessFilter, checked_at: String) -> wire::GetAccessFilterResponse {
    use wire::get_access_filter_response::Filter;
    let AccessFilter { nodes, valid_until } = filter;
    let filter = match nodes {
        FilteredNodes::Everything => Filter::Everything(true),
        FilteredNodes::Nothing => Filter::Nothing(true),
        FilteredNodes::AnyOf(clauses) => {
            Filter::AnyOf(wire::Clauses { clauses: clauses.into_iter().map(clause).collect() })
        }
    };
    wire::GetAccessFilterResponse { filter: Some(filter), valid_until: valid_until.map(timestamp), checked_at }
}

pub(in crate::grpc) fn explained(explanation: Explanation, checked_at: String) -> wire::ExplainAccessResponse {
    let Explanation { allowed, reason, verdicts } = explanation;
    let shares = verdicts
        .into_iter()
        .map(|Verdict { share, allows, reason, .. }| wire::ShareVerdict { share_id: share.to_string(), allows, reason })
        .collect();
    wire::ExplainAccessResponse { allowed, reason, shares, checked_at }
}

pub(in crate::grpc) fn viewers(page: ViewersPage, checked_at: String) -> wire::ListViewersResponse {
    let ViewersPage { viewers, next } = page;
    let viewers = viewers
        .into_iter()
        .map(|Viewer { user, actions, shares }| wire::Viewer {
            viewer_id: user.to_string(),
            actions: actions.into_iter().map(|action| shown_action(action).into()).collect(),
            share_ids: shares.iter().map(ToString::to_string).collect(),
        })
        .collect();
    wire::ListViewersResponse { viewers, checked_at, next_page_token: next.unwrap_or_default() }
}

pub(in crate::grpc) fn owners(page: OwnersPage) -> wire::ListOwnersResponse {
    let OwnersPage { owners, next } = page;
    let owners = owners
        .into_iter()
        .map(|OwnerAccess { owner, actions: _, shares }| wire::OwnerAccess {
            owner_id: owner.to_string(),
            share_ids: shares.iter().map(ToString::to_string).collect(),
        })
        .collect();
    wire::ListOwnersResponse { owners, next_page_token: next.unwrap_or_default() }
}

fn clause(clause: Clause) -> wire::Clause {
    let all_of = clause
        .all_of
        .into_iter()
        .map(|selection| match selection {
            Selection::Tags(tag_ids) => wire::Selection { tag_ids, ..wire::Selection::default() },
            Selection::Nodes(node_ids) => wire::Selection { node_ids, ..wire::Selection::default() },
            Selection::GraphRoots(graph_root_ids) => wire::Selection { graph_root_ids, ..wire::Selection::default() },
        })
        .collect();
    wire::Clause { all_of }
}

/// The action in the field `action`.
pub(in crate::grpc) fn action(action: i32, errors: &mut FieldErrors) -> Option<Action> {
    action_at(action, "action", errors)
}

fn action_at(action: i32, path: &str, errors: &mut FieldErrors) -> Option<Action> {
    match wire::Action::try_from(action) {
        Ok(wire::Action::Read) => Some(Action::Read),
        Ok(wire::Action::Write) => Some(Action::Write),
        Ok(wire::Action::Delete) => Some(Action::Delete),
        Ok(wire::Action::Share) => Some(Action::Share),
        Ok(wire::Action::Unspecified) | Err(_) => {
            errors.add(path, "must be read, write, delete or share");
            None
        }
    }
}

pub(super) fn shown_action(action: Action) -> wire::Action {
    match action {
        Action::Read => wire::Action::Read,
        Action::Write => wire::Action::Write,
        Action::Delete => wire::Action::Delete,
        Action::Share => wire::Action::Share,
    }
}
