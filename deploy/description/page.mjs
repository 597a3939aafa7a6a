// Tests the page at /docs in Chromium: it loads, a call with a pasted token succeeds, the console shows
// no error, and no request goes to another host. Usage: node page.mjs URL TOKEN [PICTURE]
import { strict as assert } from "node:assert";
import { chromium } from "playwright-core";

const [url, token, picture] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const complaints = [];
  const elsewhere = [];
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.origin !== new URL(url).origin) elsewhere.push(asked.href);
  });

  await page.goto(`${url}/docs`);
  await page.locator(".opblock").nth(15).waitFor();
  await page.locator("button.authorize").first().click();
  await page.locator(".modal-ux input").fill(token);
  await page.locator(".modal-ux button.authorize").click();
  await page.locator(".modal-ux button.btn-done").click();

  const operation = page.locator("#operations-Sharing-ListOutgoingShares");
  await operation.locator(".opblock-summary-control").click();
  await operation.locator("button.try-out__btn").click();
  await operation.locator("button.execute").click();
  const status = operation.locator(".live-responses-table .response-col_status").last();
  await status.waitFor();
  assert.match(await status.innerText(), /^200/);
  const answer = await operation.locator(".live-responses-table .response-col_description pre").first().innerText();
  assert.match(answer, /"has_next"/);
  if (picture) await page.screenshot({ path: picture });

  assert.deepEqual(complaints, [], "the console says nothing of an error");
  assert.deepEqual(elsewhere, [], "no request to another host");
  console.log("the page at /docs loads, a call from it succeeds, and sends no request to another host");
} finally {
  await browser.close();
}
