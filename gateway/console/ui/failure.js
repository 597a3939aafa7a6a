// Error messages: what happened, and what to do.

import { h } from "../lib/dom.js";
import { has, t } from "../lib/i18n.js";
import { ApiError } from "../lib/api.js";
import { button, note } from "./elements.js";

/** The alert for a failed call, with a retry button. */
export function failureNote(error, again = null) {
  if (!(error instanceof ApiError)) console.error(error);
  const code = error instanceof ApiError ? error.code : "UNKNOWN";
  const title = t(has(`failure.${code}`) ? `failure.${code}` : "failure.UNKNOWN");
  const advice = has(`failure.${code}.advice`)
    ? t(`failure.${code}.advice`, { seconds: error.retryAfter ?? 1 })
    : t("failure.UNKNOWN.advice");
  const said = !["NETWORK", "TIMEOUT"].includes(code) && error.message;
  const fields = Object.entries(error.fields ?? {}).map(([field, messages]) =>
    h("li", {}, h("code", {}, field), ` ${messages.join("; ")}`),
  );
  const remark = note(
    "bad",
    title,
    h("p", {}, advice),
    fields.length > 0 && h("ul", { lang: "en" }, fields),
    (said || error.requestId) &&
      h(
        "details",
        {},
        h("summary", {}, t("failure.details")),
        said && h("p.small", { lang: "en" }, said),
        error.requestId && h("p.small", {}, t("failure.request"), " ", h("code", {}, error.requestId)),
      ),
    again && h("div", {}, button(t("failure.again"), "small", again)),
  );
  remark.setAttribute("role", "alert");
  return remark;
}
