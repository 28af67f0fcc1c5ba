// An engine with tokens: the page says what it needs, and shows as much as the token's role allows.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { live, row, startBrowser, until } from "./harness/browser.js";
import { startEngine } from "./harness/engine.js";

let engine;
let browser;
before(async () => {
  engine = await startEngine({ roles: ["read", "sell"] });
  browser = await startBrowser();
  await engine.receive("A", "OSLO-1", 10);
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

async function enter(page, token) {
  await page.locator("#token-open").click();
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.keyboard.press("Enter");
}

test("without a token the page is served, shows nothing and says why; with one it shows what the role may see", async () => {
  const page = await browser.open(engine.url);
  await page.locator('#connection[data-state="refused"]').waitFor();
  assert.match(await page.locator("#connection-state").textContent(), /^Refused: .*token/i);
  assert.equal(await page.locator("#board-rows tr").count(), 0);

  await enter(page, engine.tokens.read);
  await live(page);
  await row(page, "A", "OSLO-1").waitFor();
  await page.getByText("This connection may read levels only.").waitFor();
  await engine.reserve("A", "OSLO-1", 1);
  await row(page, "A", "OSLO-1").and(page.locator('[data-version="2"]')).waitFor();
  assert.equal(await page.locator("#activity-list li").count(), 0);

  await enter(page, engine.tokens.sell);
  await page.locator("#activity[data-told]").waitFor();
  await engine.reserve("A", "OSLO-1", 2);
  await until(page, () => document.querySelectorAll('#activity-list [data-kind="reserved"]').length === 1);

  // Kept in this tab, and in no other.
  await page.reload();
  await live(page);
  const other = await browser.open(engine.url);
  await other.locator('#connection[data-state="refused"]').waitFor();
  await other.close();
  await page.close();
});
