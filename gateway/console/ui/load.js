// Asynchronous rendering: a skeleton while content loads, an alert with a retry button if that fails.

import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { button, skeleton } from "./elements.js";
import { failureNote } from "./failure.js";

/** Request sequence number of each container: stale responses are discarded. */
const turns = new WeakMap();

/** Renders `draw(await load())` into `place`. `quietly`: the current content stays until then, for a refresh after a change. */
export async function loadInto(place, load, draw, { cards = 3, quietly = false, signal } = {}) {
  const attempt = async (keeps) => {
    const turn = (turns.get(place) ?? 0) + 1;
    turns.set(place, turn);
    const isOver = () => signal?.aborted || turns.get(place) !== turn;
    place.setAttribute("aria-busy", "true");
    if (!keeps) fill(place, skeleton(cards));
    try {
      const loaded = await load();
      if (isOver()) return;
      const key = document.activeElement?.closest("[data-key]")?.dataset.key;
      fill(place, draw(loaded));
      if (key && document.activeElement === document.body) focusKey(place, key);
    } catch (error) {
      if (isOver()) return;
      fill(
        place,
        failureNote(error, async () => {
          await attempt(false);
          // The retry button, which had the focus, was removed.
          if (document.activeElement === document.body) document.querySelector("h1")?.focus({ preventScroll: true });
        }),
      );
    } finally {
      if (turns.get(place) === turn) place.removeAttribute("aria-busy");
    }
  };
  await attempt(quietly && place.childElementCount > 0);
}

/** Restores the focus to the entry that was changed, or to the page title if it was removed. */
function focusKey(place, key) {
  const entry = [...place.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
  (entry?.querySelector("h2, h3") ?? document.querySelector("h1"))?.focus({ preventScroll: Boolean(entry) });
}

/** Scrolls to an entry of a list and focuses its title. */
export function showEntry(place, key) {
  const entry = [...place.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
  entry?.scrollIntoView({ block: "center" });
  entry?.querySelector("h2, h3")?.focus({ preventScroll: true });
}

/** Renders a paginated list with a button for the next page. `draw` renders an entry; `whenEmpty` the empty state. */
export async function pagedList(place, pages, draw, whenEmpty, { kind = "ul.cards", quietly = false, signal } = {}) {
  await loadInto(
    place,
    pages,
    ({ entries, hasMore }) => {
      if (entries.length === 0 && !hasMore) return whenEmpty();
      const items = h(kind, {}, entries.map(draw));
      return [items, hasMore && moreButton(pages, items, draw)];
    },
    { quietly, signal },
  );
}

function moreButton(pages, items, draw) {
  const failure = h("div", {});
  const more = button(t("list.more"), "", async () => {
    more.disabled = true;
    try {
      const { entries, hasMore } = await pages();
      const drawn = entries.map(draw);
      items.append(...drawn);
      fill(failure);
      if (!hasMore) place.remove();
      drawn[0]?.querySelector("button, a, input")?.focus();
    } catch (error) {
      fill(failure, failureNote(error));
    }
    more.disabled = false;
  });
  const place = h("div.section.stack", {}, failure, h("div", {}, more));
  return place;
}
