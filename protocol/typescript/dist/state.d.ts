/**
 * `connecting`: an attempt is under way. `live`: the connection is open. `waiting`: the last attempt or connection
 * failed, and the next attempt comes after a while. `closed`: by `close()`, or there is no WebSocket here.
 */
export type ClientState = 'connecting' | 'live' | 'waiting' | 'closed';
/** The state, and why. */
export interface ClientStatus {
    readonly state: ClientState;
    /** Attempts and connections that failed since one stayed live for a while. */
    readonly failures: number;
    /** What ended the last connection or attempt, for people. */
    readonly reason?: string;
    /** While `waiting`: until the next attempt, in milliseconds from when this was told. */
    readonly retryInMs?: number;
    /**
     * True where the engine seems to refuse this client (a wrong token, an origin that is not allowed): it said 401
     * or 403, or, as browsers do not tell, several attempts in a row ended before they opened. It may as well be
     * that no engine is there.
     */
    readonly refused?: true;
}
/**
 * `waiting`: for a connection. `loading`: asked for, and the snapshot is not complete yet. `live`: all that was
 * there is told, and changes come as they happen. `ended`: nothing more comes.
 */
export type SubscriptionState = 'waiting' | 'loading' | 'live' | 'ended';
