// What Alice does in one sitting, from page to page.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { URL_BASE, accessible, call, launch, open, settle, token, visit } from "./browser.mjs";

let browser;
let page;
let faults;
before(async () => {
  browser = await launch();
  ({ page, faults } = await open(browser, "alice"));
});
after(() => browser.close());

const dialog = () => page.getByRole("dialog");
const card = (key) => page.locator(`[data-key="${key}"]`);
const add = async (scope, label, word) => {
  await scope.getByLabel(label, { exact: true }).fill(word);
  await scope.getByLabel(label, { exact: true }).press("Enter");
};
/** Confirms the open dialog, and waits until the page has what follows. */
const confirm = async (name) => {
  await dialog().getByRole("button", { name, exact: true }).click();
  await dialog().waitFor({ state: "detached" });
  await settle(page);
};

test("the token is nowhere but in memory", async () => {
  assert.equal(page.url(), `${URL_BASE}/console`);
  const stored = await page.evaluate(() =>
    JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie, html: document.documentElement.outerHTML }),
  );
  assert.ok(!stored.includes(token("alice")), "not in storage, cookies or the page");
  const other = await open(browser, "alice");
  await other.page.reload();
  await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await other.page.goBack({ timeout: 2000 }).catch(() => null);
  assert.ok(!other.page.url().includes("token="), "not in the history");
});

test("a share is created and is under People", async () => {
  await settle(page);
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await accessible(page, "the dialog of a new share");
  await dialog().getByRole("button", { name: "Share", exact: true }).click();
  await dialog().getByLabel("With whom").and(page.locator("[aria-invalid=true]")).waitFor();
  faults.length = 0; // The browser reports the rejected request.
  await dialog().getByLabel("With whom").fill("olga");
  await add(dialog(), "Tags", "Travel");
  await add(dialog(), "Tags", "Health");
  await dialog().getByLabel("can pass it on").check();
  await confirm("Share");
  await card("olga").getByText("Travel").waitFor();
  const [share] = (await call("alice", "GET", "/access/people?limit=100")).people.find((person) => person.user_id === "olga").shares;
  assert.deepEqual([share.tag_ids, share.can_share], [["t-travel", "t-health"], true], "tags are sent by their ids");
});

test("Alice sees a node as Bob does, and as an app does", async () => {
  await card("bob").getByRole("link", { name: "View as bob" }).click();
  await settle(page);
  const seen = page.getByRole("region", { name: "bob", exact: true });
  await seen.getByText("ines.costa@example.org").waitFor();
  await page.getByLabel("App", { exact: true }).selectOption("trip-planner");
  await settle(page);
  const redacted = page.getByRole("region", { name: "trip-planner", exact: true });
  assert.deepEqual(
    await redacted
      .locator("mark")
      .allInnerTexts()
      .then((marks) => marks.map((mark) => mark.replace("changed:", "").trim())),
    ["[PHONE]", "[EMAIL]"],
  );
  // The server's sentences of which the console knows its own.
  await redacted.getByText("Its profile shows this.").waitFor();
  await page.getByText("Its profile shows everything that it does not hide.").first().waitFor();
  await page.getByRole("button", { name: /What I think of my boss/ }).click();
  await settle(page);
  await page.getByText("bob sees nothing of this.").waitFor();
  await accessible(page, "views of a node");
});

test("narrowing a share narrows what was passed on", async () => {
  await visit(page, "people");
  await card("carl").getByText("Family").waitFor();
  await card("bob")
    .getByRole("button", { name: /^End: / })
    .click();
  await dialog().getByText("so do those who have it from bob: carl and emma.").waitFor();
  await dialog().getByRole("button", { name: "Cancel" }).click();
  await card("bob")
    .getByRole("button", { name: /^Take back a part: bob/ })
    .click();
  await dialog().getByLabel("Family").uncheck();
  await accessible(page, "the dialog that narrows");
  await confirm("Take back");
  await card("bob").getByText("Travel").waitFor();
  assert.equal(await card("bob").getByText("Family").count(), 0);
  // What Bob passed on is tagged Family: what has both tags is left of it.
  await card("carl").getByText("limited by what was passed on").waitFor();
  await card("emma").getByText("limited by what was passed on").waitFor();
  await card("bob")
    .getByRole("button", { name: /^Take back a part: bob/ })
    .click();
  await dialog().getByLabel("can pass it on").uncheck();
  await confirm("Take back");
  await card("carl").waitFor({ state: "detached" });
  await card("emma").waitFor({ state: "detached" });
});

