// An engine in small: keys with versions in a journal, and subscriptions that are told snapshots and deltas as the
// real one tells them. The test decides what is told when.

import type { ExactLevel } from '@saldo/client';
import type { ClientFrame } from '../../dist/message.js';
import { matcher } from '../../dist/selection.js';
import { level, type FakeSocket, type Frame } from './fake_engine.js';

interface Standing {
  readonly id: string;
  readonly matches: (sku: string, location: string) => boolean;
  readonly full: boolean;
  readonly began: number;
  /** SKUs of the snapshot that are still to be told. */
  readonly pages: string[];
  readonly changed: Set<string>;
  told: number;
  complete: boolean;
}

export class ModelEngine {
  #journal = 1;
  #sequence = 0;
  #levels = new Map<string, { readonly level: ExactLevel; readonly place: number }>();
  #standing: Standing[] = [];
  #socket: FakeSocket | undefined;
  #framesRead = 0;

  /** A new connection; those before it are gone. */
  connect(socket: FakeSocket): void {
    this.#socket = socket;
    this.#framesRead = 0;
    this.#standing = [];
  }

  /** Another journal, with nothing in it. */
  reset(): void {
    this.#journal += 1;
    this.#sequence = 0;
    this.#levels = new Map();
  }

  change(sku: string): void {
    this.#sequence += 1;
    const version = (this.#levels.get(sku)?.level.version ?? 0) + 1;
    const changed = level(sku, version, this.#sequence * 10 + this.#journal, this.#journal % 9);
    this.#levels.set(sku, { level: changed, place: this.#sequence });
    for (const standing of this.#standing) {
      if (standing.matches(sku, changed.location)) {
        standing.changed.add(sku);
      }
    }
  }

  /** Reads one frame of the client; whether there was one. */
  read(): boolean {
    const frame = this.#socket?.frames[this.#framesRead];
    if (!frame) {
      return false;
    }
    this.#framesRead += 1;
    this.#take(frame);
    return true;
  }

  /** Tells up to so many levels of a snapshot that is under way; whether there was one. */
  page(count: number): boolean {
    const standing = this.#standing.find(({ complete }) => !complete);
    if (!standing) {
      return false;
    }
    const levels = standing.pages.splice(0, count).map((sku) => this.#level(sku));
    const done = standing.pages.length === 0;
    if (done) {
      standing.complete = true;
      standing.told = standing.began;
    }
    const { id, full } = standing;
    const cursor = this.#cursor(standing.told);
    this.#socket?.say({ type: 'snapshot', id, levels, done, cursor, ...(full && { full }) });
    return true;
  }

  /** Tells up to so many changes; whether there were any. */
  delta(count: number): boolean {
    const standing = this.#standing.find(({ changed }) => changed.size > 0);
    if (!standing) {
      return false;
    }
    const { id, changed } = standing;
    const skus = [...changed].slice(0, count);
    skus.forEach((sku) => changed.delete(sku));
    if (changed.size === 0 && standing.complete) {
      standing.told = this.#sequence;
    }
    const levels = skus.map((sku) => this.#level(sku));
    this.#socket?.say({ type: 'delta', id, levels, cursor: this.#cursor(standing.told) });
    return true;
  }

  /** The levels of these SKUs, by SKU. */
  levels(skus: readonly string[]): Record<string, ExactLevel> {
    const found = [...skus].sort().flatMap((sku) => {
      const placed = this.#levels.get(sku);
      return placed ? [[sku, placed.level] as const] : [];
    });
    return Object.fromEntries(found);
  }

  #take(frame: ClientFrame): void {
    if (frame.type === 'subscribe') {
      this.#subscribe(frame);
    } else if (frame.type === 'unsubscribe') {
      this.#standing = this.#standing.filter(({ id }) => id !== frame.id);
      this.#socket?.say({ type: 'unsubscribed', id: frame.id });
    }
  }

  #subscribe({ id, skus, cursor }: Frame<'subscribe'>): void {
    const [journal, sequence] = (cursor ?? '').split('-').map(Number);
    const fits = journal === this.#journal && (sequence ?? 0) <= this.#sequence;
    const since = fits ? (sequence ?? 0) : 0;
    const matches = matcher(skus ? { skus } : {});
    const pages = [...this.#levels]
      .filter(([sku, placed]) => matches(sku, placed.level.location) && placed.place > since)
      .map(([sku]) => sku);
    this.#standing.push({
      id,
      matches,
      full: cursor !== undefined && !fits,
      began: this.#sequence,
      pages,
      changed: new Set(),
      told: since,
      complete: false,
    });
    this.#socket?.say({ type: 'subscribed', id, cursor: this.#cursor(since) });
  }

  #cursor(sequence: number): string {
    return `${this.#journal}-${sequence}`;
  }

  #level(sku: string): ExactLevel {
    const placed = this.#levels.get(sku);
    if (!placed) {
      throw new Error(`the model has no level of ${sku}`);
    }
    return placed.level;
  }
}
