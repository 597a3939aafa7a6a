// The session: the access token, in memory only. A reload signs out.

let session = null;
const changed = new Set();

/** `{token, user, expires}` or null. */
export const current = () => session;

export const onSessionChange = (listener) => changed.add(listener);

/** Starts a session; false if the text is not a JWT. The server verifies the token on each request. */
export function signIn(pasted) {
  const token = pasted.trim().replace(/^Bearer\s+/i, "");
  const claims = claimsOf(token);
  if (!claims?.sub) return false;
  session = { token, user: String(claims.sub), expires: claims.exp ? claims.exp * 1000 : null };
  for (const listener of changed) listener();
  return true;
}

/** Ends the session. `reason`: the key of the text shown on the sign-in page. */
export function signOut(reason = null) {
  session = null;
  for (const listener of changed) listener(reason);
}

/**
 * Signs in with the token of the URL fragment and removes it, so that it is neither bookmarked nor in the history.
 * `mayReplace(user)`: whether the session of another user may be replaced (session fixation).
 */
export function takeTokenFromAddress(mayReplace = () => true) {
  const match = /^#token=([^&]+)/.exec(location.hash);
  if (!match) return false;
  history.replaceState(null, "", location.pathname);
  const claims = claimsOf(match[1]);
  if (!claims?.sub) return false;
  // Session fixation: another site may have opened this page with its own token.
  if (session && claims.sub !== session.user && !mayReplace(String(claims.sub))) return false;
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
