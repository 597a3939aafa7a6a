// "View as": a node as I have it, beside what others see of it.

import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { avatar, chip } from "../ui/elements.js";
import { tagsOf } from "./names.js";
import { reasonWords } from "./reasons.js";

/** What I have. */
export function ownView(node) {
  return view(t("view.mine"), null, chip(t("view.whole")), fields(node.fields, node.fields), tagRow(tagsOf(node), 0));
}

/** What another sees. `seen` is an entry of the answer of `/access/view-as`; `nameOf` names the ids in its reason. */
export function otherView(name, kind, node, seen, nameOf) {
  const isVisible = seen.visible && seen.view;
  const state = isVisible ? chip(t("view.visible"), "warn") : chip(t("view.hidden"), "good");
  const why = h("p.small.muted", {}, reasonWords(seen.reason, nameOf));
  if (!isVisible) return view(name, kind, state, h("p", {}, t("view.nothing", { name })), null, why);
  const { description, fields: shown } = seen.view;
  const tags = (description?.tags ?? []).map((tag) => tag.name || tag.id);
  return view(name, kind, state, fields(node.fields, shown ?? {}), tagRow(tags, Math.max(0, tagsOf(node).length - tags.length)), why);
}

function view(name, kind, state, content, tags, why = null) {
  return h(
    "section.card.stack-small",
    { "aria-label": name },
    h("div.card-head", {}, kind && avatar(name, kind === "app" ? ".square.small" : ".small"), h("div", {}, h("h3", {}, name))),
    state,
    tags,
    content,
    why,
  );
}

function tagRow(tags, missing) {
  return h(
    "div.row",
    {},
    tags.map((tag) => chip(tag)),
    missing > 0 && h("span.gone.small", {}, t("view.tags-removed", { count: missing })),
  );
}

/** The fields, with what differs from mine marked. */
function fields(mine, shown) {
  const names = [...new Set([...Object.keys(mine), ...Object.keys(shown)])];
  return h(
    "dl.view-fields",
    {},
    names.map((name) => h("div", {}, h("dt", {}, name), h("dd", {}, value(mine[name], shown[name], name in shown)))),
  );
}

function value(mine, shown, isThere) {
  if (!isThere) return h("span.gone", {}, t("view.removed"));
  const [before, after] = [written(mine), written(shown)];
  if (before === after) return after;
  return marked(before, after);
}

const written = (value) => (typeof value === "string" ? value : (JSON.stringify(value, null, 1) ?? ""));

/** Marks the words of `after` that are not in `before`, by the longest common subsequence of words. */
function marked(before, after) {
  const [a, b] = [before, after].map((text) => text.split(/(\s+|[,.;:()]+(?=\s|$))/).filter((word) => word !== ""));
  if (a.length * b.length > 250_000) return mark(after);
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const parts = [];
  let [i, j, changed] = [0, 0, ""];
  const flush = () => {
    if (changed.trim()) parts.push(mark(changed));
    else parts.push(changed);
    changed = "";
  };
  while (j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      flush();
      parts.push(b[j]);
      i += 1;
      j += 1;
    } else if (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1]) {
      i += 1;
    } else {
      changed += b[j];
      j += 1;
    }
  }
  flush();
  return parts.filter((part) => part !== "");
}

const mark = (text) => h("mark", {}, h("span.visually-hidden", {}, `${t("view.redacted")} `), text);
