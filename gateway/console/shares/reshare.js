// Re-sharing what was shared with me.

import { idempotencyKey } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { ask } from "../ui/dialog.js";
import { say } from "../ui/elements.js";
import { checkField, textField } from "../ui/fields.js";
import { create, showIn } from "./dialogs.js";
import { RIGHTS, scopeWords, termsOf } from "./words.js";

/** Re-shares a received share with another person. Resolves to the new share, or null. */
export async function createReshare(parent) {
  const terms = termsOf(parent);
  const person = textField(t("create.person"), "", { hint: t("create.person.hint"), spellcheck: "false" });
  const rights = RIGHTS.filter((right) => terms[right]).map((right) => [right, checkField(t(`right.${right}`), right === "can_read")]);
  const key = idempotencyKey();
  const share = await ask({
    title: t("reshare.title", { person: parent.owner_id }),
    confirm: t("create.confirm"),
    content: [scopeWords(terms, (_, id) => id), person.element,
      h("fieldset", {}, h("legend.legend", {}, t("create.rights")), rights.map(([, field]) => field.element)), h("p.hint", {}, t("reshare.lead", { person: parent.owner_id }))],
    showErrors: showIn({ shared_with_user_id: person }),
    act: () => create({
      shared_with_user_id: person.value(), parent_share_id: parent.id, scope: terms.scope,
      ...(terms.scope === "specific_tags" ? { tag_ids: terms.tag_ids } : terms.scope === "all" ? {} : { node_ids: terms.node_ids }),
      ...Object.fromEntries(rights.map(([right, field]) => [right, field.value()])),
    }, key),
  });
  if (share) say(t("create.done", { person: share.shared_with_user_id }));
  return share;
}
