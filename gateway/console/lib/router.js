// Hash router: `#/people`, `#/profiles/{id}`.

/** The path segments of the current route. */
export function parts() {
  return location.hash.replace(/^#\//, "").split("/").filter(Boolean).map(decoded);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // It was not encoded.
  }
}

/** The URL of a route. */
export const address = (...path) => `#/${path.map(encodeURIComponent).join("/")}`;

/** Navigates to a route. */
export function go(...path) {
  location.hash = address(...path);
}

/** No unsaved changes. */
const CLEAN = { isUnsaved: () => false, confirmLeave: () => true };

let guard = CLEAN;

/** Guards unsaved changes of a page until `unguard`. `isUnsaved()`: whether there are some; `confirmLeave()`: asks whether to discard them. */
export function guardLeaving(isUnsaved, confirmLeave) {
  guard = { isUnsaved, confirmLeave };
}

/** Removes the guard. */
export function unguard() {
  guard = CLEAN;
}

/** Whether the page may be left or drawn anew; asks if changes would be discarded. */
export const mayLeave = () => !guard.isUnsaved() || guard.confirmLeave();

/** Calls `show` on each navigation, unless the guard rejects it. */
export function watch(show) {
  let shown = location.hash;
  addEventListener("hashchange", () => {
    if (location.hash === shown) return;
    if (!mayLeave()) {
      history.replaceState(null, "", shown);
      return;
    }
    unguard();
    show();
    // `show` may have removed a token from it.
    shown = location.hash;
  });
  // The browser shows its own question; `confirm` is not allowed here.
  addEventListener("beforeunload", (event) => {
    if (guard.isUnsaved()) event.preventDefault();
  });
}
