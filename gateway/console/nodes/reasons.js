// Localized reasons of decisions about apps.

import { serverText, t } from "../lib/i18n.js";

const KNOWN = {
  "exposed: it is a picked node": "reason.picked",
  "exposed: every inclusion filter holds, and nothing hides it": "reason.matches",
  "exposed: no inclusion filter is set, and nothing hides it": "reason.everything",
};

/** The localized reason; an unknown one is shown in English as the server wrote it. */
export const reasonWords = (reason, nameOf) => (reason in KNOWN ? t(KNOWN[reason]) : serverText(reason, nameOf));
