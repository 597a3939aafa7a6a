// Apps: what I connected, and by which profile each sees.

import { all, offsetPages, pagesAfter, post, put, remove, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { nodes, t, timeElement } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { nodes as knownNodes } from "../nodes/store.js";
import { creation, draftOf } from "../profiles/draft.js";
import { comparison, describedOf, ruleChanges, verdict } from "../profiles/preview.js";
import { warningList } from "../profiles/warnings.js";
import { profileWords } from "../profiles/words.js";
import { missingEnd, showIn } from "../shares/dialogs.js";
import { stopEverything } from "../shares/stop.js";
import { endWords } from "../shares/words.js";
import { ask, confirmed } from "../ui/dialog.js";
import { avatar, button, chip, empty, linkButton, note, pageHead, say } from "../ui/elements.js";
import { endField, selectField } from "../ui/fields.js";
import { loadInto, pagedList, showEntry } from "../ui/load.js";

export function render(place, { signal, parts: [wanted] }) {
  const list = h("div", {});
  const refresh = async (quietly = true) => {
    const profiles = new Map();
    const loadProfiles = () => all(offsetPages("/exposure-profiles", "exposure_profiles", { size: 100, signal })).catch(() => []);
    const pages = pagesAfter(
      loadProfiles,
      (found) => {
        for (const profile of found) profiles.set(profile.id, profile);
      },
      tokenPages("/access/apps", "apps", { signal }),
    );
    const noApps = () => empty("apps", t("apps.empty"), t("apps.empty.lead"));
    await pagedList(list, pages, (app) => appCard(app, profiles.get(app.profile.id), refresh), noApps, { signal, quietly });
  };
  fill(
    place,
    pageHead(
      t("apps.title"),
      t("apps.lead"),
      button(
        t("stop.open"),
        "danger-quiet",
        async () => {
          if (await stopEverything("apps")) refresh();
        },
        { symbol: "stop" },
      ),
    ),
    list,
  );
  refresh(false).then(() => wanted && showEntry(list, wanted));
}

function appCard(app, rules, changed) {
  const { app_id: id, tier, profile, granted_at: since, expires_at: end, last_asked_at: asked } = app;
  const act = (name, kind, dialog, symbol) =>
    button(
      t(`app.${name}`),
      `small${kind}`,
      async () => {
        if (await dialog(app)) changed();
      },
      { symbol, about: id },
    );
  return h(
    "li.card",
    { "data-key": id },
    h(
      "div.card-head",
      {},
      avatar(id, ".square"),
      h(
        "div.stack-small",
        {},
        h("h2", { tabindex: -1 }, id),
        h("div.row", {}, chip(t(`app.tier.${tier}`)), !rules && !profile.is_active && chip(t("profile.inactive"), "warn")),
        h("p", {}, nodes("app.sees", { profile: h("a", { href: address("profiles", profile.id) }, profile.name) })),
        rules && profileWords(rules),
        h(
          "p.facts",
          {},
          h("span", {}, nodes("app.since", { time: timeElement(since) })),
          endWords(end),
          h("span", {}, asked ? nodes("app.asked", { time: timeElement(asked) }) : t("app.never-asked")),
        ),
        app.asked_30d > 0 && h("p.small.muted", {}, t("app.counts", { shown: app.shown_30d, asked: app.asked_30d })),
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
          act("swap", "", swapProfile, "profiles"),
          act("extend", "", extendGrant, "clock"),
          linkButton(t("app.view"), "small", address("node", "app", id), "node", id),
          act("disconnect", ".danger-quiet", disconnect, "end"),
        ),
      ),
    ),
  );
}

async function swapProfile({ app_id: id, profile }) {
  const profiles = await all(offsetPages("/exposure-profiles", "exposure_profiles", { size: 100 })).catch(() => [profile]);
  const choice = selectField(
    t("app.swap.profile"),
    profile.id,
    profiles.map(({ id: value, name, is_active: isActive }) => [value, isActive ? name : `${name} (${t("profile.inactive")})`]),
    { hint: t("app.swap.hint"), onchange: () => show() },
  );
  const effect = h("div.stack", {});
  let isKnown = false;
  const show = async () => {
    isKnown = false;
    const chosen = profiles.find(({ id: candidate }) => candidate === choice.value());
    await loadInto(
      effect,
      () => compareProfiles(profile.id, chosen),
      ({ preview, nodes: known }) => {
        isKnown = true;
        const [kind, title] = verdict(preview, "app.swap");
        // Enables the submit button, also after a retry.
        queueMicrotask(() => effect.dispatchEvent(new Event("input", { bubbles: true })));
        return (
          chosen.id !== profile.id && [
            note(kind, t(title, { app: id }), comparison(preview, known, profile.id, ruleChanges(current ?? chosen, chosen))),
            warningList(preview.warnings.filter(({ code }) => code !== "WIDENED")),
          ]
        );
      },
      { cards: 1 },
    );
  };
  const current = profiles.find(({ id: candidate }) => candidate === profile.id);
  const app = await ask({
    title: t("app.swap.title", { app: id }),
    confirm: t("app.swap.confirm"),
    content: [choice.element, effect],
    isReady: () => isKnown && choice.value() !== profile.id,
    showErrors: showIn({ profile_id: choice }),
    act: () => put(`/access/apps/${encodeURIComponent(id)}`, { profile_id: choice.value() }),
  });
  if (app) say(t("app.swap.done", { app: id, profile: app.profile.name }));
  return Boolean(app);
}

/** What an app with one profile would gain and lose with another. */
async function compareProfiles(id, chosen) {
  const known = await knownNodes();
  const preview = await post("/access/preview", { profile_id: id, draft: creation(draftOf(chosen)), nodes: describedOf(known) });
  return { preview, nodes: known };
}

async function extendGrant({ app_id: id, expires_at: current }) {
  const end = endField(t("extend.end"), current);
  const app = await ask({
    title: t("app.extend.title", { app: id }),
    confirm: t("extend.confirm"),
    content: end.element,
    showErrors: showIn({ expires_at: end }),
    act: () => {
      const expires_at = end.value();
      return expires_at === undefined ? missingEnd(end) : put(`/access/apps/${encodeURIComponent(id)}`, { expires_at });
    },
  });
  if (app) say(t("extend.done"));
  return Boolean(app);
}

async function disconnect({ app_id: id }) {
  const isDone = await confirmed({
    title: t("app.disconnect.title", { app: id }),
    confirm: t("app.disconnect"),
    content: h("p", {}, t("app.disconnect.lead", { app: id })),
    act: () => remove(`/access/apps/${encodeURIComponent(id)}`),
  });
  if (isDone) say(t("app.disconnect.done", { app: id }));
  return isDone;
}
