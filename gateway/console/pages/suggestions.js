// Suggestions: access to look at, with what settles it.

import { call, get, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { nodes, t } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { confirmed } from "../ui/dialog.js";
import { avatar, button, chip, empty, linkButton, pageHead, say } from "../ui/elements.js";
import { pagedList } from "../ui/load.js";

export function render(place, { signal }) {
  const list = h("div", {});
  const refresh = (quietly = true) =>
    pagedList(
      list,
      tokenPages("/access/suggestions", "suggestions", { signal }),
      (suggestion) => card(suggestion, refresh),
      () => empty("suggestions", t("suggestions.empty"), t("suggestions.empty.lead")),
      { signal, quietly },
    );
  fill(place, pageHead(t("suggestions.title"), t("suggestions.lead")), list);
  refresh(false);
}

/** Whether a share got an end since the suggestion was read. */
async function isSettled({ kind, share_id: share }) {
  if (kind !== "never_expires" || !share) return false;
  const current = await get(`/sharing/${share}`).catch(() => null);
  return !current || current.status !== "active" || Boolean(current.expires_at);
}

function card(suggestion, changed) {
  const { kind, person_id: person, app_id: app, method, path, body } = suggestion;
  const name = person ?? app;
  const of = person ? "person" : "app";
  const action = t(`suggestion.${of}.${kind}.do`);
  const settle = async () => {
    if (await isSettled(suggestion)) {
      say(t("suggestion.settled"));
      return changed();
    }
    const isDone = await confirmed({
      title: action,
      confirm: action,
      kind: method === "PUT" ? "primary" : "danger",
      content: h("p", {}, t(`suggestion.${of}.${kind}.lead`, { name })),
      act: () => call(method, path, { body: body ?? undefined }),
    });
    if (!isDone) return;
    say(t("suggestion.done"));
    changed();
  };
  return h(
    "li.card",
    { "data-key": `${kind}-${suggestion.share_id ?? name}` },
    h(
      "div.card-head",
      {},
      avatar(name, app ? ".square" : ""),
      h(
        "div.stack-small",
        {},
        h("h2", { tabindex: -1 }, nodes(`suggestion.${of}.${kind}`, { name: h("span", {}, name) })),
        h("div", {}, chip(t(`suggestion.kind.${kind}`), kind === "exposes_everything" ? "warn" : "")),
        h(
          "div.row",
          {},
          button(action, kind === "never_expires" ? "small.primary" : "small.danger-quiet", settle, { about: name }),
          linkButton(t("suggestion.look"), "small", address(person ? "people" : "apps", name), null, name),
        ),
      ),
    ),
  );
}
