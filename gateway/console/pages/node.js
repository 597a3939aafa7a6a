// Look at a node: who and which apps see it, and what each sees of it.

import { all, post, tokenPages } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { titleOf } from "../nodes/names.js";
import { nodePicker } from "../nodes/picker.js";
import { reasonWords } from "../nodes/reasons.js";
import { otherView, ownView } from "../nodes/views.js";
import { nodes as knownNodes } from "../nodes/store.js";
import { loadNames } from "../shares/names.js";
import { similarTo } from "../shares/person_field.js";
import { actionChips, scopeWords, shareName, termsOf } from "../shares/words.js";
import { avatar, button, chip, linkButton, pageHead } from "../ui/elements.js";
import { selectField, textField } from "../ui/fields.js";
import { loadInto } from "../ui/load.js";

export async function render(place, { signal, parts: [kind, id] }) {
  const seen = h("div", {});
  const answer = h("div.stack", {});
  const list = h("div", {});
  const wanted = { person: kind === "as" ? id : "", app: kind === "app" ? id : "" };
  fill(
    place,
    pageHead(t("node.title"), t("node.lead")),
    h("div.two.picking", {}, h("aside", { "aria-label": t("node.list") }, list), h("div.stack", {}, seen, answer)),
  );
  if (wanted.person || wanted.app) showSeen(seen, wanted, signal);
  let looking = null;
  const look = (node) => {
    looking?.abort();
    looking = new AbortController();
    signal.addEventListener("abort", () => looking.abort(), { once: true });
    lookAt(answer, node, wanted, looking.signal);
  };
  await loadInto(
    list,
    () => nodePicker(look),
    (picker) => picker,
    { cards: 1, signal },
  );
}

function lookAt(place, node, wanted, signal) {
  const viewers = h("div", {});
  const views = h("div", {});
  const title = h("h2", {}, titleOf(node));
  const known = once(() => Promise.all([sharesById(signal), loadNames()]));
  const viewing = viewAs(views, node, wanted, known, signal);
  fill(place, title, viewers, viewing.element);
  loadInto(
    viewers,
    () => Promise.all([allViewers(node, signal), known()]),
    ([found, [shares, names]]) => drawViewers(found, shares, names, viewing.show),
    { cards: 1, signal },
  );
}

async function allViewers(node, signal) {
  const found = { people: [], apps: null };
  let token = "";
  do {
    const query = token ? `?limit=100&page_token=${encodeURIComponent(token)}` : "?limit=100";
    const page = await post(`/access/viewers${query}`, { node: node.description }, signal);
    found.people.push(...page.people);
    if (page.apps) found.apps = [...(found.apps ?? []), ...page.apps];
    token = page.next_page_token;
  } while (token && found.people.length < 1000);
  return found;
}

/** Which of the nodes at hand a person or an app sees. */
function showSeen(place, viewer, signal) {
  const name = viewer.person || viewer.app;
  return loadInto(
    place,
    async () => {
      const known = (await knownNodes()).filter(
        ({ description: { node_type: type, created_at: created } }) => viewer.person || (type && created),
      );
      if (known.length === 0) return { known, visible: [] };
      const asked = {
        ...(viewer.person ? { person: viewer.person } : { app: viewer.app }),
        nodes: known.map(({ description }) => ({ description })),
      };
      const { nodes } = await post("/access/view-as", asked, signal);
      return { known, visible: known.filter((_, index) => nodes[index].visible) };
    },
    ({ known, visible }) =>
      known.length > 0 &&
      h(
        "section.card.stack-small",
        {},
        h("h2", {}, t("view.sees", { name, count: visible.length, all: known.length })),
        visible.length > 0 &&
          h(
            "div.row",
            {},
            visible.slice(0, 50).map((node) => chip(titleOf(node))),
            visible.length > 50 && h("span.muted", {}, t("more", { count: visible.length - 50 })),
          ),
      ),
    { cards: 1, signal },
  );
}

/** Active shares by id, of up to 500 people. */
async function sharesById(signal) {
  const people = await all(tokenPages("/access/people", "people", { size: 100, signal }), 500).catch(() => []);
  return new Map(people.flatMap((person) => person.shares.map((share) => [share.id, share])));
}

/** Why a person sees a node: the shares that allow it, in words. */
function because(ids, shares, names) {
  const known = ids.map((id) => shares.get(id)).filter(Boolean);
  if (known.length < ids.length) return h("p.small.muted", {}, t("node.by-shares", { count: ids.length }));
  return known.map((share) =>
    h(
      "div.row.small",
      {},
      h("span.muted", {}, t("node.because")),
      scopeWords(termsOf(share), names),
      share.through_user_ids.length > 0 && h("span.muted", {}, t("node.passed-on", { person: share.shared_by_user_id })),
    ),
  );
}

