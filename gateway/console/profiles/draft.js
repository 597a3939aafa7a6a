// The draft of a profile, and the request bodies made from it.

/** The draft of a new profile, without any restriction. */
export const blank = () => ({
  name: "",
  description: null,
  tag_filters: { include_all: [], include_any: [], exclude_any: [] },
  tag_expression: null,
  allowed_tag_ids: [],
  allowed_tags_logic: null,
  excluded_tag_ids: [],
  allowed_node_ids: [],
  allowed_node_types: [],
  excluded_node_types: [],
  date_range_start: null,
  date_range_end: null,
  transformations: [],
  max_detail_level: null,
  tag_permissions: null,
  schema_permissions: null,
  is_active: true,
  is_default: false,
});

/** The editable fields of a stored profile. */
export function draftOf(profile) {
  const draft = structuredClone(Object.fromEntries(Object.keys(blank()).map((name) => [name, profile[name]])));
  draft.tag_filters ??= blank().tag_filters;
  return draft;
}

/** The body of a POST. */
export function creation({ is_active: _, is_default: __, ...draft }) {
  return { ...draft, description: draft.description || null };
}

/** The body of a PUT: every field, because a member that is absent stays as it is. */
export function update(draft) {
  return { ...draft, description: draft.description || null };
}

/** Whether two drafts are the same. */
export const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
