// Modal dialogs with a form. They are native `dialog` elements: the browser traps the focus, and Escape closes them.

import { fill, h, uniqueId } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { button } from "./elements.js";
import { current } from "../lib/session.js";
import { failureNote } from "./failure.js";

/** Closes every dialog, when the page or the session changes. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

/**
 * Opens a dialog and resolves to what `act` returns, or to null if it was cancelled.
 * `content`: the elements of the form. `showErrors(fields)` shows validation errors and returns whether every field has a place for its error. The dialog stays
 * open if `act` returns undefined or throws.
 */
export function ask({ title, content, confirm, kind = "primary", act, showErrors = () => false, isReady = null }) {
  // A double click opens one dialog.
  if (document.querySelector("dialog[open]")) return Promise.resolve(null);
  return new Promise((resolve) => {
    const id = uniqueId("dialog");
    const failure = h("div", { tabindex: -1 });
    const session = current();
    let result = null;
    let running = null;
    const cancel = button(t("dialog.cancel"), "", () => {
      if (!running) dialog.close();
    });
    const submit = h(`button.button.${kind}`, { type: "submit" }, confirm);
    const update = () => {
      if (isReady) submit.disabled = !isReady();
    };
    const form = h(
      "form",
      {
        novalidate: true,
        oninput: update,
        onsubmit: async (event) => {
          event.preventDefault();
          if (submit.disabled || running || current() !== session) return;
          // `disabled` would lose the focus.
          submit.setAttribute("aria-disabled", "true");
          cancel.setAttribute("aria-disabled", "true");
          submit.setAttribute("aria-busy", "true");
          fill(failure);
          try {
            running = Promise.resolve(act());
            result = await running;
            running = null;
            if (result !== undefined) return dialog.close();
            result = null; // It stays open: something is missing.
          } catch (error) {
            const isShown = error.fields && Object.keys(error.fields).length > 0 && showErrors(error.fields);
            if (!isShown) fill(failure, failureNote(error));
            const wrong = form.querySelector('[aria-invalid="true"]') ?? failure;
            wrong.focus?.();
            wrong.scrollIntoView?.({ block: "nearest" });
          }
          running = null;
          submit.removeAttribute("aria-busy");
          submit.removeAttribute("aria-disabled");
          cancel.removeAttribute("aria-disabled");
          update();
        },
      },
      h("h2", { id }, title),
      content,
      failure,
      h("div.dialog-actions", {}, cancel, submit),
    );
    const dialog = h(
      "dialog.dialog",
      {
        "aria-labelledby": id,
        // A request in flight cannot be cancelled.
        oncancel: (event) => {
          if (running) event.preventDefault();
        },
        onclose: async () => {
          dialog.remove();
          resolve(running ? await running.catch(() => null) : result);
        },
      },
      form,
    );
    update();
    document.body.append(dialog);
    dialog.showModal();
    // The checked radio button, not the first: Space would select it.
    if (document.activeElement?.type === "radio") form.querySelector("input[type=radio]:checked")?.focus();
  });
}

/** A confirmation dialog. Resolves to true once `act` has succeeded. */
export const confirmed = async (options) =>
  (await ask({
    kind: "danger",
    ...options,
    act: async () => {
      await options.act();
      return true;
    },
  })) === true;
