// Calls of the REST API, and their failures.

import { current, signOut } from "./session.js";

const BASE = "/api/v1";
const TIMEOUT = 20_000;

/** Why a call failed. `code` is that of the API, or NETWORK or TIMEOUT. */
export class ApiError extends Error {
  constructor(status, code, message, { fields = {}, details = {}, requestId = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, fields, details, requestId, retryAfter });
  }
}

/** Sends a request and returns `{body, headers}`. `path` is that below the base, or a whole one as suggestions have it. */
export async function call(method, path, { body, query, headers = {}, signal, timeout: limit = TIMEOUT } = {}) {
  const url = new URL(path.startsWith(BASE) ? path : BASE + path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const session = current();
  const timeout = AbortSignal.timeout(limit);
  let response;
  let text;
  try {
    response = await fetch(url, {
      method,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        Authorization: `Bearer ${session?.token}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, timeout.aborted ? "TIMEOUT" : "NETWORK", String(error));
  }
  const type = response.headers.get("Content-Type") ?? "";
  const parsed = type.startsWith("application/json") && text ? JSON.parse(text) : null;
  if (response.ok) return { body: parsed, text, headers: response.headers };
  if (response.status === 401 && session === current()) signOut("sign-in.expired");
  const { error = {}, errors = {} } = parsed ?? {};
  if (error.code === "FIRST_PARTY_APP_REQUIRED" && session === current()) signOut("failure.FIRST_PARTY_APP_REQUIRED.advice");
  throw new ApiError(response.status, error.code ?? "UNKNOWN", error.message ?? response.statusText, {
    fields: errors,
    details: error.details ?? {},
    requestId: error.request_id ?? response.headers.get("X-Request-Id"),
    retryAfter: Number(response.headers.get("Retry-After")) || null,
  });
}

export const get = async (path, query, signal) => (await call("GET", path, { query, signal })).body;
export const post = async (path, body, signal) => (await call("POST", path, { body, signal })).body;
export const put = async (path, body, headers) => (await call("PUT", path, { body, headers })).body;
export const remove = async (path) => (await call("DELETE", path)).body;

/** A random idempotency key. */
export function idempotencyKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Token pagination: each call of the returned function resolves to the next entries and whether there are more. */
export function tokenPages(path, member, { size = 50, signal } = {}) {
  let token = "";
  return async () => {
    const entries = [];
    let next = token;
    // A page may be short, or empty, without being the last.
    do {
      const page = await get(path, { limit: size, page_token: next || null }, signal);
      entries.push(...page[member]);
      next = page.next_page_token;
    } while (next && entries.length < size);
    // Stored last: a retry repeats the whole call.
    token = next;
    return { entries, hasMore: Boolean(next) };
  };
}

/** The same with offset pagination. */
export function offsetPages(path, member, { size = 50, query = {}, signal } = {}) {
  let offset = 0;
  return async () => {
    const page = await get(path, { ...query, limit: size, offset }, signal);
    offset += size;
    return { entries: page[member], hasMore: page.has_next };
  };
}

/** Pages that depend on `load`, which succeeds once before the first; `use` gets its result. */
export function pagesAfter(load, use, pages) {
  let isLoaded = false;
  return async () => {
    if (!isLoaded) use(await load());
    isLoaded = true;
    return pages();
  };
}

/** All entries of a paginated list, at most `bound`. */
export async function all(pages, bound = 1000) {
  const entries = [];
  for (let hasMore = true; hasMore && entries.length < bound;) {
    const page = await pages();
    entries.push(...page.entries);
    hasMore = page.hasMore;
  }
  return entries;
}
