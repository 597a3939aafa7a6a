// Shared with me: from whom, what, and how to get rid of it.

import { all, call, offsetPages, remove, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { nodes, t, timeElement } from "../lib/i18n.js";
import { current } from "../lib/session.js";
import { createReshare } from "../shares/reshare.js";
import { sharePart } from "../shares/share_part.js";
import { effectChips, endWords, scopeWords, shareName, termsOf } from "../shares/words.js";
import { chain } from "../ui/chain.js";
import { confirmed } from "../ui/dialog.js";
import { avatar, button, chip, empty, fold, pageHead, say } from "../ui/elements.js";
import { pagedList } from "../ui/load.js";

// The names of other people's tags are not known here.
const names = (_, id) => id;

export function render(place, { signal }) {
  const list = h("div", {});
  const blocked = h("div", {});
  const refresh = (quietly = true) =>
    Promise.all([
      pagedList(
        list,
        offsetPages("/sharing/incoming", "shares", { query: { is_active: true }, signal }),
        (share) => shareCard(share, refresh),
        () => empty("incoming", t("incoming.empty"), t("incoming.empty.lead")),
        { signal, quietly },
      ),
      pagedList(
        blocked,
        tokenPages("/access/blocked", "blocked", { size: 100, signal }),
        (person) => blockedPerson(person, refresh),
        () => h("p.muted", {}, t("incoming.blocked.empty")),
        { kind: "ul.stack-small", signal, quietly },
      ),
    ]);
  fill(
    place,
    pageHead(t("incoming.title"), t("incoming.lead")),
    list,
    h("section.section", {}, passedOn(signal)),
    h("section.section", {}, h("h2", {}, t("incoming.blocked")), blocked),
  );
  refresh(false);
}

/** What I passed on of other people's data. It is read when the part is opened. */
function passedOn(signal) {
  const list = h("div", {});
  const part = fold(t("incoming.passed-on"), null, false, h("p.hint", {}, t("incoming.passed-on.lead")), list);
  const refresh = () => {
    const read = async () => {
      const shares = await all(offsetPages("/sharing/outgoing", "shares", { query: { is_active: true }, size: 100, signal }));
      return { entries: shares.filter((share) => share.owner_id !== current().user), hasMore: false };
    };
    const draw = (share) =>
      h(
        "li.card",
        { "data-key": share.id },
        h(
          "div.card-head",
          {},
          avatar(share.shared_with_user_id, ".small"),
          h("h3", { tabindex: -1 }, t("incoming.passed-on.to", { person: share.shared_with_user_id, owner: share.owner_id })),
        ),
        h("div.card-parts", {}, sharePart(share, names, refresh)),
      );
    return pagedList(list, read, draw, () => h("p.muted", {}, t("incoming.passed-on.empty")), { signal });
  };
  part.addEventListener("toggle", () => {
    if (part.open) refresh();
  });
  return part;
}

function shareCard(share, changed) {
  const me = current().user;
  const { owner_id: owner, shared_by_user_id: creator } = share;
  const terms = termsOf(share);
  const isReshare = creator !== owner;
  const act = (name, kind, dialog, symbol) =>
    button(
      t(`incoming.${name}`),
      `small${kind}`,
      async () => {
        if (await dialog(share)) changed();
      },
      { symbol, about: `${owner}, ${shareName(terms, names)}` },
    );
  return h(
    "li.card",
    { "data-key": share.id },
    h(
      "div.card-head",
      {},
      avatar(owner),
      h(
        "div.stack-small",
        {},
        h("h2", { tabindex: -1 }, owner),
        scopeWords(terms, names),
        h("div.row", {}, effectChips(share), share.source === "follow" && chip(t("incoming.follow"))),
        h("p.facts", {}, h("span", {}, nodes("people.since", { time: timeElement(share.created_at) })), endWords(terms.expires_at)),
        isReshare &&
          h(
            "figure",
            {},
            h("figcaption.small.muted", {}, nodes("incoming.through", { person: h("strong", {}, creator) })),
            chain([owner, creator, me], owner),
          ),
      ),
    ),
    h(
      "div.card-parts",
      {},
      h(
        "div.part",
        {},
        h(
          "div.row",
          {},
          share.effective?.can_share && act("reshare", "", createReshare, "share"),
          act("leave", ".danger-quiet", leave, "end"),
          act("block", ".danger-quiet", block, "block"),
        ),
      ),
    ),
  );
}

function blockedPerson(person, changed) {
  return h(
    "li.card.row-between",
    { "data-key": person },
    h("div.row", {}, avatar(person, ".small"), h("h3", { tabindex: -1 }, person)),
    button(
      t("incoming.unblock"),
      "small",
      async () => {
        const isDone = await confirmed({
          title: t("incoming.unblock.title", { person }),
          kind: "primary",
          confirm: t("incoming.unblock"),
          content: h("p", {}, t("incoming.unblock.lead", { person })),
          act: () => remove(`/access/blocked/${encodeURIComponent(person)}`),
        });
        if (isDone) changed();
      },
      { about: person },
    ),
  );
}

async function leave({ id, owner_id: owner }) {
  const isDone = await confirmed({
    title: t("incoming.leave.title", { person: owner }),
    confirm: t("incoming.leave"),
    content: h("p", {}, t("incoming.leave.lead", { person: owner })),
    act: () => remove(`/access/incoming/${id}`),
  });
  if (isDone) say(t("incoming.leave.done", { person: owner }));
  return isDone;
}

async function block({ owner_id: owner }) {
  const isDone = await confirmed({
    title: t("incoming.block.title", { person: owner }),
    confirm: t("incoming.block"),
    content: h("p", {}, t("incoming.block.lead", { person: owner })),
    act: () => call("PUT", `/access/blocked/${encodeURIComponent(owner)}`),
  });
  if (isDone) say(t("incoming.block.done", { person: owner }));
  return isDone;
}
