// Dialogs that create and change shares.

import { call, idempotencyKey, remove } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { list, t } from "../lib/i18n.js";
import { titleOf } from "../nodes/names.js";
import { nodes as knownNodes } from "../nodes/store.js";
import { tagNames } from "../nodes/tags.js";
import { ask, confirmed } from "../ui/dialog.js";
import { note, say } from "../ui/elements.js";
import { failureNote } from "../ui/failure.js";
import { checkField, chipsField, endField, radioField } from "../ui/fields.js";
import { knownPeople, personField } from "./person_field.js";
import { RIGHTS, scopeWords, termsOf } from "./words.js";

/** Lists longer than this are edited as chips. */
const LISTED = 30;

/** Shares something with a person. Resolves to the share, or null. */
export async function createShare() {
  const [[tags, known], people] = await Promise.all([suggestions(), knownPeople()]);
  const person = personField(people);
  const tagField = chipsField(t("create.tags"), [], { ...tags, unknown: "chips.unknown-tag" });
  const nodeField = chipsField(t("create.nodes"), [], { ...known, hint: t("create.nodes.hint"), unknown: "chips.unknown-node" });
  const show = (scope) => {
    tagField.element.hidden = scope !== "specific_tags";
    nodeField.element.hidden = !["specific_nodes", "graph"].includes(scope);
  };
  const scope = radioField(
    t("create.scope"),
    "specific_tags",
    ["specific_tags", "specific_nodes", "graph", "all"].map((value) => [
      value,
      t(`create.scope.${value}`),
      t(`create.scope.${value}.hint`),
    ]),
    { onchange: show },
  );
  show("specific_tags");
  const rights = rightFields(RIGHTS, { can_read: true });
  const end = endField(t("create.end"), null, { initial: "365" });
  const fields = {
    shared_with_user_id: person,
    tag_ids: tagField,
    node_ids: nodeField,
    can_read: rights,
    expires_at: end,
    scope: tagField,
  };
  const key = idempotencyKey();
  const share = await ask({
    title: t("create.title"),
    confirm: t("create.confirm"),
    content: [person.element, scope.element, tagField.element, nodeField.element, rights.element, end.element],
    showErrors: showIn(fields),
    act: () => {
      const covers = scope.value();
      const expires_at = end.value();
      const wrong = {
        ...(person.value() ? {} : { shared_with_user_id: [t("create.person-missing")] }),
        ...(covers === "specific_tags" && tagField.value().length === 0 ? { tag_ids: [t("create.tags-missing")] } : {}),
        ...(["specific_nodes", "graph"].includes(covers) && nodeField.value().length === 0
          ? { node_ids: [t("create.nodes-missing")] }
          : {}),
        ...(Object.values(rights.value()).some(Boolean) ? {} : { can_read: [t("create.rights-missing")] }),
      };
      if (Object.keys(wrong).length > 0) return void showIn(fields, false)(wrong);
      if (expires_at === undefined) return missingEnd(end);
      return create(
        {
          shared_with_user_id: person.value(),
          scope: covers,
          ...(covers === "specific_tags" ? { tag_ids: tagField.value() } : covers === "all" ? {} : { node_ids: nodeField.value() }),
          ...rights.value(),
          expires_at,
        },
        key,
      );
    },
  });
  if (share) say(t("create.done", { person: share.shared_with_user_id }));
  return share;
}

/** Narrows a share. */
export async function narrowShare(share, names) {
  const current = await currentShare(share);
  if (!current) return false;
  const { scope, ids, element: scopeElement, read: readScope } = narrowerScope(current.share, names, (await suggestions())[0]);
  const granted = RIGHTS.filter((right) => current.share[right]);
  const rights = rightFields(granted, current.share, t("narrow.rights"));
  const end = endField(t("narrow.end"), current.share.expires_at, { latest: current.share.expires_at });
  const fields = { expires_at: end, can_read: rights, ...(ids ? { tag_ids: ids, node_ids: ids, scope: ids } : {}) };
  const done = await ask({
    title: t("narrow.title", { person: share.shared_with_user_id }),
    confirm: t("narrow.confirm"),
    content: [h("p.hint", {}, t("narrow.lead")), scope, scopeElement, rights.element, end.element],
    showErrors: showIn(fields),
    act: async () => {
      const expires_at = end.value();
      if (expires_at === undefined) return missingEnd(end);
      const wanted = { ...readScope(), ...rights.value(), expires_at };
      const changes = Object.fromEntries(
        Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(current.share[name])),
      );
      const isNothing = (list) => list?.length === 0;
      if (Object.keys(changes).length === 0) return void rights.setError([t("narrow.unchanged")]);
      if (!Object.values(rights.value()).some(Boolean) || isNothing(wanted.tag_ids) || isNothing(wanted.node_ids))
        return void rights.setError([t("narrow.nothing-left")]);
      return update(current, changes);
    },
  });
  if (done) say(t("narrow.done"));
  return Boolean(done);
}

/** Changes the expiry of a share. */
export async function extendShare(share) {
  const current = await currentShare(share);
  if (!current) return false;
  const isOver = share.status === "expired";
  const end = endField(t("extend.end"), isOver ? null : current.share.expires_at, { initial: isOver ? "365" : null });
  const done = await ask({
    title: t("extend.title", { person: share.shared_with_user_id }),
    confirm: t("extend.confirm"),
    content: [share.source === "reshare" && h("p.hint", {}, t("extend.reshare")), end.element],
    showErrors: showIn({ expires_at: end }),
    act: () => {
      const expires_at = end.value();
      return expires_at === undefined ? missingEnd(end) : update(current, { expires_at });
    },
  });
  if (done) say(t("extend.done"));
  return Boolean(done);
}

