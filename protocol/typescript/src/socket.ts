// The WebSocket that is used: the one given, the platform's own, or that of the package `ws`.

import { SaldoError } from './error.js';

/** What the client uses of a WebSocket; that of browsers, of Node 22 and of `ws` all have it. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
  /** Of `ws` only: ends it without waiting for a peer that may be dead. */
  terminate?(): void;
}

/**
 * Makes a WebSocket: the global `WebSocket`, or the default export of `ws`. Each declares its handlers in its own
 * way, so that none of them is a `Socket` by its types.
 */
export type WebSocketClass = new (url: string, protocols: string[]) => object;

/** Opens a socket. */
export type Dial = (url: string, protocols: string[]) => Socket;

/** Finds a WebSocket to use; throws [`SaldoError`] where there is none. */
export async function dialer(given: WebSocketClass | undefined): Promise<Dial> {
  const found: WebSocketClass =
    given ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket ?? (await fromPackage());
  return (url, protocols) => new found(url, protocols) as Socket;
}

async function fromPackage(): Promise<WebSocketClass> {
  // A name that bundlers cannot see through: none of them shall ask for `ws` where it is not needed.
  const name = 'ws';
  try {
    const found = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      default: WebSocketClass;
    };
    return found.default;
  } catch (error) {
    throw new SaldoError(
      'this platform has no WebSocket: install the package `ws`, or give one as the option `webSocket`',
      { cause: error },
    );
  }
}
