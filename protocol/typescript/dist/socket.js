// The WebSocket that is used: the one given, the platform's own, or that of the package `ws`.
import { SaldoError } from './error.js';
/** Finds a WebSocket to use; throws [`SaldoError`] where there is none. */
export async function dialer(given) {
    const found = given ?? globalThis.WebSocket ?? (await fromPackage());
    return (url, protocols) => new found(url, protocols);
}
async function fromPackage() {
    // A name that bundlers cannot see through: none of them shall ask for `ws` where it is not needed.
    const name = 'ws';
    try {
        const found = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name));
        return found.default;
    }
    catch (error) {
        throw new SaldoError('this platform has no WebSocket: install the package `ws`, or give one as the option `webSocket`', { cause: error });
    }
}
