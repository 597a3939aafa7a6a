// The form with every field of a profile.

import { h } from "../lib/dom.js";
import { localDay, t, timeOf } from "../lib/i18n.js";
import { note, fold } from "../ui/elements.js";
import { checkField, chipsField, radioField, selectField, textField } from "../ui/fields.js";
import { expressionTree } from "./expression.js";
import { schemaPermissions, tagPermissions } from "./permissions.js";
import { transformationList } from "./transformations.js";

/**
 * The form of a draft, which it mutates. `changed(isComplete)` is called after each change. `types`: the node types to suggest. Returns the element, and
 * `showErrors(fields)`, which shows validation errors and returns whether every field has a place for its error.
 */
export function form(draft, stored, tags, isStored, changed, types) {
  const fields = new Map();
  const counts = [];
  let isComplete = true;
  const set = (path) => (value) => {
    const names = path.split(".");
    const target = names.slice(0, -1).reduce((object, name) => object[name], draft);
    target[names.at(-1)] = value;
    for (const count of counts) count();
    changed(isComplete);
  };
  const named = { suggestions: [...tags.values()].map((name) => [name, name]) };
  const typed = { suggestions: types.map((type) => [type, type]), unknown: "chips.unknown-type" };
  const chips = (path, options = {}) => {
    const value = path.split(".").reduce((object, name) => object[name], draft);
    const field = chipsField(t(`field.${path}`), value, { hint: t(`field.${path}.hint`), ...options, onchange: set(path) });
    fields.set(path, field);
    return field.element;
  };
  const add = (path, field) => {
    fields.set(path, field);
    return field.element;
  };
  const part = (name, values, isOpen, ...content) => {
    const summary = h("span.summary-value", {});
    counts.push(() => {
      const count = values().filter((value) => (Array.isArray(value) ? value.length > 0 : value)).length;
      summary.textContent = count > 0 ? t("editor.count", { count }) : "";
    });
    return fold(t(`editor.${name}`), summary, isOpen, content);
  };

  const expression = expressionTree(draft.tag_expression, tags, (value, complete) => {
    isComplete = complete;
    set("tag_expression")(value);
  });
  const expressionError = h("div", {});
  fields.set("tag_expression", {
    setError: (messages) =>
      expressionError.replaceChildren(...(messages?.length ? [note("bad", null, h("p", { lang: "en" }, messages.join("; ")))] : [])),
  });
  for (const path of ["tag_permissions", "schema_permissions", "transformations"]) {
    const place = h("div", {});
    fields.set(path, {
      place,
      setError: (messages) =>
        place.replaceChildren(...(messages?.length ? [note("bad", null, h("p", { lang: "en" }, messages.join("; ")))] : [])),
    });
  }
  const { tag_filters: filters } = draft;
  const element = h(
    "div.stack",
    {},
    h(
      "section.card.stack",
      {},
      add("name", textField(t("field.name"), draft.name, { onchange: set("name"), maxlength: 100 })),
      add(
        "description",
        textField(t("field.description"), draft.description ?? "", {
          multiline: true,
          rows: 2,
          hint: t("field.description.hint"),
          onchange: set("description"),
        }),
      ),
      isStored &&
        checkField(t("field.is_active"), draft.is_active, { hint: t("field.is_active.hint"), onchange: set("is_active") }).element,
      isStored &&
        checkField(t("field.is_default"), draft.is_default, {
          hint: t("field.is_default.hint"),
          disabled: stored.is_default,
          onchange: set("is_default"),
        }).element,
    ),
    part(
      "included",
      () => [
        filters.include_any,
        filters.include_all,
        draft.tag_expression,
        draft.allowed_node_types,
        draft.allowed_node_ids,
        draft.date_range_start,
        draft.date_range_end,
      ],
      true,
      h("p.hint", {}, t("editor.included.lead")),
      chips("tag_filters.include_any", named),
      chips("tag_filters.include_all", named),
      h(
        "div.field",
        {},
        h("h3.legend", {}, t("field.tag_expression")),
        h("p.hint", {}, t("field.tag_expression.hint")),
        expression,
        expressionError,
      ),
      chips("allowed_node_types", typed),
      dates(draft, set, fields),
      chips("allowed_node_ids"),
    ),
    part(
      "excluded",
      () => [filters.exclude_any, draft.excluded_node_types],
      true,
      h("p.hint", {}, t("editor.excluded.lead")),
      chips("tag_filters.exclude_any", named),
      chips("excluded_node_types", typed),
    ),
    part(
      "content",
      () => [draft.max_detail_level !== null && draft.max_detail_level !== "full", draft.transformations],
      true,
      radioField(
        t("field.max_detail_level"),
        draft.max_detail_level ?? "full",
        ["full", "summary", "minimal"].map((level) => [level, t(`detail.${level}`), t(`detail.${level}.hint`)]),
        { onchange: set("max_detail_level") },
      ).element,
      transformationList(draft.transformations, set("transformations")),
      fields.get("transformations").place,
    ),
    part(
      "permissions",
      () => [draft.tag_permissions, draft.schema_permissions],
      Boolean(draft.tag_permissions || draft.schema_permissions),
      h("p.hint", {}, t("editor.permissions.lead")),
      tagPermissions(draft.tag_permissions, named, set("tag_permissions")),
      fields.get("tag_permissions").place,
      schemaPermissions(draft.schema_permissions, set("schema_permissions")),
      fields.get("schema_permissions").place,
    ),
    part(
      "older",
      () => [draft.allowed_tag_ids, draft.excluded_tag_ids],
      draft.allowed_tag_ids.length + draft.excluded_tag_ids.length > 0,
      h("p.hint", {}, t("editor.older.lead")),
      chips("allowed_tag_ids", named),
      add(
        "allowed_tags_logic",
        selectField(
          t("field.allowed_tags_logic"),
          draft.allowed_tags_logic ?? "",
          [
            ["", t("logic.none")],
            ["OR", t("logic.OR")],
            ["AND", t("logic.AND")],
          ],
          { onchange: (value) => set("allowed_tags_logic")(value || null) },
        ),
      ),
      chips("excluded_tag_ids", named),
    ),
  );

  for (const count of counts) count();

  const showErrors = (errors, { isOfServer = true, takesFocus = false } = {}) => {
    for (const field of fields.values()) field.setError([]);
    let hasPlace = true;
    let first = null;
    for (const [path, messages] of Object.entries(errors)) {
      const key = [...fields.keys()].find((name) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`));
      if (!key) {
        hasPlace = false;
        continue;
      }
      fields.get(key).setError(messages, isOfServer);
      first ??= fields.get(key).input;
    }
    first?.closest("details")?.setAttribute("open", "");
    if (takesFocus) first?.focus();
    return hasPlace;
  };
  return { element, showErrors };
}

/** The date range inputs. A stored time that is not midnight is shown with its time. */
function dates(draft, set, fields) {
  const field = (path) => {
    const stored = draft[path];
    const isDay = !stored || timeOf(`${localDay(stored)}T00:00:00`) === new Date(stored).toISOString();
    const clock = stored && new Date(stored).toTimeString().slice(0, 8);
    const input = textField(t(`field.${path}`), !stored ? "" : isDay ? localDay(stored) : `${localDay(stored)}T${clock}`, {
      type: isDay ? "date" : "datetime-local",
      step: isDay ? null : 1,
      hint: t(`field.${path}.hint`),
      onchange: (value) => {
        const time = value ? timeOf(isDay ? `${value}T00:00:00` : value) : null;
        input.setError(value && !time ? [t("end.missing")] : []);
        if (!value || time) set(path)(time);
      },
    });
    fields.set(path, input);
    return input.element;
  };
  return h("div.views", {}, field("date_range_start"), field("date_range_end"));
}
