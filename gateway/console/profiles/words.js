// A profile in words: what an app with it sees, how much of it, and what it may change.

import { h } from "../lib/dom.js";
import { list, t } from "../lib/i18n.js";
import { chip } from "../ui/elements.js";

const SHOWN = 6;
const CHANGES = ["propose", "edit", "create", "delete"];

/** The rules of a profile as a list. */
export const profileWords = (profile) =>
  h(
    "ul.rules",
    {},
    rulesOf(profile).map((rule) => h("li", {}, rule)),
    !profile.is_active && h("li", {}, chip(t("profile.inactive"), "warn")),
  );

/** The rules of a profile as short sentences. */
export function rulesOf(profile) {
  const { tag_filters: filters, tag_permissions: permissions } = profile;
  const some = (key, words, type) => words?.length > 0 && t(key, { words: list(shortened(words), type) });
  const included = [
    some("rule.any", filters?.include_any, "disjunction"),
    some("rule.all", filters?.include_all),
    profile.tag_expression && t("rule.expression"),
    profile.allowed_tags_logic === "AND"
      ? some("rule.all", profile.allowed_tag_ids)
      : some("rule.any", profile.allowed_tag_ids, "disjunction"),
    some("rule.types", profile.allowed_node_types, "disjunction"),
    (profile.date_range_start || profile.date_range_end) && t("rule.dates"),
    profile.allowed_node_ids.length > 0 && t("rule.picked", { count: profile.allowed_node_ids.length }),
  ].filter(Boolean);
  const hidden = [...(filters?.exclude_any ?? []), ...profile.excluded_tag_ids, ...profile.excluded_node_types];
  const removed = profile.transformations.map((name) => t(`transformation.${name}`));
  // A change needs the permission by schema too.
  const changes = CHANGES.filter((verb) => profile.schema_permissions?.write && permissions?.[verb]).map((verb) => t(`verb.${verb}`));
  const readable = [readableBy(permissions, "tag_ids", "rule.tags"), readableBy(profile.schema_permissions, "schema_ids", "rule.schemas")];
  const isHidden = readable.includes(NOTHING);
  const limits = [...included, ...readable.filter((rule) => rule !== NOTHING)].filter(Boolean);
  const sees = isHidden ? [t("rule.nothing")] : limits.length > 0 ? limits : [t("rule.everything")];
  return [
    ...sees,
    !isHidden && some("rule.without", hidden),
    !isHidden &&
      profile.max_detail_level &&
      profile.max_detail_level !== "full" &&
      t("rule.detail", { level: t(`detail.${profile.max_detail_level}`) }),
    !isHidden && some("rule.removed", removed),
    changes.length > 0 ? t("rule.changes", { words: list(changes) }) : t("rule.no-changes"),
  ].filter(Boolean);
}

const NOTHING = Symbol("nothing");

/** What the permission to read leaves: null if it leaves all, `NOTHING` if it grants nothing. */
function readableBy(permissions, member, key) {
  if (!permissions || permissions.read?.allow_all) return null;
  const ids = permissions.read?.[member] ?? [];
  return ids.length > 0 ? t(key, { words: list(shortened(ids), "disjunction") }) : NOTHING;
}

function shortened(words) {
  return words.length > SHOWN ? [...words.slice(0, SHOWN), t("rule.more", { count: words.length - SHOWN })] : words;
}
