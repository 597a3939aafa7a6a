// Profiles: what apps may see. The list, and the editor of one.

import { all, offsetPages, pagesAfter, post, put, remove, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { editor } from "../profiles/editor.js";
import { warningList } from "../profiles/warnings.js";
import { profileWords } from "../profiles/words.js";
import { confirmed } from "../ui/dialog.js";
import { button, chip, empty, linkButton, pageHead, say } from "../ui/elements.js";
import { pagedList } from "../ui/load.js";

export function render(place, { signal, parts: [id] }) {
  if (id) return editor(place, id === "new" ? null : id, signal);
  const list = h("div", {});
  const refresh = async (quietly = true) => {
    let apps = [];
    const loadApps = () => all(tokenPages("/access/apps", "apps", { size: 100, signal })).catch(() => []);
    const pages = pagesAfter(
      loadApps,
      (found) => {
        apps = found;
      },
      offsetPages("/exposure-profiles", "exposure_profiles", { size: 20, signal }),
    );
    await pagedList(
      list,
      pages,
      (profile) => card(profile, apps, refresh),
      () =>
        empty(
          "profiles",
          t("profiles.empty"),
          t("profiles.empty.lead"),
          linkButton(t("profiles.new"), "primary", address("profiles", "new"), "add"),
          button(t("profiles.restrictive"), "", async () => {
            if (await startRestrictive()) refresh();
          }),
        ),
      { signal, quietly },
    );
  };
  fill(
    place,
    pageHead(t("profiles.title"), t("profiles.lead"), linkButton(t("profiles.new"), "primary", address("profiles", "new"), "add")),
    list,
  );
  return refresh(false);
}

/** Makes the strict template the default, so that new apps get it. */
const startRestrictive = () =>
  confirmed({
    title: t("profiles.restrictive"),
    kind: "primary",
    confirm: t("profiles.restrictive.do"),
    content: h("p", {}, t("profiles.restrictive.lead")),
    act: async () => {
      const { id } = await post("/exposure-profiles/from-template", { template: "restrictive" });
      await put(`/exposure-profiles/${encodeURIComponent(id)}`, { is_default: true });
    },
  });

function card(profile, apps, changed) {
  const users = apps.filter((app) => app.profile.id === profile.id).map((app) => app.app_id);
  return h(
    "li.card",
    { "data-key": profile.id },
    h(
      "div.stack-small",
      {},
      h("h2", { tabindex: -1 }, profile.name),
      profile.description && h("p.muted", {}, profile.description),
      profileWords(profile),
      h(
        "div.row",
        {},
        profile.is_default && chip(t("profile.default"), "accent"),
        users.length === 0
          ? h("span.small.muted", {}, t("profile.unused"))
          : [h("span.small.muted", {}, t("profile.used-by")), users.map((app) => chip(app))],
      ),
    ),
    h(
      "div.card-parts",
      {},
      warningList(profile.warnings),
      h(
        "div.part",
        {},
        h(
          "div.row",
          {},
          linkButton(t("profile.edit"), "small", address("profiles", profile.id), "edit", profile.name),
          !profile.is_default &&
            users.length === 0 &&
            button(
              t("profile.delete"),
              "small.danger-quiet",
              async () => {
                if (await deleteProfile(profile)) changed();
              },
              { symbol: "end", about: profile.name },
            ),
        ),
      ),
    ),
  );
}

async function deleteProfile({ id, name }) {
  const isDone = await confirmed({
    title: t("profile.delete.title", { name }),
    confirm: t("profile.delete"),
    content: h("p", {}, t("profile.delete.lead")),
    act: () => remove(`/exposure-profiles/${encodeURIComponent(id)}`),
  });
  if (isDone) say(t("profile.delete.done", { name }));
  return isDone;
}
