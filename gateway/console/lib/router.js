// The page of the address: `#/people`, `#/profiles/{id}`.

/** The parts of the current address. */
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

/** The address of a page. */
export const address = (...path) => `#/${path.map(encodeURIComponent).join("/")}`;

/** Goes to a page. */
export function go(...path) {
  location.hash = address(...path);
}

let mayLeave = () => true;

/** Asks before the page is left by a link; reset by the next page. */
export function guardLeaving(ask) {
  mayLeave = ask;
}

/** Whether the page may be left or drawn anew; asks if something would be lost. */
export const leavingIsFine = () => mayLeave();

/** Calls `show` whenever the address changes. */
export function watch(show) {
  let shown = location.hash;
  addEventListener("hashchange", () => {
    if (location.hash === shown) return;
    if (!mayLeave()) {
      history.replaceState(null, "", shown);
      return;
    }
    mayLeave = () => true;
    show();
    // A token was taken out of it.
    shown = location.hash;
  });
  addEventListener("beforeunload", (event) => {
    if (!mayLeave()) event.preventDefault();
  });
}
