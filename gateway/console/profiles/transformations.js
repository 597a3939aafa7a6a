// The transformations of the content, in their order.

import { fill, h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { button } from "../ui/elements.js";
import { checkField } from "../ui/fields.js";

const KNOWN = ["redact_pii", "coarsen_dates", "strip_metadata", "pseudonymize_ids"];

export function transformationList(value, changed) {
  let chosen = [...value];
  const place = h("ul.stack-small", {});
  const update = () => {
    draw();
    changed([...chosen]);
  };
  const move = (name, by) => {
    const index = chosen.indexOf(name);
    chosen = chosen.toSpliced(index, 1).toSpliced(index + by, 0, name);
    update();
    place.querySelector(`[data-name="${name}"] button:not([disabled])`)?.focus();
  };
  const row = (name) => {
    const index = chosen.indexOf(name);
    const box = checkField(t(`transformation.${name}`), index >= 0, {
      hint: t(`transformation.${name}.hint`),
      onchange: (isOn) => {
        chosen = isOn ? [...chosen, name] : chosen.filter((other) => other !== name);
        update();
        place.querySelector(`[data-name="${name}"] input`)?.focus();
      },
    });
    const arrows =
      index >= 0 &&
      chosen.length > 1 &&
      h(
        "div.row",
        {},
        button("", "small.icon", () => move(name, -1), {
          symbol: "up",
          name: t("transformation.earlier", { name: t(`transformation.${name}`) }),
          disabled: index === 0,
        }),
        button("", "small.icon", () => move(name, 1), {
          symbol: "down",
          name: t("transformation.later", { name: t(`transformation.${name}`) }),
          disabled: index === chosen.length - 1,
        }),
      );
    return h("li.ordered", { "data-name": name }, box.element, arrows);
  };
  const draw = () => fill(place, [...chosen, ...KNOWN.filter((name) => !chosen.includes(name))].map(row));
  draw();
  return h("fieldset", {}, h("legend.legend", {}, t("transformation.title")), place);
}
