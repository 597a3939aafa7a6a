// A browser that fails on errors in its console, requests to other origins, and violations of accessibility rules.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

export const URL_BASE = process.env.REST_URL;
export const token = (user) => process.env[`TOKEN_${user}`];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const launch = () =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/** A page of a new context, signed in as `user`, or not if it is null. `faults` collects what must not happen. */
export async function open(browser, user, { width = 1280, scheme = "light", locale = "en-GB", expectFailures = false } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, locale, acceptDownloads: true });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (line) => {
    // The browser itself reports each failed request.
    const isOfRequest = line.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(line.type()) && !(expectFailures && isOfRequest))
      faults.push(`console: ${line.text()} (${line.location().url})`);
  });
  page.on("pageerror", (error) => faults.push(`page: ${error.stack}`));
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (!["data:", "blob:"].includes(asked.protocol) && asked.origin !== new URL(URL_BASE).origin)
      faults.push(`another origin: ${asked.href}`);
  });
  await page.goto(`${URL_BASE}/console${user ? `#token=${token(user)}` : ""}`);
  await page.locator("h1").waitFor();
  return { page, faults };
}

/** Goes to a page of the console, and waits until it has loaded. */
export async function visit(page, path) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${path}`);
  await settle(page);
}

export async function settle(page) {
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
}

/** No violation of axe's rules. */
export async function accessible(page, where) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () =>
    (await globalThis.axe.run()).violations.map(
      (violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.html.slice(0, 200)} (${node.failureSummary})`).join("; ")}`,
    ),
  );
  assert.deepEqual(violations, [], where);
}

/** Nothing is wider than the window. */
export async function fits(page, where) {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(excess <= 0, `${where} is ${excess} px wider than the window`);
}

export const picture = (page, name) => page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true });

/** Calls the REST API as `user`. */
export async function call(user, method, path, body) {
  const response = await fetch(`${URL_BASE}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${token(user)}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${response.ok ? "" : await response.text()}`);
  return response.status === 204 ? null : response.json();
}
