// The token of the signed-in person. It is kept in memory only: a reload signs out.

let session = null;
const changed = new Set();

/** `{token, user, expires}` or null. */
export const current = () => session;

export const onSessionChange = (listener) => changed.add(listener);

/** Uses a token; false if it is not one. The server verifies it with every request. */
export function signIn(pasted) {
  const token = pasted.trim().replace(/^Bearer\s+/i, "");
  const claims = claimsOf(token);
  if (!claims?.sub) return false;
  session = { token, user: String(claims.sub), expires: claims.exp ? claims.exp * 1000 : null };
  for (const listener of changed) listener();
  return true;
}

/** Forgets the token. `reason`: a key of a text that says why. */
export function signOut(reason = null) {
  session = null;
  for (const listener of changed) listener(reason);
}

/**
 * Takes the token out of the address bar, so that it is neither bookmarked nor in the history.
 * `mayReplace(user)`: whether another person may be signed in instead.
 */
export function takeTokenFromAddress(mayReplace = () => true) {
  const match = /^#token=([^&]+)/.exec(location.hash);
  if (!match) return false;
  history.replaceState(null, "", location.pathname);
  const claims = claimsOf(match[1]);
  // Another site may have opened this page with a token of its own.
  if (session && claims?.sub !== session.user && !mayReplace(String(claims?.sub ?? ""))) return false;
  return signIn(match[1]);
}

function claimsOf(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.codePointAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
