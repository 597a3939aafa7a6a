// Page layout: navigation, account, language and theme selectors.

import { fill, h } from "../lib/dom.js";
import { LANGUAGES, currentLanguage, setLanguage, t } from "../lib/i18n.js";
import { address, mayLeave } from "../lib/router.js";
import { current, signOut } from "../lib/session.js";
import { PAGES } from "../pages/index.js";
import { avatar, button } from "./elements.js";
import { icon } from "./icons.js";
import { THEMES, currentTheme, setTheme } from "./theme.js";

/** Renders the layout into `app` and returns the container of the page. */
export function drawFrame(app, page) {
  const main = h("main.page", { id: "page" });
  const links = PAGES.map(({ name, symbol }) =>
    h(
      "li",
      {},
      h(
        "a",
        { href: address(name), "aria-current": name === page.name ? "page" : null, onclick: () => openMenu(false) },
        icon(symbol),
        t(`${name}.title`),
      ),
    ),
  );
  const menu = h(
    "button.button.icon",
    {
      type: "button",
      "aria-expanded": "false",
      "aria-controls": "side",
      "aria-label": t("menu"),
      onclick: () => openMenu(menu.getAttribute("aria-expanded") === "false"),
    },
    icon("menu"),
  );
  const openMenu = (isOpen) => {
    document.body.classList.toggle("menu-open", isOpen);
    menu.setAttribute("aria-expanded", String(isOpen));
  };
  openMenu(false);
  const side = h(
    "aside.side",
    {
      id: "side",
      "aria-label": "OfSelf",
      onkeydown: (event) => {
        if (event.key === "Escape") {
          openMenu(false);
          menu.focus();
        }
      },
    },
    brand(),
    h("nav", { "aria-label": t("menu") }, h("ul.navigation", {}, links)),
    account(),
  );
  fill(
    app,
    h(
      "a.skip",
      {
        href: "#page",
        onclick: (event) => {
          event.preventDefault();
          main.querySelector("h1")?.focus();
        },
      },
      t("skip"),
    ),
    h("div.frame", {}, h("header.top", {}, brand(), menu), side, main),
  );
  return main;
}

const brand = () => h("div.brand", {}, h("img", { src: "/console/icon.svg", alt: "" }), "OfSelf");

function account() {
  const { user } = current();
  return h(
    "div.account",
    {},
    h("p.account-user", {}, avatar(user, ".small"), h("span", {}, t("account.signed-in"), " ", h("strong", {}, user))),
    h("div.stack-small", {}, languageSelect(), themeSelect()),
    button(t("account.sign-out"), "small", () => {
      if (mayLeave()) signOut();
    }),
  );
}

/** Changing the language renders the page again, which discards unsaved changes. */
function changeLanguage(event) {
  if (mayLeave()) setLanguage(event.target.value);
  else event.target.value = currentLanguage();
}

/** The language selector. */
export function languageSelect() {
  return h(
    "select.input",
    { "aria-label": t("account.language"), "data-control": "language", onchange: changeLanguage },
    Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code, lang: code, selected: code === currentLanguage() }, name)),
  );
}

function themeSelect() {
  return h(
    "select.input",
    { "aria-label": t("account.theme"), onchange: (event) => setTheme(event.target.value) },
    THEMES.map((theme) => h("option", { value: theme, selected: theme === currentTheme() }, t(`theme.${theme}`))),
  );
}
