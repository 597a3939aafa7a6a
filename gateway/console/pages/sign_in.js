// Signing in: the console takes a token, and keeps it in memory.

import { h } from "../lib/dom.js";
import { nodes, t } from "../lib/i18n.js";
import { signIn } from "../lib/session.js";
import { note } from "../ui/elements.js";
import { textField } from "../ui/fields.js";
import { languageSelect } from "../ui/frame.js";

export function signInPage(reason) {
  const token = textField(t("sign-in.token"), "", { type: "password", hint: t("sign-in.hint"), spellcheck: "false", required: true });
  const form = h(
    "form.stack",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        if (!signIn(token.value())) {
          token.setError([t("sign-in.invalid")]);
          token.input.focus();
        }
      },
    },
    token.element,
    h("button.button.primary", { type: "submit" }, t("sign-in.submit")),
  );
  return h(
    "main.sign-in",
    {},
    h(
      "div.card.stack",
      {},
      h(
        "div.row-between",
        {},
        h("div.brand", {}, h("img", { src: "/console/icon.svg", alt: "" }), "OfSelf"),
        h("div", {}, languageSelect()),
      ),
      h("h1", { tabindex: -1 }, t("sign-in.title")),
      h("p.lead", {}, t("sign-in.lead")),
      reason && note("warn", null, h("p", { role: "alert" }, t(reason))),
      form,
      h("p.hint", {}, nodes("sign-in.command", { command: h("code", {}, "ofself token --user alice") })),
    ),
  );
}
