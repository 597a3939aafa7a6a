// The profile editor: form, live preview, and a confirmation that shows what a change exposes.

import { all, call, get, idempotencyKey, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { list, t } from "../lib/i18n.js";
import { address, go, guardLeaving, unguard } from "../lib/router.js";
import { current } from "../lib/session.js";
import { pasteNodes } from "../nodes/picker.js";
import { nodes as knownNodes } from "../nodes/store.js";
import { tagNames } from "../nodes/tags.js";
import { ask } from "../ui/dialog.js";
import { button, fold, linkButton, note, pageHead, say } from "../ui/elements.js";
import { loadInto } from "../ui/load.js";
import { blank, creation, draftOf, isSame, update } from "./draft.js";
import { form } from "./form.js";
import { comparison, describedOf, livePreview, ruleChanges, verdict, withoutMember } from "./preview.js";
import { warningList } from "./warnings.js";

/** Unsaved changes when a session ended, for the same person after the next sign-in: `{user, id, draft, version}`. */
let unsaved = null;

const path = (id) => `/exposure-profiles/${encodeURIComponent(id)}`;

/** Edits a stored profile; without an id a new one. */
export async function editor(place, id, signal) {
  const content = h("div", {});
  const title = id ? t("editor.title") : t("editor.new");
  fill(place, pageHead(title, t("editor.lead"), linkButton(t("editor.back"), "plain", address("profiles"))), content);
  await loadInto(
    content,
    async () => {
      const [stored, tags, apps] = await Promise.all([
        id ? call("GET", path(id), { query: { include_yaml: false }, signal }) : null,
        tagNames().catch(() => new Map()),
        all(tokenPages("/access/apps", "apps", { size: 100, signal })).catch(() => []),
      ]);
      const using = apps.filter((app) => app.profile.id === id).map((app) => app.app_id);
      return {
        profile: stored?.body ?? null,
        version: stored?.headers.get("ETag"),
        tags,
        apps: using,
        types: [...new Set((await knownNodes()).map((node) => node.description.node_type).filter(Boolean))],
      };
    },
    (loaded) => draw(loaded, place, signal),
    { cards: 2, signal },
  );
}

function draw({ profile, version: stored, tags, apps, types }, place, signal) {
  const original = profile ? draftOf(profile) : blank();
  const id = profile?.id ?? null;
  // The session may have ended while it was edited.
  const kept = unsaved?.user === current().user && unsaved.id === id ? unsaved : null;
  const draft = kept?.draft ?? structuredClone(original);
  // The version that the draft is based on: a profile that has changed since is a conflict (412), so no update is lost.
  const version = kept?.version ?? stored;
  unsaved = null;
  if (kept) say(t("editor.kept"));
  let isComplete = true;
  if (profile) place.querySelector("h1").textContent = profile.name;

  const preview = livePreview(id, id ? original : null, (fields) => fieldset.showErrors(fields), signal);
  const changed = (complete) => {
    isComplete = complete;
    unsaved = isSame(draft, original) ? null : { user: current().user, id, draft, version };
    save.disabled = isSame(draft, original) && Boolean(id);
    if (isComplete) preview.follow(draft);
    else preview.pause(t("editor.incomplete"));
  };
  const fieldset = form(draft, original, tags, Boolean(id), changed, types);
  const save = button(id ? t("editor.save") : t("editor.create"), "primary", () => store(), { disabled: Boolean(id) && !kept });
  const failure = h("div", {});

  const store = async () => {
    fill(failure);
    if (!isComplete) return fill(failure, note("bad", null, h("p", { role: "alert" }, t("editor.incomplete"))));
    if (!draft.name.trim()) return fieldset.showErrors({ name: [t("editor.name-missing")] }, { isOfServer: false, takesFocus: true });
    const saved = await confirmAndSave({
      id,
      draft,
      stored: id ? original : null,
      apps,
      version,
      preview,
      showErrors: fieldset.showErrors,
    });
    if (!saved) return undefined;
    unguard();
    unsaved = null;
    say(t("editor.saved", { name: saved.name }));
    if (!id) return go("profiles", saved.id);
    await editor(place, id, signal);
    return place.querySelector("h1")?.focus();
  };

  guardLeaving(
    () => !isSame(draft, original),
    () => {
      const isDiscarded = confirm(t("editor.leave"));
      if (isDiscarded) unsaved = null;
      return isDiscarded;
    },
  );
  preview.follow(draft);
  const nodesNote = h("p.small.muted", {});
  const count = (nodes) => fill(nodesNote, nodes.length ? t("preview.nodes", { count: describedOf(nodes).length }) : t("preview.no-nodes"));
  knownNodes().then(count);
  const paste = pasteNodes((nodes) => {
    count(nodes);
    if (isComplete) preview.follow(draft);
  }, false);
  return h(
    "div.two",
    {},
    h("div.stack", {}, fieldset.element, failure, h("div.row.save-bar", {}, save, linkButton(t("dialog.cancel"), "", address("profiles")))),
    h(
      "aside.card.stack",
      { "aria-label": t("preview.title") },
      h("h2", {}, t("preview.title")),
      nodesNote,
      preview.element,
      paste,
      id && yaml(id),
    ),
  );
}

/** Shows what the change exposes, and saves it on confirmation. */
function confirmAndSave({ id, draft, stored, apps, version, preview, showErrors }) {
  const shown = h("div.stack", {});
  const key = idempotencyKey();
  let isKnown = false;
  loadInto(
    shown,
    () => preview.of(draft),
    ({ preview: found, nodes }) => {
      isKnown = true;
      const [kind, title] = verdict(found, "editor");
      // Enables the submit button, also after a retry.
      queueMicrotask(() => shown.dispatchEvent(new Event("input", { bubbles: true })));
      return [
        note(
          kind,
          t(title),
          apps.length > 0 && h("p", {}, t("editor.apps", { apps: list(apps) })),
          comparison(found, nodes, id, ruleChanges(stored, draft)),
        ),
        warningList(found.warnings),
      ];
    },
    { cards: 1 },
  );
  return ask({
    title: t("editor.confirm.title", { name: draft.name }),
    confirm: t(id ? "editor.save" : "editor.create"),
    content: shown,
    // Shown at the fields of the page and in the dialog.
    showErrors: (fields) => showErrors(withoutMember(fields)) && false,
    isReady: () => isKnown,
    act: async () => {
      if (id) return (await call("PUT", path(id), { body: update(draft), headers: { "If-Match": version } })).body;
      return (await call("POST", "/exposure-profiles", { body: creation(draft), headers: { "Idempotency-Key": key } })).body;
    },
  });
}

/** The profile as YAML, loaded when the section is opened. */
function yaml(id) {
  const text = h("pre.small", { tabindex: 0, "aria-label": t("editor.yaml") });
  const place = h("div", {});
  const part = fold(t("editor.yaml"), null, false, place);
  part.addEventListener("toggle", () => {
    if (part.open)
      loadInto(
        place,
        () => get(path(id), { include_yaml: true }),
        (profile) => fill(text, profile.yaml),
        { cards: 1 },
      );
  });
  return part;
}
