// The real engine, from the binary that SALDO_BIN names, with its data in a temporary folder.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { SALDO_BIN } = process.env;

/** For `test(…, { skip })`: why there is no engine to test against, or false. */
export const withoutEngine: string | false = SALDO_BIN
  ? false
  : 'SALDO_BIN is not set: name the engine to test against, such as target/release/saldo';

export class Engine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'saldo-client-'));
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;
  #listen = '127.0.0.1:0';

  private constructor(settings: readonly string[]) {
    this.#settings = settings;
  }

  /** Starts one; each of the settings is `name=value`. */
  static async start(...settings: string[]): Promise<Engine> {
    const engine = new Engine(settings);
    try {
      await engine.start();
    } catch (error) {
      await engine.remove();
      throw error;
    }
    return engine;
  }

  get url(): string {
    return `http://${this.#listen}`;
  }

  /** Starts it again, at the same address with the same data. */
  async start(): Promise<void> {
    const options = ['--listen', this.#listen, '--data-dir', join(this.#folder, 'data'), '--log', 'error'];
    const settings = this.#settings.flatMap((setting) => ['--set', setting]);
    const child = spawn(SALDO_BIN ?? '', ['serve', ...options, ...settings], {
      // Elsewhere, so that no settings file of the caller's folder is read.
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const address = /http:\/\/(\S+)/.exec(line)?.[1];
      if (address !== undefined) {
        this.#listen = address;
        await this.#ready();
        return;
      }
    }
    throw new Error('the engine ended without telling its address');
  }

  /** Kills it, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
  }

  /** Kills it and removes its data. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Takes goods in; the key's level. */
  receive(sku: string, location: string, quantity: number): Promise<Record<string, unknown>> {
    const path = `/v1/stock/${encodeURIComponent(sku)}/${encodeURIComponent(location)}/receive`;
    return this.#post(path, { quantity });
  }

  /** Holds units; the reservation. */
  reserve(sku: string, location: string, quantity: number): Promise<Record<string, unknown>> {
    return this.#post('/v1/reservations', { lines: [{ sku, location, quantity }] });
  }

  async level(sku: string, location: string): Promise<unknown> {
    const answer = await fetch(`${this.url}/v1/stock/${sku}/${location}`);
    return answer.json();
  }

  async #post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const told = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status} ${JSON.stringify(told)}`);
    }
    return told;
  }

  /** The port is open before recovery is through: it says `not_ready` until then. */
  async #ready(): Promise<void> {
    for (;;) {
      const answer = await fetch(`${this.url}/readyz`);
      await answer.arrayBuffer();
      if (answer.ok) {
        return;
      }
    }
  }
}