/** Revokes a share. */
export async function revokeShare(share, names, effects = () => ({ also: [], rest: [] })) {
  const person = share.shared_with_user_id;
  const { also, rest } = effects(share);
  const isDone = await confirmed({
    title: t("revoke.title", { person }),
    confirm: t("revoke.confirm"),
    content: [
      scopeWords(termsOf(share), names),
      h("p", {}, t(also.length > 0 ? "revoke.lead-also" : "revoke.lead", { person, names: list(also) })),
      rest.length > 0 &&
        note(
          "warn",
          t("revoke.rest", { person }),
          rest.map((other) => scopeWords(termsOf(other), names)),
        ),
    ],
    act: () => remove(`/sharing/${share.id}`),
  });
  if (isDone) say(t("revoke.done", { person }));
  return isDone;
}

/** Shows the error of a missing or invalid date. */
export function missingEnd(end) {
  end.setError([t("end.missing")]);
  return undefined;
}

/** Creates a share; retries with the same key are idempotent. */
export const create = async (body, key) => (await call("POST", "/sharing", { body, headers: { "Idempotency-Key": key } })).body;

/** The current share and its entity tag; null after showing the error if it cannot be read. */
async function currentShare({ id }) {
  try {
    const { body, headers } = await call("GET", `/sharing/${id}`);
    return { share: body, version: headers.get("ETag") };
  } catch (error) {
    await ask({ title: t("failure.title"), content: failureNote(error), confirm: t("dialog.close"), act: () => true });
    return null;
  }
}

/** Updates the version that was shown; a newer one is a conflict (412). */
async function update({ share, version }, changes) {
  return (await call("PUT", `/sharing/${share.id}`, { body: changes, headers: { "If-Match": version } })).body;
}

function rightFields(rights, checked, legend = t("create.rights")) {
  const fields = rights.map((right) => [
    right,
    checkField(t(`right.${right}`), Boolean(checked[right]), { hint: t(`right.${right}.hint`) }),
  ]);
  const error = h("div", {});
  return {
    element: h(
      "fieldset",
      {},
      h("legend.legend", {}, legend),
      h(
        "div.choices",
        {},
        fields.map(([, field]) => field.element),
      ),
      error,
    ),
    setError: (messages) => fill(error, messages?.length > 0 && h("p.field-error", { role: "alert" }, messages.join("; "))),
    value: () => Object.fromEntries(fields.map(([right, field]) => [right, field.value()])),
  };
}

/** Inputs that can only narrow the scope of a share. */
export function narrowerScope(share, names, tags) {
  if (share.scope === "all") {
    const ids = chipsField(t("create.tags"), [], { ...tags, unknown: "chips.unknown-tag" });
    ids.element.hidden = true;
    const choice = radioField(
      t("narrow.scope"),
      "all",
      [
        ["all", t("narrow.keep-all")],
        ["specific_tags", t("narrow.only-tags")],
      ],
      {
        onchange: (value) => {
          ids.element.hidden = value !== "specific_tags";
        },
      },
    );
    return {
      scope: choice.element,
      ids,
      element: ids.element,
      read: () => (choice.value() === "all" ? {} : { scope: "specific_tags", tag_ids: ids.value() }),
    };
  }
  const member = share.scope === "specific_tags" ? "tag_ids" : "node_ids";
  const name = (id) => names(member === "tag_ids" ? "tag" : "node", id);
  const legend = t(`scope.${share.scope}`);
  if (share[member].length > LISTED) {
    const ids = chipsField(legend, share[member], { nameOf: name });
    return { scope: null, ids, element: ids.element, read: () => ({ [member]: ids.value().filter((id) => share[member].includes(id)) }) };
  }
  const boxes = share[member].map((id) => [id, checkField(name(id), true)]);
  const failure = h("div", {});
  const element = h(
    "fieldset",
    {},
    h("legend.legend", {}, legend),
    h(
      "div.choices",
      {},
      boxes.map(([, box]) => box.element),
    ),
    failure,
  );
  const ids = {
    setError: (messages) => fill(failure, messages.length > 0 && note("bad", null, h("p", { lang: "en" }, messages.join("; ")))),
  };
  return { scope: null, ids, element, read: () => ({ [member]: boxes.filter(([, box]) => box.value()).map(([id]) => id) }) };
}

/** Shows errors of the API at their fields; true if there is a field for each. */
export function showIn(fields, isOfServer = true) {
  return (errors) => {
    for (const field of Object.values(fields)) field.setError([]);
    const paths = Object.keys(errors);
    let isComplete = true;
    for (const path of paths) {
      const field = fields[path.replace(/\[.*$/, "")];
      if (field) field.setError(errors[path], isOfServer);
      else isComplete = false;
    }
    return isComplete;
  };
}

async function suggestions() {
  const [tags, known] = await Promise.all([tagNames().catch(() => new Map()), knownNodes()]);
  const titles = new Map(known.map((node) => [node.description.id, titleOf(node)]));
  const field = (names) => ({ nameOf: (id) => names.get(id) ?? id, suggestions: [...names] });
  return [field(tags), field(titles)];
}
