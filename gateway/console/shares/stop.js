// Stopping: ends the access of people and apps at once.

import { post } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { hour, t } from "../lib/i18n.js";
import { ask } from "../ui/dialog.js";
import { note, say } from "../ui/elements.js";
import { checkField, radioField } from "../ui/fields.js";

/** Ends everything, or all people's or all apps' access, as the person chooses. Resolves to whether something was stopped. */
export async function stopEverything(first) {
  const choice = radioField(
    t("stop.what"),
    first,
    ["both", "people", "apps"].map((value) => [value, t(`stop.${value}`), t(`stop.${value}.hint`)]),
  );
  const sure = checkField(t("stop.sure"), false);
  const bodies = { both: { people: "all", apps: "all" }, people: { people: "all" }, apps: { apps: "all" } };
  return stop({
    title: t("stop.title"),
    content: [choice.element, note("warn", null, h("p", {}, t("stop.final"))), sure.element],
    isReady: () => sure.value(),
    body: () => bodies[choice.value()],
  });
}

/** Ends what one person can do. */
export const stopPerson = (person) =>
  stop({
    title: t("stop.person.title", { person }),
    content: [h("p", {}, t("stop.person.lead", { person }))],
    body: () => ({ people: [person] }),
  });

async function stop({ title, content, body, isReady = null }) {
  let isTried = false;
  const act = () => {
    isTried = true;
    return post("/access/stop", body());
  };
  const stopped = await ask({ title, confirm: t("stop.confirm"), kind: "danger", content, isReady, act });
  // One service may have stopped its part although the other failed.
  if (!stopped) return isTried;
  const { effective_from } = stopped;
  say(effective_from ? t("stop.done", { time: hour(effective_from) }) : t("stop.nothing"));
  return true;
}
