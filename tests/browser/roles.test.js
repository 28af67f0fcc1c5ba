// What a page says that may not have everything: levels without movements, words instead of figures, a token that is
// not known, an engine that is starting. What the engine answers is played, so that each case is met alone.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";

import { live, row, startBrowser, until } from "./harness/browser.js";
import { startEngine } from "./harness/engine.js";

let engine;
let browser;
before(async () => {
  engine = await startEngine();
  browser = await startBrowser();
  await engine.receive("A", "OSLO-1", 10);
  await engine.receive("B", "OSLO-1", 10);
  await engine.reserve("B", "OSLO-1", 10);
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

/** Opens the page with its frames passing through `up(frame, answer)` and `down(frame)`, which may change them. */
async function openThrough({ up = (frame) => frame, down = (frame) => frame }) {
  const page = await browser.open("about:blank");
  await page.routeWebSocket(/\/v1\/feed$/, (socket) => {
    const server = socket.connectToServer();
    const answer = (frame) => socket.send(JSON.stringify(frame));
    socket.onMessage((text) => {
      const frame = up(JSON.parse(text), answer);
      if (frame) server.send(JSON.stringify(frame));
    });
    server.onMessage((text) => answer(down(JSON.parse(text))));
  });
  await page.goto(engine.url);
  await live(page);
  await row(page, "A", "OSLO-1").waitFor();
  return page;
}

test("a connection that may read levels only says so, and shows levels", async () => {
  const page = await openThrough({
    up: (frame, answer) => {
      if (frame.mode !== "events") return frame;
      answer({ type: "error", id: frame.id, code: "forbidden", detail: "the role read does not allow events" });
      return null;
    },
  });
  await page.getByText("This connection may read levels only.").waitFor();
  await row(page, "A", "OSLO-1").getByRole("button").click();
  await engine.receive("A", "OSLO-1", 5);
  await until(page, () => document.querySelector(".card .big")?.textContent === "15");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("movements are listed newest first, once each, and drawn in the plot", async () => {
  let tell;
  const page = await openThrough({
    up: (frame, answer) => {
      if (frame.mode !== "events") return frame;
      answer({ type: "subscribed", id: frame.id, cursor: "c0" });
      tell = (events) => answer({ type: "events", id: frame.id, events });
      return null;
    },
  });
  const balances = { on_hand: 10, committed: 0, damaged: 0, quality_control: 0, safety_stock: 0, incoming: 0 };
  const movement = (place, kind, before, after) => ({
    cursor: `c${place}`, sku: "B", location: "OSLO-1", version: place, kind, quantity: Math.abs(before - after),
    before: { ...balances, reserved: 10 - before, available: before },
    after: { ...balances, reserved: 10 - after, available: after },
    at: `2026-01-31T08:15:00.00000${place}Z`,
  });
  await page.locator("#activity[data-told]").waitFor();
  tell([movement(3, "reserved", 9, 6), movement(4, "released", 6, 8)]);
  tell([movement(4, "released", 6, 8)]);
  await until(page, () => document.querySelectorAll("#activity-list li").length === 2);
  const [newest, older] = await page.locator("#activity-list li").allInnerTexts();
  assert.match(newest, /Released\s+\+2[^]*B\s*OSLO-1[^]*6 → 8 available/);
  assert.match(older, /Reserved\s+-3[^]*9 → 6 available/);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("where the engine tells words instead of figures, so does the page", async () => {
  const worded = ({ sku, location, version, as_of, available }) => (
    { sku, location, availability: available > 0 ? "in_stock" : "out_of_stock", version, as_of }
  );
  const page = await openThrough({
    down: (frame) => (frame.levels ? { ...frame, levels: frame.levels.map(worded) } : frame),
  });
  assert.equal(await row(page, "A", "OSLO-1").locator(".word").textContent(), "In stock");
  assert.equal(await row(page, "B", "OSLO-1").locator(".word").textContent(), "Out");
  assert.equal(await row(page, "A", "OSLO-1").locator("td.available").isVisible(), false);
  assert.equal(await page.locator("#board-summary").textContent(), "2 keys");
  assert.deepEqual(page.faults, []);
  await page.close();
});

/** Something else on the engine's port: answers as `answer(request)` says, and offers of a WebSocket with 401. */
async function playEngine({ answer, offered = () => {} }) {
  const server = http.createServer((request, response) => {
    const { status, body } = answer(request);
    response.writeHead(status, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify(body));
  });
  server.on("upgrade", (request, socket) => {
    offered(request.headers["sec-websocket-protocol"]);
    socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  server.listen(Number(new URL(engine.url).port), "127.0.0.1");
  await once(server, "listening");
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

test("a token is kept in the tab, sent as a subprotocol, and a refusal is told with its reason", async () => {
  const page = await browser.open(engine.url);
  await live(page);
  await engine.kill();
  const offers = new Set();
  const tokens = new Set();
  const detail = "the token is not known";
  const stop = await playEngine({
    answer: ({ url, headers }) => {
      if (url === "/readyz") return { status: 200, body: { state: "ready", quarantined: [], read_only: false } };
      tokens.add(headers.authorization);
      return { status: 401, body: { code: "unauthorized", detail } };
    },
    offered: (protocols) => offers.add(protocols),
  });
  await page.getByRole("button", { name: "Token" }).click();
  const token = page.getByLabel("Token", { exact: true });
  await token.fill("not a token");
  await page.keyboard.press("Enter");
  await page.getByText("A token has letters, digits").waitFor();
  await token.fill("wrong-token");
  await page.keyboard.press("Enter");
  await page.getByText(`Refused: ${detail}`).waitFor();
  assert.equal(await page.locator("#connection").getAttribute("data-state"), "refused");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("saldo.token")), "wrong-token");
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  assert.ok(offers.has("saldo.v1.json, saldo.token.wrong-token"), [...offers].join("; "));
  assert.ok(tokens.has("Bearer wrong-token"));

  await stop();
  await engine.start();
  await page.getByRole("button", { name: "Token set" }).click();
  await page.getByRole("button", { name: "Forget" }).click();
  await live(page);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.close();
});

test("a page says that the engine is starting, and is live as soon as it has", async () => {
  const page = await browser.open(engine.url);
  await live(page);
  await row(page, "A", "OSLO-1").waitFor();
  await engine.kill();
  const body = { state: "recovering", quarantined: [], read_only: false };
  const stop = await playEngine({ answer: () => ({ status: 503, body }) });
  await page.getByText("Engine is starting").waitFor();
  assert.ok(await row(page, "A", "OSLO-1").isVisible(), "what was known stays in sight");
  await stop();
  await engine.start();
  await live(page);
  await until(page, () => !document.body.classList.contains("is-stale"));
  await page.close();
});
