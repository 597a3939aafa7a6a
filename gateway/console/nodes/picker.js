// Choosing a node: from the list, or by pasting nodes.

import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { button, chip, empty, fold, note } from "../ui/elements.js";
import { textField } from "../ui/fields.js";
import { tagsOf, titleOf } from "./names.js";
import { nodes, useNodes } from "./store.js";

const EXAMPLE = `[{"id": "n1", "node_type": "EXPERIENCE", "created_at": "2026-05-04T18:20:00Z",
  "tags": [{"id": "t-travel", "name": "Travel"}],
  "fields": {"title": "A week in Lisbon", "content": "Call +49 30 901820"}}]`;

/** A list of the nodes; `choose(node)` is called with each that is chosen. */
export async function nodePicker(choose) {
  const list = h("div.node-list", { role: "group", "aria-label": t("node.list") });
  const search = textField(t("node.search"), "", { type: "search", onchange: () => draw() });
  let known = await nodes();
  let chosen = null;
  let items = new Map();
  const pick = (node) => {
    chosen = node;
    // Not rendered again, so the focus stays.
    for (const [known, item] of items) item.setAttribute("aria-pressed", String(known === chosen));
    choose(node);
  };
  const draw = () => {
    const wanted = search.value().toLowerCase();
    const matches = known
      .filter((node) =>
        `${titleOf(node)} ${node.description.id} ${node.description.node_type} ${tagsOf(node).join(" ")}`.toLowerCase().includes(wanted),
      )
      .slice(0, 200);
    items = new Map(
      matches.map((node) => [
        node,
        h(
          "button.node-item",
          { type: "button", "aria-pressed": String(node === chosen), onclick: () => pick(node) },
          h("strong", {}, titleOf(node)),
          h(
            "span.row.small",
            {},
            h("span.muted", {}, node.description.node_type ?? ""),
            tagsOf(node).map((name) => chip(name)),
          ),
        ),
      ]),
    );
    fill(list, [...items.values()]);
    if (matches.length === 0 && known.length > 0) fill(list, h("p.muted", {}, t("node.none-found")));
  };
  const chooser = h("div.stack-small", {}, search.element, list);
  const none = empty("node", t("node.empty"), t("node.empty.lead"));
  const show = () => {
    chooser.hidden = known.length === 0;
    none.hidden = known.length > 0;
    draw();
  };
  const paste = pasteNodes((loaded) => {
    known = loaded;
    search.input.value = "";
    show();
    if (known[0]) pick(known[0]);
  }, known.length === 0);
  show();
  if (known[0]) queueMicrotask(() => pick(known[0]));
  return h("div.stack", {}, none, chooser, paste);
}

/** A form that takes nodes as JSON. */
export function pasteNodes(loaded, isOpen) {
  const text = textField(t("paste.label"), "", {
    multiline: true,
    hint: t("paste.hint"),
    spellcheck: "false",
    placeholder: EXAMPLE,
    rows: 6,
  });
  text.input.classList.add("code");
  const remark = h("div", {});
  const use = () => {
    fill(remark);
    try {
      const nodes = useNodes(text.value());
      text.setError([]);
      fill(remark, note("good", null, h("p", { role: "status" }, t("paste.done", { count: nodes.length }))));
      loaded(nodes);
    } catch (error) {
      const key = error instanceof SyntaxError ? "paste.not-json" : error instanceof RangeError ? "paste.too-many" : "paste.no-id";
      text.setError([t(key, { index: Number(error.message) + 1 || 1 })]);
      text.input.focus();
    }
  };
  return fold(t("paste.title"), null, isOpen, text.element, h("div", {}, button(t("paste.use"), "primary.small", use)), remark);
}
