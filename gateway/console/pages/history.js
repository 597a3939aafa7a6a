// History: every change of my data, newest first.

import { pagesAfter, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { currentLanguage, day, has, hour, nodes, serverText, t } from "../lib/i18n.js";
import { current } from "../lib/session.js";
import { loadNames } from "../shares/names.js";
import { empty, pageHead } from "../ui/elements.js";
import { icon } from "../ui/icons.js";
import { pagedList } from "../ui/load.js";

const SYMBOLS = {
  created: "add",
  granted: "add",
  updated: "edit",
  grant_updated: "edit",
  revoked: "end",
  grant_revoked: "end",
  expired: "clock",
  grant_expired: "clock",
  stopped: "stop",
  tags_changed: "tag",
  deleted: "end",
  renewed: "clock",
};

export function render(place, { signal }) {
  const list = h("div", {});
  fill(place, pageHead(t("history.title"), t("history.lead")), list);
  let names = null;
  const nameOf = (id) => (names("tag", id) === id ? names("node", id) : names("tag", id));
  let lastDay = null;
  const draw = (event) => {
    const today = day(event.occurred_at);
    const isNew = today !== lastDay;
    lastDay = today;
    return h(
      "li",
      {},
      isNew && h("h2.day", {}, today),
      h("span.badge", {}, icon(SYMBOLS[event.kind] ?? "history")),
      h(
        "div.stack-small",
        {},
        h("p", {}, sentence(event, nameOf)),
        h("div.row.small.muted", {}, h("time", { datetime: event.occurred_at }, hour(event.occurred_at)), original(event, nameOf)),
      ),
    );
  };
  const pages = pagesAfter(
    loadNames,
    (found) => {
      names = found;
    },
    tokenPages("/access/history", "events", { signal }),
  );
  pagedList(list, pages, draw, () => empty("history", t("history.empty"), t("history.empty.lead")), { kind: "ol.timeline", signal });
}

/** The server writes English. In other languages there is a sentence for each kind of event, without its details. */
const isTranslated = (event) => currentLanguage() !== "en" && has(sentenceKey(event));

function sentence(event, nameOf) {
  if (!isTranslated(event)) return serverText(event.text, nameOf);
  const code = (id) => h("code", {}, id ?? t("history.erased-person"));
  // What the sentence does not name: tags, nodes, the name of a profile.
  const named = [event.person_id, event.app_id, event.actor_id.replace(/^\w+:/, "")];
  const others = event.text.split("`").filter((part, index) => index % 2 === 1 && !named.includes(part));
  return [
    nodes(sentenceKey(event), { actor: actor(event.actor_id), person: code(event.person_id), app: code(event.app_id) }),
    others.map((id, index) => [index === 0 ? ": " : ", ", code(nameOf(id))]),
  ];
}

/** The sentence of the server, where another is shown. */
const original = (event, nameOf) =>
  isTranslated(event) && h("details", {}, h("summary", {}, t("history.original")), serverText(event.text, nameOf));

function sentenceKey({ id, kind, actor_id: actorId, person_id: person, app_id: app, share_id: share, profile_id: profile }) {
  if (kind === "stopped" && id.startsWith("exposure-") && !app) return "event.apps.stopped";
  if (kind === "revoked" && actorId === `user:${person}`) return "event.share.left";
  const of = app ? "app" : share ? "share" : profile ? "profile" : "person";
  return `event.${of}.${kind}`;
}

function actor(id) {
  if (id === `user:${current().user}`) return t("history.you");
  if (id.startsWith("user:")) return id.length > 5 ? h("code", {}, id.slice(5)) : t("history.erased-person");
  return t(id.startsWith("operator:") ? "history.operator" : "history.service");
}
