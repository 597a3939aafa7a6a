// Shares in words: what they cover, what they allow, until when.

import { h } from "../lib/dom.js";
import { day, list, nodes, relative, t, timeElement } from "../lib/i18n.js";
import { chip } from "../ui/elements.js";

export const RIGHTS = ["can_read", "can_write", "can_delete", "can_share"];
const SHOWN = 12;

/** The effective terms of a share. */
export const termsOf = (share) => share.effective ?? share;

/** Chips of what someone can do. */
export const actionChips = (actions) => actions.map((action) => chip(t(`action.${action}`), "accent"));

/** Chips of what a share allows. */
const rightChips = (terms) => RIGHTS.filter((right) => terms[right]).map((right) => chip(t(`right.${right}`), "accent"));

/** Chips of the effective rights and the status of a share. */
export function effectChips(share) {
  const isOver = share.status !== "active";
  if (!isOver && share.effective === null) return [chip(t("share.idle"), "warn")];
  return [
    rightChips(termsOf(share)),
    isOver && chip(t(`status.${share.status}`), "warn"),
    share.narrowed && chip(t("share.narrowed"), "warn"),
  ];
}

/** What a share covers, with names of tags and titles of nodes where they are known. */
export function scopeWords(terms, names) {
  const ids = terms.scope === "specific_tags" ? terms.tag_ids : terms.node_ids;
  const isTags = terms.scope === "specific_tags";
  const shown = ids
    .slice(0, SHOWN)
    .flatMap((id, index) => [
      isTags && index > 0 && h("span.small.muted", {}, t("or")),
      chip(names(isTags ? "tag" : "node", id), "", { title: id }),
    ]);
  const more = ids.length > SHOWN && h("span.muted", {}, t("more", { count: ids.length - SHOWN }));
  return h("div.row", {}, h("span", {}, t(`scope.${terms.scope}`)), shown, more);
}

/** What a share covers, as one text. */
export function shareName(terms, names) {
  const ids = terms.scope === "specific_tags" ? terms.tag_ids : terms.node_ids;
  const isTags = terms.scope === "specific_tags";
  return [
    t(`scope.${terms.scope}`),
    list(
      ids.slice(0, 3).map((id) => names(isTags ? "tag" : "node", id)),
      isTags ? "disjunction" : "conjunction",
    ),
    ids.length > 3 && t("more", { count: ids.length - 3 }),
  ]
    .filter(Boolean)
    .join(" ");
}

/** When something ends. */
export function endWords(end) {
  if (!end) return h("span", {}, t("end.never"));
  const time = h("time", { datetime: end }, day(end));
  return h("span", {}, nodes(new Date(end) < Date.now() ? "end.ended" : "end.until", { day: time, relative: relative(end) }));
}

/** When something was used last. */
export const lastUse = (time) => h("span", {}, time ? nodes("use.last", { time: timeElement(time) }) : t("use.none"));
