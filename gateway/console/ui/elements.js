// Components that every page uses: buttons, chips, headers, alerts, toasts, skeletons.

import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { icon } from "./icons.js";

/**
 * A button. `kind`: primary, danger, danger-quiet, small, plain; several with dots. `about`: what distinguishes it from others with the same label, for screen
 * readers and voice control.
 */
export function button(label, kind, onclick, { symbol = null, name = null, about = null, ...attributes } = {}) {
  return h(
    `button.button${kind ? `.${kind}` : ""}`,
    { type: "button", onclick, "aria-label": about ? `${label}: ${about}` : name, ...attributes },
    symbol && icon(symbol),
    label,
  );
}

/** A link that looks like a button. */
export function linkButton(label, kind, href, symbol = null, about = null) {
  return h(`a.button${kind ? `.${kind}` : ""}`, { href, "aria-label": about ? `${label}: ${about}` : null }, symbol && icon(symbol), label);
}

/** An avatar: the initial of a person or an app, colored by a hash of the id. */
export function avatar(id, kind = "") {
  const hue = [...id].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 360, 7);
  const element = h(`span.avatar${kind}`, { "aria-hidden": "true" }, [...(id.replace(/^[^\p{L}\p{N}]+/u, "") || id)][0]);
  element.style.setProperty("--hue", hue);
  return element;
}

/** A chip: a short label. */
export const chip = (text, kind = "", attributes = {}) => h(`span.chip${kind ? `.${kind}` : ""}`, attributes, text);

/** The page header. The title gets the focus when the page opens, so that screen readers announce it. */
export function pageHead(title, lead, ...actions) {
  return h(
    "header.page-head",
    {},
    h("div", {}, h("h1", { tabindex: -1 }, title), lead && h("p.lead", {}, lead)),
    actions.length > 0 && h("div.row", {}, actions),
  );
}

/** The empty state of a list: what would be here, and how to get it. */
export function empty(symbol, title, text, ...actions) {
  return h("div.card.empty", {}, icon(symbol), h("h2", {}, title), h("p", {}, text), actions);
}

/** An alert box. `kind`: warn, bad, good or none. */
export function note(kind, title, ...content) {
  return h(`div.note${kind ? `.${kind}` : ""}`, {}, title && h("p.note-title", {}, title), content);
}

/** Shows a toast for six seconds; it is a live region. */
export function say(text) {
  const message = h("p.message", {}, text);
  document.querySelector("#messages").append(message);
  setTimeout(() => message.remove(), 6000);
}

/** Skeleton cards, shown while content loads. */
export function skeleton(cards = 3) {
  const card = () =>
    h("div.card.skeleton", {}, h("div.row", {}, h("span.bone.round"), h("span.bone.narrow")), h("span.bone.wide"), h("span.bone"));
  return h("div.cards", {}, h("p.visually-hidden", {}, t("loading")), Array.from({ length: cards }, card));
}

/** A disclosure: a section that can be collapsed. */
export function fold(title, value, open, ...content) {
  return h("details.fold", { open }, h("summary", {}, h("h2.fold-title", {}, title), value), h("div", {}, content));
}
