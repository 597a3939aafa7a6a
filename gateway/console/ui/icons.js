// Icons as inline SVG: stroked paths in a 24 by 24 view box.

import { svg } from "../lib/dom.js";

const PATHS = {
  people: [
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
    "M2.5 20c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5",
    "M16 4.3a3.5 3.5 0 0 1 0 6.5",
    "M18 14.8c2 .7 3.2 2.4 3.5 5.2",
  ],
  apps: ["M4 4h7v7H4z", "M13.5 4h6.5v7h-6.5z", "M4 13.5h7V20H4z", "M13.5 13.5h6.5V20h-6.5z"],
  incoming: ["M12 3v11", "M7.5 10l4.5 4.5 4.5-4.5", "M4 17v3h16v-3"],
  node: ["M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z", "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z"],
  profiles: ["M4 7h9", "M17 7h3", "M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z", "M4 17h3", "M11 17h9", "M9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z"],
  history: ["M12 7v5l3.5 2", "M3.5 12a8.5 8.5 0 1 0 2.6-6.1", "M3.5 4v4.5H8"],
  suggestions: ["M9 18h6", "M10 21h4", "M12 3a6 6 0 0 0-3.5 10.9c.6.5 1 1.2 1 2v.1h5v-.1c0-.8.4-1.5 1-2A6 6 0 0 0 12 3Z"],
  data: ["M12 3l8 3.5v5c0 5-3.5 8.3-8 9.5-4.5-1.2-8-4.5-8-9.5v-5L12 3Z", "M9 12l2.2 2.2L15.5 10"],
  add: ["M12 5v14", "M5 12h14"],
  stop: ["M8 3h8l5 5v8l-5 5H8l-5-5V8z", "M9 12h6"],
  share: ["M4 12v8h16v-8", "M12 15V4", "M8 8l4-4 4 4"],
  edit: ["M4 20l1-4L16 5l3 3L8 19z"],
  end: ["M6 6l12 12", "M18 6L6 18"],
  clock: ["M12 7v5l3 2", "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z"],
  block: ["M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z", "M6 6l12 12"],
  tag: ["M3.5 12.5V4h8.5l8.5 8.5-8 8z", "M8 8h.01"],
  download: ["M12 4v11", "M7.5 11l4.5 4.5 4.5-4.5", "M4 20h16"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  up: ["M12 19V5", "M6 11l6-6 6 6"],
  down: ["M12 5v14", "M6 13l6 6 6-6"],
};

/** A decorative icon, hidden from screen readers. */
export function icon(name) {
  const paths = PATHS[name].map((d) => svg("path", { d }));
  return svg(
    "svg",
    {
      viewBox: "0 0 24 24",
      width: 20,
      height: 20,
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.8,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
      "aria-hidden": "true",
      focusable: "false",
    },
    paths,
  );
}
