// Reads YAML documents as a JSON array from stdin, and prints the results of the JavaScript parsers as a JSON array.

import { readFileSync } from "node:fs";
import * as jsYaml from "js-yaml";
import YAML from "yaml";

const parsers = {
  "js-yaml": (text) => jsYaml.load(text),
  "yaml, as 1.2": (text) => YAML.parse(text),
  "yaml, as 1.1": (text) => YAML.parse(text, { version: "1.1" }),
};
const attempt = (parse, text) => {
  try {
    return parse(text);
  } catch (error) {
    return `error: ${error.message}`;
  }
};
const readAll = (text) => Object.fromEntries(Object.entries(parsers).map(([name, parse]) => [name, attempt(parse, text)]));
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(readAll)));
