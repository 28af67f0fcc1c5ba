// The package's public face.
export { connect } from './connect.js';
export { NotLive, OutcomeUnknown, Refused, SaldoError } from './error.js';
export { keyOf } from './key.js';
export { isBanded, isBoolean, isExact, } from './level.js';
