// Every text that the console asks for exists in every language, and none is left over.
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { URL_BASE } from "./browser.mjs";

const read = async (path) => {
  const response = await fetch(`${URL_BASE}/console/${path}`);
  assert.equal(response.status, 200, path);
  return response.text();
};

/** The modules of the console, found by following imports. */
async function modules(path = "main.js", found = new Map()) {
  if (found.has(path)) return found;
  found.set(path, await read(path));
  for (const [, imported] of found.get(path).matchAll(/from "(\.[^"]+)"/g)) {
    await modules(new URL(imported, `http://console/${path}`).pathname.slice(1), found);
  }
  return found;
}

test("every text exists in both languages", async () => {
  const source = (await modules()).get("texts.js");
  const { TEXTS } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  for (const [key, text] of Object.entries(TEXTS)) {
    assert.ok(text.en && text.de, key);
    const places = (words) => [...new Set(words.match(/\{\w+\}/g))].sort().join();
    assert.equal(places(text.en), places(text.de), `${key} has the same values in both languages`);
  }
});

test("texts are asked for and exist", async () => {
  const found = await modules();
  const { TEXTS } = await import(`data:text/javascript,${encodeURIComponent(found.get("texts.js"))}`);
  const exists = (key) => key in TEXTS || `${key}.other` in TEXTS;
  const used = new Set();
  const patterns = [];
  for (const [path, code] of found) {
    if (path === "texts.js") continue;
    for (const [, key] of code.matchAll(/\b(?:t|nodes)\(\s*"([^"]+)"/g)) assert.ok(exists(key), `${path}: ${key}`);
    for (const [, key] of code.matchAll(/"([a-z-]+(?:\.[\w-]+)+)"/g)) used.add(key);
    for (const [, key] of code.matchAll(/\b(?:t|nodes|has)\(\s*"([^"]+)"/g)) used.add(key);
    for (const [, key] of code.matchAll(/`([a-z$][^`]*\.[^`]*)`/g))
      patterns.push(
        new RegExp(
          `^${key
            .split(/\$\{[^}]*\}/)
            .map((part) => part.replace(/[.*+?^()|[\]\\]/g, "\\$&"))
            .join(".+")}$`,
        ),
      );
  }
  const unused = Object.keys(TEXTS)
    .map((key) => key.replace(/\.(one|other)$/, ""))
    .filter((key) => !used.has(key) && !patterns.some((pattern) => pattern.test(key)));
  assert.deepEqual(unused, []);
});
