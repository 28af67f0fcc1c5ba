/** The text frames of the feed. */
export declare const JSON_PROTOCOL = "saldo.v1.json";
/**
 * The WebSocket address for `http(s)://` and `ws(s)://` addresses with or without a path; in a browser also for
 * relative ones: '' is the page's own origin. A path is taken as the engine's prefix behind a proxy, unless it is
 * the feed's own.
 */
export declare function feedAddress(url: string, page: string | undefined): string;
/** The subprotocols to offer: a browser's WebSocket cannot set headers, so the token goes as one of them. */
export declare function protocols(token: string | undefined): string[];
