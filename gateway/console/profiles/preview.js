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

/** A debounced preview of the draft, compared with the stored profile. `showErrors(fields)` shows validation errors and returns whether every field has a place. */
export function livePreview(profileId, stored, showErrors, signal) {
  const place = h("div.stack", {});
  // Live region; short, because screen readers announce it on each change.
  const summary = h("p.visually-hidden", { role: "status" });
  const element = h("div.stack", {}, summary, place);
  let waiting = null;
  let asking = null;
  let latest = null;
  // The page was left.
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
      // The form mutates the draft while the request is in flight.
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
    /** Requests a preview once typing pauses (debounce). */
    follow(draft) {
      latest = null;
      clearTimeout(waiting);
      // A stale response must not be drawn over the new draft.
      asking?.abort();
      fill(place, h("p.muted", {}, t("preview.checking")));
      waiting = setTimeout(() => ask(draft), DELAY);
    },
    /** Cancels the preview while the draft is incomplete. */
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

/** The descriptions of nodes that have the fields required for a decision. */
export const describedOf = (nodes) =>
  nodes.map((node) => node.description).filter(({ node_type: type, created_at: created }) => type && created);

/** Whether a change widens what apps see or may do: the kind of the note, and the key of its text. */
export function verdict({ gained, example_gained: example, proven, warnings }, texts) {
  // WIDENED also covers more detail of nodes that are visible already.
  if (gained.length > 0 || example || warnings.some(({ code }) => code === "WIDENED")) return ["warn", `${texts}.widens`];
  return proven ? ["good", `${texts}.not-widened`] : ["warn", "editor.unproven"];
}

/** The added and removed rules, in words; null for a new profile. */
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
