// People: everyone who can act on some of my data.

import { offsetPages, pagesAfter, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { nodes, t, timeElement } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { current } from "../lib/session.js";
import { createShare } from "../shares/dialogs.js";
import { loadNames } from "../shares/names.js";
import { sharePart } from "../shares/share_part.js";
import { stopEverything, stopPerson } from "../shares/stop.js";
import { actionChips, endWords, lastUse } from "../shares/words.js";
import { avatar, button, empty, fold, linkButton, pageHead } from "../ui/elements.js";
import { pagedList, showEntry } from "../ui/load.js";

export function render(place, { signal, parts: [wanted] }) {
  const shares = new Map();
  const list = h("div", {});
  const ended = h("div", {});
  const refresh = async (quietly = true) => {
    let names = null;
    const pages = pagesAfter(
      loadNames,
      (found) => {
        names = found;
      },
      tokenPages("/access/people", "people", { signal }),
    );
    shares.clear();
    const draw = (person) => {
      for (const share of person.shares) shares.set(share.id, share);
      return personCard(person, names, refresh, (share) => effectsOf(share, shares));
    };
    await pagedList(list, pages, draw, noPeople, { signal, quietly });
  };
  const create = async () => {
    if (await createShare()) refresh();
  };
  const noPeople = () =>
    empty("people", t("people.empty"), t("people.empty.lead"), button(t("people.share"), "primary", create, { symbol: "share" }));
  fill(
    place,
    pageHead(
      t("people.title"),
      t("people.lead"),
      button(t("people.share"), "primary", create, { symbol: "share" }),
      button(
        t("stop.open"),
        "danger-quiet",
        async () => {
          if (await stopEverything("people")) refresh();
        },
        { symbol: "stop" },
      ),
    ),
    list,
    h("section.section", {}, pastShares(ended, refresh, signal)),
  );
  refresh(false).then(() => wanted && showEntry(list, wanted));
}

/** Who loses access with a share, and which other shares its recipient has; among the loaded pages. */
function effectsOf(share, shares) {
  const isBelow = ({ parent_share_id: parent }) => parent === share.id || (shares.has(parent) && isBelow(shares.get(parent)));
  const others = [...shares.values()].filter((other) => other.id !== share.id);
  const also = others.filter(isBelow).map((other) => other.shared_with_user_id);
  return {
    also: [...new Set(also)],
    rest: others.filter((other) => other.shared_with_user_id === share.shared_with_user_id && !isBelow(other)),
  };
}

function personCard({ user_id: person, actions, shares, shares_total: total, since, until, last_used_at: used }, names, changed, effects) {
  return h(
    "li.card",
    { "data-key": person },
    h(
      "div.card-head",
      {},
      avatar(person),
      h(
        "div.stack-small",
        {},
        h("h2", { tabindex: -1 }, person),
        total > 1 && h("div.row", {}, actionChips(actions)),
        h(
          "p.facts",
          {},
          since && h("span", {}, nodes("people.since", { time: timeElement(since) })),
          total > 1 && endWords(until),
          lastUse(used),
        ),
      ),
    ),
    h(
      "div.card-parts",
      {},
      shares.map((share) => sharePart(share, names, changed, effects)),
      total > shares.length && h("p.hint", {}, t("people.more-shares", { count: total - shares.length })),
      h(
        "div.part",
        {},
        h(
          "div.row",
          {},
          linkButton(t("people.view-as", { person }), "small", address("node", "as", person), "node"),
          button(
            t("people.stop", { person }),
            "small.danger-quiet",
            async () => {
              if (await stopPerson(person)) changed();
            },
            { symbol: "stop" },
          ),
        ),
      ),
    ),
  );
}

/** Without the shares of other people's data that I passed on: those are under "Shared with me". */
const ownShares = (pages) => async () => {
  const own = [];
  for (let read = 0; read < 20; read += 1) {
    const { entries, hasMore } = await pages();
    own.push(...entries.filter((share) => share.owner_id === current()?.user));
    if (own.length > 0 || !hasMore) return { entries: own, hasMore };
  }
  return { entries: own, hasMore: true };
};

/** Shares that ended: to look up, and to renew. They are read when the part is opened. */
function pastShares(list, changed, signal) {
  const part = fold(t("people.past"), null, false, h("p.hint", {}, t("people.past.lead")), list);
  part.addEventListener("toggle", async () => {
    if (!part.open) return;
    let names = null;
    const pages = pagesAfter(
      loadNames,
      (found) => {
        names = found;
      },
      ownShares(offsetPages("/sharing/outgoing", "shares", { query: { is_active: false }, size: 50, signal })),
    );
    const draw = (share) =>
      h(
        "li.card",
        {},
        h("div.card-head", {}, avatar(share.shared_with_user_id, ".small"), h("h3", {}, share.shared_with_user_id)),
        h(
          "div.card-parts",
          {},
          sharePart(share, names, () => {
            part.open = false;
            changed();
          }),
        ),
      );
    await pagedList(list, pages, draw, () => h("p.muted", {}, t("people.past.empty")), { signal });
  });
  return part;
}
