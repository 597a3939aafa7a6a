// Input for a user id, with suggestions.

import { all, tokenPages } from "../lib/api.js";
import { fill, h, uniqueId } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { textField } from "../ui/fields.js";

/** The ids of up to 500 people with access. */
export async function knownPeople(signal) {
  const people = await all(tokenPages("/access/people", "people", { size: 100, signal }), 500).catch(() => []);
  return people.map((person) => person.user_id);
}

/** Input for a user id. It hints at a known id that differs only in case. */
export function personField(people) {
  const listId = uniqueId("people");
  const remark = h("p.hint", { role: "status", hidden: true });
  const field = textField(t("create.person"), "", {
    hint: t("create.person.hint"),
    spellcheck: "false",
    list: listId,
    onchange: (text) => {
      const similar = similarTo(text.trim(), people);
      remark.hidden = !similar;
      fill(remark, similar && t("create.person.similar", { person: similar }));
    },
  });
  field.element.append(
    remark,
    h(
      "datalist",
      { id: listId },
      people.map((id) => h("option", { value: id })),
    ),
  );
  return field;
}

/** A known id that differs only in case. */
export const similarTo = (name, people) => !people.includes(name) && people.find((person) => person.toLowerCase() === name.toLowerCase());
