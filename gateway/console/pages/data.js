// My data: a copy of everything, and its erasure.

import { call } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { current } from "../lib/session.js";
import { ask } from "../ui/dialog.js";
import { button, note, pageHead } from "../ui/elements.js";
import { failureNote } from "../ui/failure.js";
import { textField } from "../ui/fields.js";

/** The timeout of the export, which may be large on a slow connection. */
const EXPORT_TIMEOUT = 30 * 60_000;

export function render(place, { signal }) {
  const exported = h("div", { role: "status" });
  const erased = h("div.stack-small", { role: "status" });
  const download = button(t("export.do"), "primary", () => exportData(download, exported, signal), { symbol: "download" });
  fill(
    place,
    pageHead(t("data.title"), t("data.lead")),
    h(
      "div.stack",
      {},
      h("section.card.stack", {}, h("h2", {}, t("export.title")), h("p", {}, t("export.lead")), h("div", {}, download), exported),
      h(
        "section.card.stack",
        {},
        h("h2", {}, t("erase.title")),
        h("p", {}, t("erase.lead")),
        h(
          "ul.stack-small",
          {},
          ["shares", "apps", "history"].map((part) => h("li", {}, "– ", t(`erase.${part}`))),
        ),
        h(
          "div",
          {},
          button(t("erase.do"), "danger", () => erase(erased, signal)),
        ),
        erased,
      ),
    ),
  );
}

async function exportData(download, place, signal) {
  download.disabled = true;
  fill(place, h("p.muted", {}, t("loading")));
  try {
    const { text } = await call("GET", "/access/export", { signal, timeout: EXPORT_TIMEOUT });
    const name = `ofself-${current().user}-${new Date().toISOString().slice(0, 10)}.json`;
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = h("a", { href: url, download: name }, name);
    fill(place, note("good", t("export.done"), h("p", {}, link, " ", t("export.size", { size: Math.ceil(text.length / 1024) }))));
    link.click();
  } catch (error) {
    if (!signal.aborted) fill(place, failureNote(error));
  }
  download.disabled = false;
}

/** Erases the person after they typed their id, and shows the state of the erasure. */
async function erase(place, signal) {
  const { user } = current();
  const typed = textField(t("erase.type", { user }), "", { spellcheck: "false" });
  const begun = await ask({
    title: t("erase.confirm.title"),
    confirm: t("erase.do"),
    kind: "danger",
    content: [h("p", {}, t("erase.confirm.lead")), typed.element],
    isReady: () => typed.value() === user,
    act: async () => {
      const {
        body: { confirmation },
      } = await call("POST", "/access/erasure");
      const {
        body: { state },
      } = await call("DELETE", "/access/me", { query: { confirmation } });
      return { confirmation, state };
    },
  });
  if (!begun) return;
  const show = (state) => {
    const check = button(t("erase.check"), "small", async () => {
      check.disabled = true;
      try {
        show((await call("DELETE", "/access/me", { query: { confirmation: begun.confirmation }, signal })).body.state);
      } catch (error) {
        if (!signal.aborted) place.append(failureNote(error));
      }
      check.disabled = false;
    });
    fill(
      place,
      note(
        state === "erased" ? "good" : "",
        t(`erase.state.${state}`),
        h("p", {}, t(`erase.state.${state}.lead`)),
        state !== "erased" && h("div", {}, check),
      ),
    );
  };
  show(begun.state);
}
