/** What the client uses of a WebSocket; that of browsers, of Node 22 and of `ws` all have it. */
export interface Socket {
    onopen: ((event: never) => void) | null;
    onmessage: ((event: {
        readonly data: unknown;
    }) => void) | null;
    onerror: ((event: never) => void) | null;
    onclose: ((event: {
        readonly code: number;
        readonly reason: string;
    }) => void) | null;
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
export declare function dialer(given: WebSocketClass | undefined): Promise<Dial>;
