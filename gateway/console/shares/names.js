// Names for the ids of tags and nodes, where they are known.

import { titleOf } from "../nodes/names.js";
import { nodes } from "../nodes/store.js";
import { tagNames } from "../nodes/tags.js";

/** A function from a kind ("tag" or "node") and an id to a name. An id without a name stays as it is. */
export async function loadNames() {
  const [tags, known] = await Promise.all([tagNames().catch(() => new Map()), nodes()]);
  const titles = new Map(known.map((node) => [node.description.id, titleOf(node)]));
  return (kind, id) => (kind === "tag" ? tags : titles).get(id) ?? id;
}
