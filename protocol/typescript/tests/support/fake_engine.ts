// An engine that says what the test tells it to: every socket that the client opens is handed to the test.

import { setImmediate as turn } from 'node:timers/promises';
import { connect, type ConnectOptions, type ExactLevel, type SaldoClient } from '@saldo/client';
import type { ClientFrame, ServerMessage } from '../../dist/message.js';
import { HandClock } from './hand_clock.js';

export type Frame<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;

export class FakeSocket {
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  /** All frames that the client sent, pings too. */
  readonly frames: ClientFrame[] = [];
  /** The code with which the client closed it. */
  closedWith: number | undefined;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(text: string): void {
    this.frames.push(JSON.parse(text) as ClientFrame);
  }

  close(code: number): void {
    this.closedWith = code;
  }

  open(): void {
    this.onopen?.({});
  }

  say(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** Ends it, as seen by the client. */
  cut(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }

  /** The newest frame of a type. */
  last<T extends ClientFrame['type']>(type: T): Frame<T> {
    const frame = this.frames.findLast((sent) => sent.type === type);
    if (!frame) {
      throw new Error(`the client sent no frame of type ${type}`);
    }
    return frame as Frame<T>;
  }

  count(type: ClientFrame['type']): number {
    return this.frames.filter((sent) => sent.type === type).length;
  }
}

export class FakeEngine {
  readonly sockets: FakeSocket[] = [];
  readonly clock = new HandClock();
  /** What `random` draws. */
  drawn = 0.5;

  /** A client of this engine. */
  client(options: Partial<ConnectOptions> = {}): SaldoClient {
    const { sockets } = this;
    return connect({
      url: 'http://engine.test',
      webSocket: class extends FakeSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols);
          sockets.push(this);
        }
      },
      timers: this.clock,
      random: () => this.drawn,
      ...options,
    });
  }

  /** The newest socket, or the one of this number, counted from 1. */
  async socket(number?: number): Promise<FakeSocket> {
    // The client finds its WebSocket class in a promise, so a turn has to pass.
    await turn();
    const socket = this.sockets[(number ?? this.sockets.length) - 1];
    if (!socket) {
      throw new Error(`the client opened ${this.sockets.length} sockets, not ${number ?? 'one'}`);
    }
    return socket;
  }

  /** Lets the longest wait pass, and opens the next connection. */
  async reconnected(): Promise<FakeSocket> {
    this.clock.advance(31_000);
    const socket = await this.socket(this.sockets.length + 1);
    socket.open();
    return socket;
  }
}

/** A level with so much available. */
export function level(sku: string, version: number, available = version, day = 1): ExactLevel {
  return {
    sku,
    location: 'OSLO-1',
    on_hand: available,
    reserved: 0,
    committed: 0,
    damaged: 0,
    quality_control: 0,
    safety_stock: 0,
    incoming: 0,
    available,
    oversell_limit: 0,
    version,
    as_of: `2026-01-0${day}T00:00:00.${String(version).padStart(6, '0')}Z`,
  };
}