test("the end of a share moves, and a share ends", async () => {
  await card("gwen")
    .getByRole("button", { name: /^Change end/ })
    .click();
  await dialog().getByLabel("New end").selectOption({ label: "In a year" });
  await confirm("Save");
  const end = new Date((await call("alice", "GET", "/access/people?limit=100")).people.find((person) => person.user_id === "gwen").until);
  assert.ok(Math.abs(end - Date.now() - 365 * 86_400_000) < 3_600_000, String(end));
  await card("dr-lee")
    .getByRole("button", { name: /^End: / })
    .click();
  await confirm("End the share");
  await card("dr-lee").waitFor({ state: "detached" });
});

test("an expired share is renewed", async () => {
  await page.getByText("Ended shares").click();
  const frank = page.locator("li.card", { hasText: "frank" });
  await frank.getByText("expired").waitFor();
  await frank.getByRole("button", { name: /Renew/ }).click();
  await confirm("Save");
  await card("frank").waitFor();
});

test("a change of a profile is previewed with what it exposes, and saved", async () => {
  await visit(page, "profiles");
  await page.getByRole("link", { name: "Edit: Trips", exact: true }).click();
  await settle(page);
  const preview = page.getByRole("complementary", { name: "What this changes" });
  await preview.getByText("The same items are shown as before.").waitFor();
  await add(page, "Has any of these tags", "Recipes");
  await preview.getByText("2 items become visible").waitFor();
  await preview.getByText("Grandma's lasagne").waitFor();
  await preview.getByText("Apps see more than before").waitFor();
  await page.getByRole("button", { name: "All of …" }).click();
  await preview.getByText("A part of the combination of tags is empty.").waitFor();
  await page.getByRole("combobox", { name: "Tag", exact: true }).fill("Family");
  await preview.getByText("1 item becomes visible").waitFor();
  await preview.getByText("2 items are hidden").waitFor();
  await accessible(page, "the editor of a profile");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await dialog().getByText("This becomes visible to apps with this profile").waitFor();
  await dialog().getByText("Grandma's lasagne").waitFor();
  await dialog().getByText("For example, this becomes visible:").waitFor();
  await confirm("Save");
  const { exposure_profiles: profiles } = await call("alice", "GET", "/exposure-profiles?limit=100");
  const trips = profiles.find((profile) => profile.name === "Trips");
  assert.deepEqual(
    [trips.tag_filters.include_any, trips.tag_expression],
    [["Travel", "Recipes"], { op: "AND", conditions: [{ tag: "Family" }] }],
  );
});

test("errors of fields are shown at them while typing", async () => {
  const other = await open(browser, "alice", { expectFailures: true });
  await visit(other.page, "profiles/new");
  await add(other.page, "Has one of these types", "x".repeat(200));
  await other.page.locator(".chips-input.invalid").waitFor();
  await other.page.getByText("Some fields are not valid yet.").waitFor();
  assert.deepEqual(other.faults, []);
});

test("a new profile is created and deleted", async () => {
  await visit(page, "profiles/new");
  await page.getByLabel("Name", { exact: true }).fill("Nothing but titles");
  await page.getByLabel("Summary").check();
  await page.getByLabel("Contacts and numbers").check();
  await add(page, "Nothing with one of these types", "JOURNAL");
  await settle(page);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await confirm("Create");
  await page.getByRole("heading", { name: "Nothing but titles" }).waitFor();
  await page.getByText("As YAML").click();
  await page.getByText("max_detail_level: summary").waitFor();
  await visit(page, "profiles");
  await page.getByRole("button", { name: "Delete: Nothing but titles" }).click();
  await confirm("Delete");
  assert.equal(await page.getByRole("heading", { name: "Nothing but titles" }).count(), 0);
});

