// The nodes that the person looks at. The platform keeps nodes elsewhere, so they are pasted, or are those of the demo. In memory only.

import { current } from "../lib/session.js";

const EXAMPLES_OF = "alice";

let loaded = null;
let examples = null;

/** The pasted nodes, or Alice's demo nodes. */
export async function nodes() {
  if (loaded) return loaded;
  if (current()?.user !== EXAMPLES_OF) return [];
  examples ??= fetch("/console/nodes.json").then((response) => response.json());
  try {
    return (await examples).map(parseNode);
  } catch {
    examples = null;
    return [];
  }
}

/** Uses other nodes; throws a `SyntaxError`, or a `TypeError` with the index of the wrong node. */
export function useNodes(text) {
  const parsed = JSON.parse(text);
  const list = Array.isArray(parsed) ? parsed : Array.isArray(parsed.nodes) ? parsed.nodes : [parsed];
  if (list.length === 0) throw new TypeError("0");
  if (list.length > 1000) throw new RangeError("too many nodes");
  loaded = list.map(parseNode);
  return loaded;
}

/** Clears pasted nodes when the session changes. */
export function forgetPerson() {
  loaded = null;
}

const DESCRIBED = ["id", "node_type", "created_at", "schema_id", "tags", "tag_ids", "graph_root_ids"];

/** Parses a node, nested or flat, into `{description, fields}`. */
function parseNode(node, index) {
  const isObject = typeof node === "object" && node !== null && !Array.isArray(node);
  if (isObject && typeof node.description?.id === "string") return { description: node.description, fields: node.fields ?? {} };
  if (!isObject || typeof node.id !== "string") throw new TypeError(String(index));
  const description = {};
  const fields = { ...node.fields };
  for (const [name, value] of Object.entries(node)) {
    if (name === "fields" || value === null) continue;
    if (DESCRIBED.includes(name)) description[name] = value;
    else fields[name] = value;
  }
  return { description, fields };
}
