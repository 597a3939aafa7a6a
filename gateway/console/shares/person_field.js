// A field for a person, which knows those with whom something is shared.

import { all, tokenPages } from "../lib/api.js";
import { fill, h, uniqueId } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { textField } from "../ui/fields.js";

/** The ids of those with whom something is shared, as far as they can be read. */
export async function knownPeople(signal) {
  const people = await all(tokenPages("/access/people", "people", { size: 100, signal }), 500).catch(() => []);
  return people.map((person) => person.user_id);
}

/** A field for a person. A name that differs from a known one in case only is remarked. */
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

/** A known person whose name differs in case only. */
export const similarTo = (name, people) => !people.includes(name) && people.find((person) => person.toLowerCase() === name.toLowerCase());
