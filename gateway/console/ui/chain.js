// The chain of a re-share as an SVG diagram.

import { svg, uniqueId } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const STEP = 118;
const HEIGHT = 76;
const ROW = 4;

/** The diagram of `people`, from the owner to the last recipient. */
export function chain(people, ownName) {
  const id = uniqueId("chain");
  const words = t("chain.words", { names: people.join(" → ") });
  const place = (index) => ({ x: 46 + (index % ROW) * STEP, y: 26 + Math.floor(index / ROW) * HEIGHT });
  const rows = Math.ceil(people.length / ROW);
  const columns = Math.min(people.length, ROW);
  const width = 92 + (columns - 1) * STEP;
  const parts = people.flatMap((name, index) => {
    const { x, y } = place(index);
    const kind = index === 0 ? "me" : index === people.length - 1 ? "last" : "other";
    const shown = index === 0 && ownName ? ownName : name;
    const label = shown.length > 13 ? `${shown.slice(0, 12)}…` : shown;
    const isSameRow = index > 0 && index % ROW !== 0;
    return [
      isSameRow &&
        svg("path", {
          d: `M${x - STEP + 22} ${y}H${x - 24}`,
          stroke: "currentColor",
          "stroke-width": 1.6,
          fill: "none",
          "marker-end": `url(#${id}-arrow)`,
        }),
      svg("circle", { class: kind, cx: x, cy: y, r: 18, "stroke-width": 1.6 }),
      svg("text", { x, y: y + 4, "text-anchor": "middle" }, [...shown][0].toUpperCase()),
      svg("text", { x, y: y + 36, "text-anchor": "middle" }, label),
    ].filter(Boolean);
  });
  const arrow = svg(
    "marker",
    { id: `${id}-arrow`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
    svg("path", { d: "M0 0L8 4L0 8z", fill: "currentColor" }),
  );
  return svg(
    "svg",
    { class: "chain", viewBox: `0 0 ${width} ${rows * HEIGHT}`, width, role: "img", "aria-label": words },
    svg("defs", {}, arrow),
    parts,
  );
}
