// Every page, in the order of the navigation.

import { render as people } from "./people.js";
import { render as apps } from "./apps.js";
import { render as incoming } from "./incoming.js";
import { render as node } from "./node.js";
import { render as profiles } from "./profiles.js";
import { render as history } from "./history.js";
import { render as suggestions } from "./suggestions.js";
import { render as data } from "./data.js";

export const PAGES = [
  { name: "people", symbol: "people", render: people },
  { name: "apps", symbol: "apps", render: apps },
  { name: "incoming", symbol: "incoming", render: incoming },
  { name: "node", symbol: "node", render: node },
  { name: "profiles", symbol: "profiles", render: profiles },
  { name: "suggestions", symbol: "suggestions", render: suggestions },
  { name: "history", symbol: "history", render: history },
  { name: "data", symbol: "data", render: data },
];
