// A real engine in a process and a directory of its own, and an API client for it.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const STARTED_MS_MAX = 20_000;
const LISTENING = /listening on (?:http:\/\/)?([\d.]+):(\d+)/;

/** Starts an engine on a free port. With `roles` it has a token of each, as `tokens` tells. */
export async function startEngine({ roles = [] } = {}) {
  const program = process.env.SALDO_BIN;
  if (!program) throw new Error("SALDO_BIN must name the engine: cargo build -p saldo, then SALDO_BIN=target/debug/saldo");
  const directory = await mkdtemp(path.join(tmpdir(), "saldo-browser-"));
  const engine = new Engine(path.resolve(program), directory);
  // Its own settings, also where there are none, so that no other file is read.
  await writeFile(engine.settings, "");
  for (const role of roles) await engine.makeToken(role);
  await engine.start();
  return engine;
}

class Engine {
  /** Role to token. */
  tokens = {};
  #program;
  #directory;
  #process = null;
  #port = 0;

  constructor(program, directory) {
    this.#program = program;
    this.#directory = directory;
  }

  get settings() {
    return path.join(this.#directory, "saldo.toml");
  }

  /** Makes a token of a role, which the engine knows when it is next started. */
  async makeToken(role) {
    const made = ["token", "new", "--role", role, "--config", this.settings];
    const { stdout } = await promisify(execFile)(this.#program, made);
    this.tokens[role] = stdout.trim();
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it, again on the same port once it has one, and waits until it serves. */
  async start() {
    const settings = ["--config", this.settings, "--listen", `127.0.0.1:${this.#port}`];
    const directory = ["--data-dir", path.join(this.#directory, "data")];
    this.#process = spawn(this.#program, [...settings, ...directory], {
      cwd: this.#directory,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#port = await listening(this.#process);
    await this.#ready();
  }

  /** Ends it as a power cut does: at once, and without a word. */
  async kill() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }

  /** Ends it and removes its directory. */
  async close() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Asks the API, with the token of role `sell` if there is one; throws with the engine's problem where it refuses. */
  async ask(method, route, body) {
    const answer = await fetch(this.url + route, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(this.tokens.sell && { authorization: `Bearer ${this.tokens.sell}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${route}: ${told.status} ${told.code}: ${told.detail}`);
    return told;
  }

  receive(sku, location, quantity) {
    return this.ask("POST", `${route(sku, location)}/receive`, { quantity });
  }

  reserve(sku, location, quantity) {
    return this.ask("POST", "/v1/reservations", { lines: [{ sku, location, quantity }] });
  }

  release(id) {
    return this.ask("POST", `/v1/reservations/${id}/release`);
  }

  level(sku, location) {
    return this.ask("GET", route(sku, location));
  }

  async #ready() {
    const until_ms = Date.now() + STARTED_MS_MAX;
    while (Date.now() < until_ms) {
      if ((await fetch(`${this.url}/readyz`)).ok) return;
    }
    throw new Error(`the engine was not ready within ${STARTED_MS_MAX} ms`);
  }
}

function route(sku, location) {
  return `/v1/stock/${encodeURIComponent(sku)}/${encodeURIComponent(location)}`;
}

/** The port that the engine says it listens on. */
function listening(engine) {
  return new Promise((resolve, reject) => {
    let said = "";
    const late = setTimeout(() => reject(new Error(`the engine did not listen:\n${said}`)), STARTED_MS_MAX);
    const hear = (text) => {
      if (said.length > 64_000) return;
      said += text;
      const found = LISTENING.exec(said);
      if (!found) return;
      clearTimeout(late);
      resolve(Number(found[2]));
    };
    engine.stdout.setEncoding("utf8").on("data", hear);
    engine.stderr.setEncoding("utf8").on("data", hear);
    engine.once("error", reject);
    engine.once("exit", (code, signal) => reject(new Error(`the engine ended (${code ?? signal}):\n${said}`)));
  });
}
