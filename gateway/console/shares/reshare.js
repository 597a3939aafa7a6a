// Re-sharing what was shared with me.

import { idempotencyKey } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { ask } from "../ui/dialog.js";
import { say } from "../ui/elements.js";
import { checkField, endField } from "../ui/fields.js";
import { create, missingEnd, narrowerScope, showIn } from "./dialogs.js";
import { personField } from "./person_field.js";
import { RIGHTS, scopeWords, termsOf } from "./words.js";

/** Re-shares a received share with another person. Resolves to the new share, or null. */
export async function createReshare(parent) {
  const terms = termsOf(parent);
  const person = personField([]);
  const scope = terms.scope === "all" ? null : narrowerScope(terms, (_, id) => id, {});
  const end = endField(t("create.end"), terms.expires_at, { latest: terms.expires_at, initial: terms.expires_at ? null : "365" });
  const rights = RIGHTS.filter((right) => terms[right]).map((right) => [right, checkField(t(`right.${right}`), right === "can_read")]);
  const key = idempotencyKey();
  const share = await ask({
    title: t("reshare.title", { person: parent.owner_id }),
    confirm: t("incoming.reshare"),
    content: [
      person.element,
      scope?.element ?? scopeWords(terms, (_, id) => id),
      h(
        "fieldset",
        {},
        h("legend.legend", {}, t("create.rights")),
        rights.map(([, field]) => field.element),
      ),
      end.element,
      h("p.hint", {}, t("reshare.lead", { person: parent.owner_id })),
    ],
    showErrors: showIn({ shared_with_user_id: person, expires_at: end, ...(scope ? { tag_ids: scope.ids, node_ids: scope.ids } : {}) }),
    act: () => {
      const expires_at = end.value();
      if (!person.value()) return void person.setError([t("create.person-missing")]);
      if (expires_at === undefined) return missingEnd(end);
      return create(
        {
          shared_with_user_id: person.value(),
          parent_share_id: parent.id,
          scope: terms.scope,
          ...scope?.read(),
          expires_at,
          ...Object.fromEntries(rights.map(([right, field]) => [right, field.value()])),
        },
        key,
      );
    },
  });
  if (share) say(t("create.done", { person: share.shared_with_user_id }));
  return share;
}