test("an app gets another profile, and is disconnected", async () => {
  await visit(page, "apps");
  await card("trip-planner").getByRole("button", { name: "Change profile: trip-planner" }).click();
  assert.ok(await dialog().getByRole("button", { name: "Use this profile" }).isDisabled(), "it has this profile");
  await dialog().getByLabel("Profile").selectOption({ label: "Transparent" });
  await dialog().getByText("trip-planner sees or may do more than now").waitFor();
  await dialog().getByText("Bank details").waitFor();
  await accessible(page, "the dialog of another profile");
  await dialog().getByLabel("Profile").selectOption({ label: "Kitchen" });
  await confirm("Use this profile");
  await card("trip-planner").getByRole("link", { name: "Kitchen" }).waitFor();
  await card("recipe-box").getByRole("button", { name: "Disconnect: recipe-box" }).click();
  await confirm("Disconnect");
  await card("recipe-box").waitFor({ state: "detached" });
});

test("a received share is left, and a person is blocked and unblocked", async () => {
  await visit(page, "incoming");
  await page.getByRole("button", { name: /^Leave: hana/ }).click();
  await confirm("Leave");
  assert.equal(await page.getByRole("heading", { name: "hana" }).count(), 0);
  await page.getByRole("button", { name: /^Block: bob/ }).click();
  await confirm("Block");
  await card("bob").getByRole("button", { name: "Unblock: bob" }).click();
  await confirm("Unblock");
  await page.getByRole("button", { name: /^Block: bob/ }).waitFor();
});

test("a suggestion is settled", async () => {
  await visit(page, "suggestions");
  await page.getByRole("button", { name: "Stop sharing: dana" }).click();
  await confirm("Stop sharing");
  assert.equal(await page.getByRole("heading", { name: /dana/ }).count(), 0);
});

test("what was done is in the history", async () => {
  await visit(page, "history");
  for (const text of [
    /You stopped sharing with dana/,
    /You bound the app trip-planner to another profile/,
    /You changed the share with bob/,
  ]) {
    await page.getByText(text).first().waitFor();
  }
});

test("everything is exported", async () => {
  await visit(page, "data");
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download my data" }).click();
  const download = await downloading;
  assert.match(download.suggestedFilename(), /^ofself-alice-\d{4}-\d\d-\d\d\.json$/);
  const document = JSON.parse(readFileSync(await download.path(), "utf8"));
  assert.equal(document.user_id, "alice");
  assert.ok(document.sharing && document.exposure);
});

test("everything is stopped", async () => {
  await visit(page, "people");
  await page.getByRole("button", { name: "End all access …" }).click();
  await dialog().getByLabel("All people and all apps").check();
  assert.ok(await dialog().getByRole("button", { name: "End now" }).isDisabled(), "it is confirmed first");
  await dialog().getByLabel("Yes, end this").check();
  await confirm("End now");
  await page.getByText("Only you see your data").waitFor();
  await page.getByText(/^Ended\. From /).waitFor();
  await visit(page, "apps");
  await page.getByText("No app is connected").waitFor();
});

test("Alice is erased once she typed her name", async () => {
  await visit(page, "data");
  await page.getByRole("button", { name: "Erase me" }).click();
  await dialog().getByLabel("Type alice to confirm").fill("alic");
  assert.ok(await dialog().getByRole("button", { name: "Erase me" }).isDisabled());
  await dialog().getByLabel("Type alice to confirm").fill("alice");
  await confirm("Erase me");
  await page.getByText(/Your access is being revoked|Nothing is shared any more/).waitFor();
});

test("no error, and no request to another origin", () => assert.deepEqual(faults, []));