function drawViewers({ people, apps }, shares, names, viewAsPerson) {
  const seeing = (apps ?? []).filter((app) => app.visible);
  const nameOf = (id) => names("tag", id);
  const hidden = (apps ?? []).filter((app) => !app.visible);
  const appRow = (app) =>
    h(
      "li.part",
      {},
      h(
        "div.row",
        {},
        avatar(app.app_id, ".square.small"),
        h("strong", {}, app.app_id),
        app.visible ? chip(t("view.visible"), "warn") : chip(t("view.hidden"), "good"),
      ),
      h("p.small.muted", {}, reasonWords(app.reason, nameOf)),
      h(
        "div.row",
        {},
        button(t("people.view-as", { person: app.app_id }), "small", () => viewAsPerson({ app: app.app_id }), { symbol: "node" }),
        linkButton(t("node.change"), "small", address("apps", app.app_id), "edit", app.app_id),
      ),
    );
  return h(
    "div.views",
    {},
    h(
      "section.card",
      {},
      h("h3", {}, t("node.people", { count: people.length })),
      people.length === 0
        ? h("p.muted", {}, t("node.only-me"))
        : h(
            "ul.card-parts",
            {},
            people.map((person) =>
              h(
                "li.part",
                {},
                h("div.row", {}, avatar(person.user_id, ".small"), h("strong", {}, person.user_id), actionChips(person.actions)),
                because(person.share_ids, shares, names),
                h(
                  "div.row",
                  {},
                  button(t("people.view-as", { person: person.user_id }), "small", () => viewAsPerson({ person: person.user_id }), {
                    symbol: "node",
                  }),
                  linkButton(t("node.change"), "small", address("people", person.user_id), "edit", person.user_id),
                ),
              ),
            ),
          ),
    ),
    h(
      "section.card",
      {},
      h("h3", {}, apps === null ? t("node.apps-unknown") : t("node.apps", { count: seeing.length })),
      apps === null
        ? h("p.muted", {}, t("node.apps-unknown.lead"))
        : apps.length === 0
          ? h("p.muted", {}, t("node.no-apps"))
          : h("ul.card-parts", {}, [...seeing, ...hidden].map(appRow)),
    ),
  );
}

/** Selects a person and an app, and renders their views side by side. */
function viewAs(views, node, wanted, known, signal) {
  const remark = h("p.hint", { role: "status" });
  const people = h("datalist", { id: "view-people" });
  const person = textField(t("view.person"), wanted.person, { spellcheck: "false", hint: t("view.person.hint"), list: "view-people" });
  known().then(
    ([shares]) =>
      fill(
        people,
        [...new Set([...shares.values()].map((share) => share.shared_with_user_id))].map((id) => h("option", { value: id })),
      ),
    () => null,
  );
  const app = h("div", {});
  let appField = null;
  const show = async () => {
    wanted.person = person.value();
    wanted.app = appField?.value() ?? "";
    const people = await known().then(
      ([shares]) => [...shares.values()].map((share) => share.shared_with_user_id),
      () => null,
    );
    const similar = wanted.person && people && similarTo(wanted.person, people);
    fill(
      remark,
      similar
        ? t("create.person.similar", { person: similar })
        : wanted.person && people && !people.includes(wanted.person)
          ? t("view.unknown-person")
          : null,
    );
    const columns = [
      wanted.person && { person: wanted.person },
      wanted.app && { app: wanted.app },
      wanted.person && wanted.app && { person: wanted.person, app: wanted.app },
    ].filter(Boolean);
    if (columns.length === 0)
      return loadInto(
        views,
        () => null,
        () => h("div.views", {}, ownView(node)),
        { quietly: true, signal },
      );
    const answers = () => Promise.all(columns.map((viewer) => post("/access/view-as", { ...viewer, nodes: [node] }, signal)));
    await loadInto(
      views,
      () => Promise.all([answers(), known()]),
      ([answers, [shares, names]]) => {
        const nameOf = (id) => (shares.has(id) ? shareName(termsOf(shares.get(id)), names) : names("tag", id));
        return h(
          "div.views",
          {},
          ownView(node),
          answers.map(({ nodes: [seen] }, index) =>
            otherView(columnName(columns[index]), columns[index].app ? "app" : "person", node, seen, nameOf),
          ),
        );
      },
      { cards: 2, quietly: true, signal },
    );
  };
  person.input.addEventListener("change", show);
  const ready = all(tokenPages("/access/apps", "apps", { size: 100, signal }))
    .catch(() => [])
    .then((apps) => {
      if (signal.aborted) return;
      const options = [["", t("view.no-app")], ...apps.map(({ app_id: id }) => [id, id])];
      if (wanted.app && !apps.some(({ app_id: id }) => id === wanted.app)) options.push([wanted.app, wanted.app]);
      appField = selectField(t("view.app"), wanted.app, options, { onchange: show });
      fill(app, appField.element);
      show();
    });
  const choose = async ({ person: chosenPerson, app: chosenApp }) => {
    await ready;
    if (chosenPerson) person.input.value = chosenPerson;
    if (chosenApp) {
      if (![...appField.input.options].some(({ value }) => value === chosenApp))
        appField.input.append(h("option", { value: chosenApp }, chosenApp));
      appField.input.value = chosenApp;
    }
    show();
    element.scrollIntoView({ block: "start" });
    element.querySelector("h2").focus({ preventScroll: true });
  };
  const element = h(
    "section.stack",
    {},
    h("h2", { tabindex: -1 }, t("view.title")),
    h("p.hint", {}, t("view.lead")),
    h(
      "form.views",
      {
        onsubmit: (event) => {
          event.preventDefault();
          show();
        },
      },
      h("div.stack-small", {}, person.element, remark),
      app,
      people,
    ),
    views,
  );
  return { element, show: choose };
}

/** Memoizes `load`; a rejection is not cached, so that it can be retried. */
function once(load) {
  let loading = null;
  return () => {
    loading ??= load();
    loading.catch(() => {
      loading = null;
    });
    return loading;
  };
}

function columnName({ person, app }) {
  if (person && app) return t("view.person-through-app", { person, app });
  return person ?? app;
}
