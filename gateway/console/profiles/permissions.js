// Inputs for tag permissions and schema permissions.

import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { checkField, chipsField, radioField } from "../ui/fields.js";

const FREEFORM = "__freeform__";

/** Tag permissions: null, or verbs with the tags that they are granted on. */
export function tagPermissions(value, tagField, changed) {
  return permissions({
    value,
    member: "tag_ids",
    verbs: ["discover", "read", "propose", "edit", "create", "delete"],
    newVerbs: ["propose", "create"],
    texts: "permissions.tags",
    field: tagField,
    changed,
    initial: { discover: { tag_ids: [], allow_all: true }, read: { tag_ids: [], allow_all: true } },
  });
}

/** Schema permissions: null, or verbs with the schemas that they are granted on. */
export function schemaPermissions(value, changed) {
  return permissions({
    value,
    member: "schema_ids",
    verbs: ["read", "write"],
    newVerbs: [],
    texts: "permissions.schemas",
    field: {},
    changed,
    initial: { read: { schema_ids: [], allow_all: true } },
  });
}

function permissions({ value, member, verbs, newVerbs, texts, field, changed, initial }) {
  let granted = value ? structuredClone(value) : null;
  const table = h("div", {});
  const update = () =>
    changed(granted && Object.fromEntries(verbs.filter((verb) => isGranted(granted[verb], member)).map((verb) => [verb, granted[verb]])));
  const row = (verb) => {
    const grant = granted[verb] ?? { [member]: [], allow_all: false };
    granted[verb] = grant;
    const ids = chipsField(
      t(`${texts}.on`, { verb: t(`verb.${verb}`) }),
      grant[member].filter((id) => id !== FREEFORM),
      {
        ...field,
        onchange: (words) => {
          grant[member] = [...words, ...(grant[member].includes(FREEFORM) ? [FREEFORM] : [])];
          update();
        },
      },
    );
    const freeform =
      member === "schema_ids" &&
      checkField(t("permissions.freeform"), grant[member].includes(FREEFORM), {
        onchange: (isOn) => {
          grant[member] = [...grant[member].filter((id) => id !== FREEFORM), ...(isOn ? [FREEFORM] : [])];
          update();
        },
      });
    const some = h("div.stack-small", { hidden: grant.allow_all }, ids.element, freeform && freeform.element);
    const everything = checkField(t(`${texts}.all`), grant.allow_all, {
      onchange: (isOn) => {
        grant.allow_all = isOn;
        some.hidden = isOn;
        update();
      },
    });
    const fresh =
      newVerbs.includes(verb) &&
      checkField(t("permissions.new"), Boolean(grant.allow_new), {
        onchange: (isOn) => {
          grant.allow_new = isOn;
          update();
        },
      });
    return h(
      "fieldset.verb",
      {},
      h("legend", {}, h("strong", {}, t(`verb.${verb}`)), " ", h("span.hint", {}, t(`verb.${verb}.hint`))),
      everything.element,
      some,
      fresh && fresh.element,
    );
  };
  const draw = () => fill(table, granted && verbs.map(row));
  const choice = radioField(
    t(`${texts}.title`),
    granted ? "limited" : "open",
    ["open", "limited"].map((option) => [option, t(`${texts}.${option}`), t(`${texts}.${option}.hint`)]),
    {
      onchange: (option) => {
        granted = option === "limited" ? structuredClone(initial) : null;
        draw();
        update();
      },
    },
  );
  draw();
  return h("div.stack", {}, choice.element, table);
}

const isGranted = (grant, member) => Boolean(grant && (grant.allow_all || grant.allow_new || grant[member].length > 0));
