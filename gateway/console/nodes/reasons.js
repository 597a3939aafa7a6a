// Why an app sees an item, in the words of this page where they are known.

import { serverText, t } from "../lib/i18n.js";

const KNOWN = {
  "exposed: it is a picked node": "reason.picked",
  "exposed: every inclusion filter holds, and nothing hides it": "reason.matches",
  "exposed: no inclusion filter is set, and nothing hides it": "reason.everything",
};

/** The reason of the server; one that is not known here stays in its English words. */
export const reasonWords = (reason, nameOf) => (reason in KNOWN ? t(KNOWN[reason]) : serverText(reason, nameOf));
