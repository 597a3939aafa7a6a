//! Cutting a node to a detail level.

use super::NodeView;
use crate::domain::DetailLevel;

/// Fields of a node at `summary`.
const SUMMARY: [&str; 8] =
    ["id", "title", "node_type", "meaning_level", "importance_score", "tags", "created_at", "updated_at"];
/// Fields of a node at `minimal`.
const MINIMAL: [&str; 3] = ["id", "node_type", "created_at"];

/// Removes the members that the level does not show.
pub(super) fn cut(view: &mut NodeView, level: DetailLevel) {
    let kept: &[&str] = match level {
        DetailLevel::Full => return,
        DetailLevel::Summary => &SUMMARY,
        DetailLevel::Minimal => &MINIMAL,
    };
    view.fields.retain(|name, _| kept.contains(&name.as_str()));
    view.schema = None;
    if level == DetailLevel::Minimal {
        view.tags.clear();
    }
}
