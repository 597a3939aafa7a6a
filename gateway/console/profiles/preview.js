// The live preview of an edited profile: what a change exposes and hides.

import { post } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { serverText, t } from "../lib/i18n.js";
import { titleOf } from "../nodes/names.js";
import { nodes as knownNodes } from "../nodes/store.js";
import { failureNote } from "../ui/failure.js";
import { note } from "../ui/elements.js";
import { creation, update } from "./draft.js";
import { warningList } from "./warnings.js";
import { rulesOf } from "./words.js";

const DELAY = 350;

/** A preview that follows the draft, and compares it with what is stored. `showErrors(fields)` gets the errors of fields and returns whether it has shown them all. */
export function livePreview(profileId, stored, showErrors, signal) {
  const place = h("div.stack", {});
  // Short, because it is read out at each change.
  const summary = h("p.visually-hidden", { role: "status" });
  const element = h("div.stack", {}, summary, place);
  let waiting = null;
  let asking = null;
  let latest = null;
  // The page is left.
  signal.addEventListener(
    "abort",
    () => {
      clearTimeout(waiting);
      asking?.abort();
    },
    { once: true },
  );

  const ask = async (draft) => {
    asking?.abort();
    asking = new AbortController();
    const { signal: current } = asking;
    place.setAttribute("aria-busy", "true");
    const nodes = await knownNodes();
    try {
      // The form goes on changing the draft.
      const asked = structuredClone(draft);
      const preview = await previewOf(profileId, asked, nodes, current);
      if (current.aborted) return;
      showErrors({});
      latest = { draft: asked, preview, nodes };
      fill(place, drawPreview(preview, nodes, profileId, ruleChanges(stored, asked)));
      summary.textContent = t("preview.summary", {
        gained: preview.gained.length,
        lost: preview.lost.length,
        warnings: preview.warnings.length,
      });
    } catch (error) {
      if (current.aborted) return;
      latest = null;
      const isShown = error.fields && Object.keys(error.fields).length > 0 && showErrors(withoutMember(error.fields));
      fill(place, isShown ? note("bad", null, h("p", {}, t("preview.wrong-fields"))) : failureNote(error, () => ask(draft)));
    }
    place.removeAttribute("aria-busy");
  };

  return {
    element,
    /** Follows a change, once typing pauses. */
    follow(draft) {
      latest = null;
      clearTimeout(waiting);
      fill(place, h("p.muted", {}, t("preview.checking")));
      waiting = setTimeout(() => ask(draft), DELAY);
    },
    /** Says that the draft is not complete. */
    pause(text) {
      clearTimeout(waiting);
      asking?.abort();
      latest = null;
      place.removeAttribute("aria-busy");
      fill(place, note("", null, h("p", {}, text)));
    },
    /** The preview of exactly this draft. */
    async of(draft) {
      if (latest && JSON.stringify(latest.draft) === JSON.stringify(draft)) return latest;
      const nodes = await knownNodes();
      return { draft, preview: await previewOf(profileId, draft, nodes, signal), nodes };
    },
  };
}

function previewOf(profileId, draft, nodes, signal) {
  const described = describedOf(nodes);
  // A new profile needs its name only when it is created.
  const { name, ...rules } = creation(draft);
  const body = profileId ? { profile_id: profileId, changes: update(draft) } : { draft: name.trim() ? { name, ...rules } : rules };
  return post("/access/preview", { ...body, nodes: described }, signal);
}

/** The descriptions by which a profile can decide. */
export const describedOf = (nodes) =>
  nodes.map((node) => node.description).filter(({ node_type: type, created_at: created }) => type && created);

/** The rules that come and go, in words; null where there is nothing to compare with. */
export function ruleChanges(stored, draft) {
  if (!stored) return null;
  const [before, after] = [rulesOf(stored), rulesOf(draft)];
  const line = (sign, words) =>
    h(
      "li",
      {},
      h("span.sign", { "aria-hidden": "true" }, sign),
      h("span.visually-hidden", {}, t(sign === "+" ? "preview.rule-added" : "preview.rule-removed")),
      h("span", {}, words),
    );
  const lines = [
    ...before.filter((rule) => !after.includes(rule)).map((rule) => line("−", rule)),
    ...after.filter((rule) => !before.includes(rule)).map((rule) => line("+", rule)),
  ];
  return lines.length > 0 && h("ul.diff-list.small", {}, lines);
}

/** `changes.name` is the field `name`. */
export function withoutMember(fields) {
  return Object.fromEntries(Object.entries(fields).map(([path, messages]) => [path.replace(/^(changes|draft)\./, ""), messages]));
}

function drawPreview(preview, nodes, profileId, changes) {
  return [
    comparison(preview, nodes, profileId, changes),
    warningList(preview.warnings) ?? note("good", null, h("p", {}, t("preview.no-warnings"))),
  ];
}

/** What becomes visible and what is hidden: among the person's nodes, and by an example. */
export function comparison({ gained, lost, example_gained: more, example_lost: less, proven }, nodes, profileId, changes = null) {
  const titles = new Map(nodes.map((node) => [node.description.id, titleOf(node)]));
  const list = (ids, sign, label) =>
    ids.length > 0 &&
    h(
      "div",
      {},
      h("p.note-title", {}, label),
      h(
        "ul.diff-list",
        {},
        ids
          .slice(0, 50)
          .map((id) =>
            h(
              "li",
              {},
              h(`span.sign.${sign === "+" ? "plus" : "minus"}`, { "aria-hidden": "true" }, sign),
              h("span", {}, titles.get(id) ?? id),
            ),
          ),
        ids.length > 50 && h("li", {}, t("more", { count: ids.length - 50 })),
      ),
    );
  const isUnchanged = gained.length === 0 && lost.length === 0 && !more && !less;
  return h(
    "div.stack-small",
    {},
    isUnchanged && h("p", {}, t(proven ? (profileId ? "preview.same" : "preview.nothing") : "preview.unproven")),
    changes,
    list(gained, "+", t(profileId ? "preview.gained" : "preview.exposed", { count: gained.length })),
    list(lost, "−", t("preview.lost", { count: lost.length })),
    more && h("p.small", {}, t("preview.example-gained"), " ", serverText(more.text)),
    less && h("p.small", {}, t("preview.example-lost"), " ", serverText(less.text)),
    !isUnchanged && !proven && h("p.small", {}, t("preview.unproven")),
  );
}
