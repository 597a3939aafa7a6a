// Warnings of a profile in words.

import { h } from "../lib/dom.js";
import { has, quoted, serverText, t } from "../lib/i18n.js";
import { note } from "../ui/elements.js";

export function warningList(warnings) {
  if (warnings.length === 0) return null;
  return h(
    "ul.stack-small",
    {},
    warnings.map(({ code, message, fields }) => {
      const key = has(`warning.${code}`) ? `warning.${code}` : "warning.OTHER";
      return h(
        "li",
        {},
        note(
          "warn",
          t(key),
          has(`${key}.lead`) && h("p", {}, t(`${key}.lead`)),
          h("p.small", {}, serverText(message)),
          fields.length > 0 &&
            h(
              "p.small",
              {},
              t("warning.fields"),
              " ",
              fields.map((field, index) => [index > 0 && ", ", has(`field.${field}`) ? quoted(t(`field.${field}`)) : h("code", {}, field)]),
            ),
        ),
      );
    }),
  );
}
