// Entry point: session, router and layout.

import { fill } from "./lib/dom.js";
import { currentLanguage, onLanguageChange, t } from "./lib/i18n.js";
import { go, parts, unguard, watch } from "./lib/router.js";
import { current, onSessionChange, takeTokenFromAddress } from "./lib/session.js";
import { forgetPerson } from "./nodes/store.js";
import { PAGES } from "./pages/index.js";
import { signInPage } from "./pages/sign_in.js";
import { closeDialogs } from "./ui/dialog.js";
import { say } from "./ui/elements.js";
import { drawFrame } from "./ui/frame.js";
import { restoreTheme } from "./ui/theme.js";

/** How long before the expiry of a session the person is notified. */
const NOTICE = 5 * 60_000;
/** The maximum delay of `setTimeout`. */
const MAX_TIMER = 2 ** 31 - 1;

const app = document.querySelector("#app");
let leaving = null;
let reason = null;
let ending = null;

function show({ keepFocus = false } = {}) {
  leaving?.abort();
  leaving = new AbortController();
  closeDialogs();
  unguard();
  document.documentElement.lang = currentLanguage();
  if (!current()) {
    document.title = `${t("sign-in.title")} · OfSelf`;
    document.body.classList.remove("menu-open");
    fill(app, signInPage(reason));
    if (!keepFocus) app.querySelector("h1")?.focus();
    return;
  }
  const [name = PAGES[0].name, ...rest] = parts();
  const page = PAGES.find((candidate) => candidate.name === name);
  if (!page) return go(PAGES[0].name);
  document.title = `${t(`${page.name}.title`)} · OfSelf`;
  const place = drawFrame(app, page);
  page.render(place, { signal: leaving.signal, parts: rest });
  scrollTo(0, 0);
  if (!keepFocus) place.querySelector("h1")?.focus({ preventScroll: true });
}

/** Notifies the person before the session expires. */
function watchEnd() {
  clearTimeout(ending);
  const left = (current()?.expires ?? 0) - Date.now() - NOTICE;
  if (left > 0 && left < MAX_TIMER) ending = setTimeout(() => say(t("account.ends")), left);
}

restoreTheme();
takeTokenFromAddress();
watchEnd();
onSessionChange((why) => {
  reason = why ?? null;
  forgetPerson();
  watchEnd();
  show();
});
onLanguageChange(() => {
  show({ keepFocus: true });
  document.querySelector("[data-control=language]")?.focus();
});
watch(() => {
  // Another link with a token may have been opened in this tab.
  if (!takeTokenFromAddress((user) => confirm(t("sign-in.replace", { user })))) show();
});
show({ keepFocus: true });
