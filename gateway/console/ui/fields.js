// Form fields with labels, hints and errors.

import { fill, h, uniqueId } from "../lib/dom.js";
import { list, localDay, t, timeOf } from "../lib/i18n.js";

/** Wraps an input with its label, hint and error message. Returns `{element, setError}`. */
function labelled(label, input, hint) {
  const id = uniqueId("field");
  input.id = id;
  const error = h("p.field-error", { id: `${id}-error`, hidden: true });
  const described = [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" ");
  input.setAttribute("aria-describedby", described);
  const element = h("div.field", {}, h("label", { for: id }, label), hint && h("p.hint", { id: `${id}-hint` }, hint), input, error);
  const setError = (messages, isOfServer = false) => {
    const text = (messages ?? []).join("; ");
    fill(error, text);
    error.hidden = !text;
    // Messages of the server are in English.
    if (isOfServer) error.lang = "en";
    else error.removeAttribute("lang");
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  return { element, setError };
}

/** A text input, or a text area if `multiline`. */
export function textField(label, value, { hint = null, multiline = false, onchange = () => {}, ...attributes } = {}) {
  const input = h(multiline ? "textarea.input" : "input.input", {
    value,
    autocomplete: "off",
    ...(multiline ? {} : { type: "text" }),
    ...attributes,
    oninput: () => onchange(input.value),
  });
  return { ...labelled(label, input, hint), input, value: () => input.value.trim() };
}

/** A select. `options`: [value, text]. */
export function selectField(label, value, options, { hint = null, onchange = () => {} } = {}) {
  const input = h(
    "select.input",
    { onchange: () => onchange(input.value) },
    options.map(([option, text]) => h("option", { value: option, selected: option === value }, text)),
  );
  return { ...labelled(label, input, hint), input, value: () => input.value };
}

/** A checkbox. */
export function checkField(label, checked, { hint = null, onchange = () => {}, disabled = false } = {}) {
  const input = h("input", { type: "checkbox", checked, disabled, onchange: () => onchange(input.checked) });
  const element = h("label.check", {}, input, h("span", {}, label, hint && h("small", {}, hint)));
  return { element, input, value: () => input.checked };
}

/** A radio group. `options`: [value, text, hint]. */
export function radioField(legend, value, options, { onchange = () => {} } = {}) {
  const name = uniqueId("choice");
  let chosen = value;
  const choices = options.map(([option, text, hint]) =>
    h(
      "label.check",
      {},
      h("input", {
        type: "radio",
        name,
        value: option,
        checked: option === value,
        onchange: () => {
          chosen = option;
          onchange(option);
        },
      }),
      h("span", {}, text, hint && h("small", {}, hint)),
    ),
  );
  const element = h("fieldset", {}, h("legend.legend", {}, legend), h("div.choices", {}, choices));
  return { element, value: () => chosen };
}

/**
 * A chips input for a set of words: Enter or a comma adds one, a button removes it. `nameOf` shows a word by its name; `suggestions` are [value, name]. `unknown`: the
 * key of a text about words that are none of them.
 */
export function chipsField(
  label,
  values,
  { hint = null, nameOf = (value) => value, suggestions = [], unknown = null, onchange = () => {} } = {},
) {
  const words = [...values];
  const offered = distinct(suggestions);
  const find = (text) =>
    offered.find(([value, name]) => name === text || value === text) ??
    offered.find(([, name]) => name.toLowerCase() === text.toLowerCase());
  const remark = h("p.hint", { hidden: true });
  const listId = uniqueId("options");
  const input = h("input", {
    type: "text",
    autocomplete: "off",
    list: suggestions.length ? listId : null,
    onkeydown: (event) => {
      if (event.isComposing) return;
      if ((event.key === "Enter" || (event.key === "," && !isBeginning(input.value))) && input.value.trim()) {
        event.preventDefault();
        take();
      } else if (event.key === "Enter") {
        event.preventDefault();
      } else if (event.key === "Backspace" && !input.value && words.length) {
        drop(words.length - 1);
      }
    },
    onchange: () => take(),
    onpaste: () => setTimeout(() => input.value.includes(",") && take()),
  });
  // Names may contain commas.
  const isBeginning = (text) => offered.some(([, name]) => name.toLowerCase().startsWith(`${text.toLowerCase()},`));
  const box = h("div.chips-input", {});
  const options = h(
    "datalist",
    { id: listId },
    offered.map(([value, name]) => h("option", { value: name }, value === name ? null : value)),
  );
  const take = () => {
    const text = input.value.trim();
    const parts = find(text)
      ? [text]
      : text
          .split(",")
          .map((word) => word.trim())
          .filter(Boolean);
    const added = parts.map((word) => find(word)?.[0] ?? word);
    input.value = "";
    const fresh = added.filter((word, index) => !words.includes(word) && added.indexOf(word) === index);
    if (fresh.length === 0) return;
    words.push(...fresh);
    draw();
    onchange([...words]);
  };
  const drop = (index) => {
    words.splice(index, 1);
    draw();
    onchange([...words]);
    input.focus();
  };
  const draw = () => {
    const had = document.activeElement === input;
    fill(
      box,
      words.map((word, index) =>
        h(
          "span.chip.accent",
          {},
          nameOf(word),
          h("button", { type: "button", "aria-label": t("chips.remove", { word: nameOf(word) }), onclick: () => drop(index) }, "×"),
        ),
      ),
      input,
    );
    if (had) input.focus();
    const strange = unknown && offered.length > 0 ? words.filter((word) => !find(word)) : [];
    remark.hidden = strange.length === 0;
    if (strange.length > 0) fill(remark, t(unknown, { words: list(strange) }));
  };
  const field = labelled(label, input, hint ?? t("chips.hint"));
  input.replaceWith(box, options, remark);
  draw();
  const setError = (messages, isOfServer) => {
    field.setError(messages, isOfServer);
    box.classList.toggle("invalid", Boolean(messages?.length));
  };
  return {
    element: field.element,
    setError,
    input,
    value: () => {
      take();
      return [...words];
    },
  };
}

/**
 * An expiry input: never, a preset, or a date. `value`: a time or null; `latest`: the maximum; `initial`: the preselected option. The value is undefined
 * if the date is invalid.
 */
export function endField(label, value, { latest = null, initial = null } = {}) {
  const isOffered = (days) => !latest || Date.now() + days * DAY < new Date(latest).getTime();
  const presets = [
    !latest && ["never", t("end.never")],
    isOffered(30) && ["30", t("end.month")],
    isOffered(365) && ["365", t("end.year")],
    ["date", t("end.date")],
  ].filter(Boolean);
  const first = initial ?? (value ? "date" : "never");
  const date = textField(t("end.day"), value ? localDay(value) : "", {
    type: "date",
    min: localDay(Date.now()),
    max: latest ? localDay(latest) : null,
  });
  date.element.hidden = first !== "date";
  const choice = selectField(label, first, presets, {
    onchange: (chosen) => {
      date.element.hidden = chosen !== "date";
    },
  });
  const read = () => {
    switch (choice.value()) {
      case "never":
        return null;
      case "date":
        return readDay(date.value());
      default:
        return new Date(Date.now() + Number(choice.value()) * DAY).toISOString();
    }
  };
  const readDay = (day) => {
    if (value && day === localDay(value)) return value;
    const end = timeOf(`${day}T23:59:59`);
    return end && latest && end > latest ? undefined : (end ?? undefined);
  };
  const setError = (messages, isOfServer) => (choice.value() === "date" ? date : choice).setError(messages, isOfServer);
  return { element: h("div.stack-small", {}, choice.element, date.element), setError, value: read };
}

const DAY = 86_400_000;

/** Suggestions with unique labels: the value is appended to a name that occurs twice. */
function distinct(suggestions) {
  const counts = Map.groupBy(suggestions, ([, name]) => name.toLowerCase());
  return suggestions.map(([value, name]) => [
    value,
    counts.get(name.toLowerCase()).length > 1 && value !== name ? `${name} · ${value}` : name,
  ]);
}
