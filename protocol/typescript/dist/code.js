// The slugs of refusals and errors, in order of precedence.
/** Whether nothing happened and the same request may well succeed a little later. */
export function isTransient(code) {
    return code === 'overloaded' || code === 'read_only' || code === 'not_ready';
}
