// Each page as different people see it: empty, with one entry, with 500; at three widths, light and dark; in both languages; while it loads and
// after an error.
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { accessible, call, fits, launch, open, picture, settle, token, visit } from "./browser.mjs";

const PAGES = ["people", "apps", "incoming", "node", "profiles", "profiles/new", "suggestions", "history", "data"];
const WIDTHS = [390, 768, 1440];
let browser;
before(async () => {
  browser = await launch();
  await call("single", "POST", "/sharing", { shared_with_user_id: "zoe-friend", scope: "all" });
  await call("bob", "POST", "/sharing", { shared_with_user_id: "single", scope: "specific_nodes", node_ids: ["n1"] });
  await call("single", "POST", "/exposure-profiles", { name: "One", tag_filters: { include_any: ["Work"] } });
  for (let first = 0; first < 500; first += 10) {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        call("many", "POST", "/sharing", {
          shared_with_user_id: `person-${first + index}`,
          scope: "specific_tags",
          tag_ids: [`t-${index}`],
        }),
      ),
    );
  }
  for (let number = 0; number < 60; number += 1) {
    await call("bob", "POST", "/sharing", { shared_with_user_id: "many", scope: "specific_nodes", node_ids: [`n-${number}`] });
    await call("many", "POST", "/exposure-profiles", { name: `Profile ${number}`, tag_filters: { include_any: [`t-${number}`] } });
  }
});
after(() => browser.close());

async function look(user, name, { locale = "en-GB", schemes = ["light", "dark"], pages = PAGES } = {}) {
  for (const scheme of schemes) {
    const { page, faults } = await open(browser, user, { scheme, locale });
    for (const path of pages) {
      await visit(page, path);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await fits(page, `${path} of ${name} at ${width} px`);
        await picture(page, `${name}-${path.replace("/", "-")}-${width}-${scheme}`);
      }
      await accessible(page, `${path} of ${name}, ${scheme}`);
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  }
}

test("pages with the demo data", async () => {
  await look("alice", "demo");
  if (!process.env.PICTURE) return;
  const { page } = await open(browser, "alice", { width: 1200 });
  await settle(page);
  await page.screenshot({ path: process.env.PICTURE });
  await page.context().close();
});
test("pages without an entry", () => look("zoe", "empty"));
test("pages with one entry", () => look("single", "single"));
test("pages in German", () => look("single", "german", { locale: "de-DE", schemes: ["light"] }));
test("pages with many entries", () =>
  look("many", "many", { schemes: ["light"], pages: ["people", "incoming", "profiles", "suggestions", "history"] }));

test("a long list goes on", async () => {
  const { page, faults } = await open(browser, "many");
  await settle(page);
  assert.equal(await page.locator("li.card").count(), 50);
  await page.getByRole("button", { name: "Show more" }).click();
  await page.locator("li.card").nth(99).waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("pasted nodes are looked at", async () => {
  const { page, faults } = await open(browser, "single");
  await visit(page, "node");
  await page.getByLabel("Items as JSON").fill("[{");
  await page.getByRole("button", { name: "Use these items" }).click();
  await page.getByText("This is not JSON.").waitFor();
  await page.getByLabel("Items as JSON").fill(
    JSON.stringify([
      {
        id: "n1",
        node_type: "NOTE",
        created_at: "2026-05-04T18:20:00Z",
        tags: [],
        fields: { title: "Pasted", content: "<b>not markup</b>" },
      },
    ]),
  );
  await page.getByRole("button", { name: "Use these items" }).click();
  await settle(page);
  await page.getByText("1 person can see or change it").waitFor();
  await page.getByText("<b>not markup</b>").first().waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("pages while loading, and after errors", async () => {
  const { page, faults } = await open(browser, "single", { expectFailures: true });
  await settle(page);
  let release;
  let answer = (route) =>
    new Promise((resolve) => {
      release = resolve;
    }).then(() => route.continue());
  await page.route("**/api/**", (route) => answer(route));
  await page.evaluate(() => {
    location.hash = "#/apps";
  });
  await page.locator(".skeleton").first().waitFor();
  await picture(page, "loading");
  await accessible(page, "a page while it loads");
  release();
  await settle(page);
  answer = (route) =>
    route.fulfill({
      status: 503,
      headers: { "Retry-After": "1" },
      contentType: "application/json",
      body: JSON.stringify({ error: { code: "SERVICE_UNAVAILABLE", message: "sharing-svc is unavailable", request_id: "r-1" } }),
    });
  await visit(page, "history");
  await page.getByText("The service is not available right now").waitFor();
  await picture(page, "unavailable");
  await accessible(page, "a page after an error");
  answer = (route) => route.abort();
  await visit(page, "incoming");
  await page.getByText("The server cannot be reached").first().waitFor();
  await picture(page, "offline");
  answer = (route) => route.continue();
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.getByRole("heading", { name: "bob" }).waitFor();
  answer = (route) =>
    route.fulfill({
      status: 401,
      contentType: "application/json",
      body: JSON.stringify({ error: { code: "UNAUTHORIZED", message: "expired" } }),
    });
  await visit(page, "history");
  await page.getByText("Your sign-in is no longer valid.").waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the console is used by keyboard", async () => {
  const { page } = await open(browser, "single");
  await settle(page);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.evaluate(() => document.querySelector(".skip").focus());
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1", "the skip link leads to the content");
  await page.getByRole("button", { name: "Share", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.ok(await page.evaluate(() => document.querySelector("dialog").contains(document.activeElement)), "the focus is in the dialog");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Share", "the focus is back");
  await page.context().close();
});

test("signing in takes a pasted token", async () => {
  const { page, faults } = await open(browser, null, { locale: "de-DE", width: 390 });
  await picture(page, "sign-in");
  await accessible(page, "the page to sign in");
  await page.getByLabel("Zugangs-Token").fill("no token");
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.getByText("Das ist kein Token.").waitFor();
  await page.getByLabel("Zugangs-Token").fill(token("single"));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Personen" }).waitFor();
  await page.getByRole("button", { name: "Menü" }).click();
  await picture(page, "menu");
  await accessible(page, "the open menu");
  await page.getByLabel("Sprache").selectOption({ label: "English" });
  await page.getByRole("heading", { name: "People" }).waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});
