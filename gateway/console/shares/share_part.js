// One share on the card of a person.

import { h } from "../lib/dom.js";
import { nodes, t } from "../lib/i18n.js";
import { current } from "../lib/session.js";
import { button, chip } from "../ui/elements.js";
import { chain } from "../ui/chain.js";
import { extendShare, narrowShare, revokeShare } from "./dialogs.js";
import { effectChips, endWords, scopeWords, shareName, termsOf } from "./words.js";

/**
 * A share that the person granted, or that was re-shared from theirs. `changed` is called after a change. `effects(share)`: what else ends with it,
 * and what else its recipient has. */
export function sharePart(share, names, changed, effects = null) {
  const me = current().user;
  const terms = termsOf(share);
  const to = share.shared_with_user_id;
  const through = share.through_user_ids ?? [];
  const isOver = share.status !== "active";
  const act = (name, kind, dialog, symbol) =>
    button(
      t(`share.${name}`),
      `small${kind}`,
      async () => {
        if (await dialog(share, names, effects)) changed();
      },
      { symbol, about: `${to}, ${shareName(terms, names)}` },
    );
  return h(
    "div.part",
    { "data-share": share.id },
    scopeWords(terms, names),
    h(
      "div.row",
      {},
      effectChips(share),
      share.source === "follow" && chip(t("share.follow")),
      h("span.small.muted", {}, endWords(share.revoked_at ?? terms.expires_at)),
    ),
    through.length > 0 &&
      h(
        "figure",
        {},
        h("figcaption.small.muted", {}, nodes("share.through", { person: h("strong", {}, share.shared_by_user_id) })),
        chain([me, ...through, to], t("you")),
      ),
    h(
      "div.row",
      {},
      !isOver && act("narrow", "", narrowShare, "edit"),
      share.status !== "revoked" && act(isOver ? "renew" : "extend", "", extendShare, "clock"),
      !isOver && act("revoke", ".danger-quiet", revokeShare, "end"),
    ),
  );
}
