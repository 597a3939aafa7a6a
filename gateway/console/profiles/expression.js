// The editor of a tag expression: a tree of AND, OR and NOT with tags as leaves.

import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { button } from "../ui/elements.js";

/** An editor of an expression. `changed(expression, isComplete)`: an expression with an empty tag or group is not complete. */
export function expressionTree(expression, tags, changed) {
  let root = expression ? structuredClone(expression) : null;
  const place = h("div.stack", {});
  const listId = "expression-tags";
  const options = h(
    "datalist",
    { id: listId },
    [...tags.values()].map((name) => h("option", { value: name })),
  );
  const update = (focus = null) => {
    if (focus !== "typing") {
      draw();
      // Restores the focus to the changed part, or to the first button if the tree is empty.
      const next = focus === null ? null : (place.querySelector(`[data-part="${focus}"]`) ?? place.querySelector("button"));
      next?.focus();
    }
    changed(root, root === null || isComplete(root));
  };
  const draw = () =>
    fill(
      place,
      root === null
        ? h(
            "div.row",
            {},
            button(
              t("expression.add-all"),
              "small",
              () => {
                root = group("AND");
                update(".0");
              },
              { symbol: "add" },
            ),
            button(
              t("expression.add-any"),
              "small",
              () => {
                root = group("OR");
                update(".0");
              },
              { symbol: "add" },
            ),
          )
        : part(
            root,
            (next, focus) => {
              root = next;
              update(focus);
            },
            update,
            listId,
            "",
          ),
      options,
    );
  draw();
  return place;
}

const group = (op) => ({ op, conditions: [{ tag: "" }] });

function isComplete(expression) {
  if ("tag" in expression) return expression.tag.trim() !== "";
  return expression.conditions.length > 0 && expression.conditions.every(isComplete);
}

/** One part at a path such as ".0.1". `replace(next, focus)` puts another in its place; null removes it. `focus`: the path that gets the focus. */
function part(expression, replace, update, listId, path) {
  return "tag" in expression ? leaf(expression, replace, update, listId, path) : branch(expression, replace, update, listId, path);
}

function leaf(expression, replace, update, listId, path) {
  return h(
    "div.tree-leaf",
    {},
    h("input.input", {
      type: "text",
      value: expression.tag,
      list: listId,
      autocomplete: "off",
      "data-part": path,
      "aria-label": t("expression.tag"),
      placeholder: t("expression.tag"),
      oninput: (event) => {
        expression.tag = event.target.value;
        update("typing");
      },
    }),
    button("×", "small.icon", () => replace(null, above(path)), { name: t("expression.remove-tag", { tag: expression.tag }) }),
  );
}

const above = (path) => path.replace(/\.\d+$/, "");

function branch(expression, replace, update, listId, path) {
  const depth = path.split(".").length;
  const isNot = expression.op === "NOT";
  const operator = h(
    "select.input",
    {
      "aria-label": t("expression.operator"),
      "data-part": path,
      onchange: (event) => {
        const op = event.target.value;
        // NOT takes one part: several become "any of" below it.
        if (op === "NOT" && expression.conditions.length > 1)
          replace({ op, conditions: [{ op: "OR", conditions: expression.conditions }] }, path);
        else replace({ op, conditions: expression.conditions }, path);
      },
    },
    ["AND", "OR", "NOT"].map((op) => h("option", { value: op, selected: op === expression.op }, t(`expression.${op}`))),
  );
  const replaceAt = (index) => (next, focus) => {
    if (next) expression.conditions[index] = next;
    else expression.conditions.splice(index, 1);
    if (expression.conditions.length === 0) replace(null, above(path));
    else update(focus);
  };
  const add = (next) => {
    expression.conditions.push(next);
    const added = `${path}.${expression.conditions.length - 1}`;
    update("tag" in next ? added : `${added}.0`);
  };
  const parts = expression.conditions.map((condition, index) =>
    h("li", {}, part(condition, replaceAt(index), update, listId, `${path}.${index}`)),
  );
  return h(
    `div.tree${isNot ? ".not" : ""}`,
    { role: "group", "aria-label": t(`expression.${expression.op}`) },
    h(
      "div.tree-head",
      {},
      operator,
      button("×", "small.icon", () => replace(null, above(path)), { name: t("expression.remove-group") }),
    ),
    h("ul.stack-small", {}, parts),
    h(
      "div.row",
      {},
      !isNot && button(t("expression.add-tag"), "small", () => add({ tag: "" }), { symbol: "add" }),
      !isNot &&
        depth < 8 &&
        button(t("expression.add-group"), "small", () => add(group(expression.op === "AND" ? "OR" : "AND")), { symbol: "add" }),
      !isNot && depth < 8 && button(t("expression.add-not"), "small", () => add(group("NOT")), { symbol: "add" }),
    ),
  );
}
