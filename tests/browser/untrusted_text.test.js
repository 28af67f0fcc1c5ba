// What stands in a SKU is text and stays text, and the page's policy would stop it if it were not.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { live, row, startBrowser, until } from "./harness/browser.js";
import { startEngine } from "./harness/engine.js";

const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "</td><script>alert(2)</script>",
  "\"><svg onload=alert(3)>",
  "javascript:alert(4)",
  "&lt;b&gt; 100% #1+2 \\",
  "\u202Ertl \u00E5\u{1F455}",
];

let engine;
let browser;
before(async () => {
  engine = await startEngine();
  browser = await startBrowser();
  for (const sku of HOSTILE) await engine.receive(sku, "<i>here</i>", 3);
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

test("a hostile SKU is shown as it is, everywhere, and does nothing", async () => {
  const page = await browser.open(engine.url);
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    return dialog.dismiss();
  });
  await live(page);
  for (const sku of HOSTILE) {
    await row(page, sku, "<i>here</i>").getByRole("button").click();
    await engine.reserve(sku, "<i>here</i>", 1);
  }
  await until(page, (count) => document.querySelectorAll('.card[data-version="2"]').length === count, HOSTILE.length);
  const text = (parts) => parts.map((part) => part.textContent);
  assert.deepEqual((await page.locator(".card h3").evaluateAll(text)).sort(), [...HOSTILE].sort());
  assert.deepEqual((await page.locator("tbody th").evaluateAll(text)).sort(), [...HOSTILE].sort());

  // Watched keys stand in the address; each is found again after a reload.
  await page.reload();
  await live(page);
  await until(page, (count) => document.querySelectorAll('.card[data-version="2"]').length === count, HOSTILE.length);
  assert.deepEqual((await page.locator(".card h3").evaluateAll(text)).sort(), [...HOSTILE].sort());

  // As a search, too.
  for (const sku of HOSTILE) {
    await page.locator("#search-match").selectOption("exact");
    await page.getByLabel("SKU", { exact: true }).fill(sku);
    await page.keyboard.press("Enter");
    await until(page, (wanted) => {
      const rows = document.querySelectorAll("#board-rows tr");
      return rows.length === 1 && rows[0].dataset.sku === wanted;
    }, sku);
  }
  assert.equal(await page.locator("main img, main script, main b b, main i").count(), 0);
  assert.deepEqual(dialogs, []);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the policy stops inline script, markup from text and other origins", async () => {
  const page = await browser.open(engine.url);
  await live(page);
  const outcome = await page.evaluate(async () => {
    const refused = async (attempt) => {
      try {
        await attempt();
        return false;
      } catch {
        return true;
      }
    };
    const script = document.createElement("script");
    return {
      markup: await refused(() => { document.body.innerHTML = "<b>x</b>"; }),
      script: await refused(() => { script.textContent = "window.ran = true"; document.body.append(script); }),
      elsewhere: await refused(() => fetch("http://127.0.0.1:9/")),
      ran: window.ran ?? false,
    };
  });
  assert.deepEqual(outcome, { markup: true, script: true, elsewhere: true, ran: false });
  const answer = await fetch(engine.url);
  assert.match(answer.headers.get("content-security-policy"), /^default-src 'none'; script-src 'self';/);
  await page.close();
});
