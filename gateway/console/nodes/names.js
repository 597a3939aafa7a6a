// What nodes and their tags are called.

/** What a node is called. */
export const titleOf = (node) => (typeof node.fields.title === "string" && node.fields.title) || node.description.id;

/** The names of the tags of a node. */
export const tagsOf = ({ description }) => [...(description.tags ?? []).map((tag) => tag.name || tag.id), ...(description.tag_ids ?? [])];
