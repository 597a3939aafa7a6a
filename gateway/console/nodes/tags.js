// The names of the person's tags.

import { all, tokenPages } from "../lib/api.js";
import { current } from "../lib/session.js";

let known = { session: null, names: null };

/** Tag names by id, cached for the session; empty if the tag directory has none. */
export function tagNames() {
  if (known.session !== current()) {
    const names = all(tokenPages("/access/tags", "tags", { size: 100 }), 2000).then(
      (tags) => new Map(tags.map(({ id, name }) => [id, name])),
    );
    const read = { session: current(), names };
    known = read;
    names.catch(() => {
      if (known === read) known = { session: null, names: null };
    });
  }
  return known.names;
}
