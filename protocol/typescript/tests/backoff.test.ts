// Waits between attempts: full jitter within a ceiling that doubles.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../dist/backoff.js';

const ALMOST_ONE = 1 - Number.EPSILON / 2;

test('the ceiling doubles from the base up to the most', () => {
  const backoff = new Backoff({ baseMs: 100, maxMs: 1_000 }, () => ALMOST_ONE);
  const waits = Array.from({ length: 6 }, () => backoff.next());
  assert.deepEqual(waits, [99, 199, 399, 799, 999, 999]);
});

test('the draw reaches from nothing to the ceiling', () => {
  let drawn = 0;
  const backoff = new Backoff({ baseMs: 100, maxMs: 100 }, () => drawn);
  assert.equal(backoff.next(), 0);
  drawn = 0.5;
  assert.equal(backoff.next(), 50);
});

test('a reset begins again at the base, and many failures do not overflow', () => {
  const backoff = new Backoff({ baseMs: 100, maxMs: 1_000 }, () => ALMOST_ONE);
  for (let failure = 0; failure < 2_000; failure += 1) {
    assert.ok(backoff.next() < 1_000);
  }
  assert.equal(backoff.failures, 2_000);
  backoff.reset();
  assert.equal(backoff.next(), 99);
});

test('random draws stay within their ceilings and differ', () => {
  const backoff = new Backoff({ baseMs: 1_000, maxMs: 1_000 }, Math.random);
  const waits = Array.from({ length: 200 }, () => backoff.next());
  assert.ok(waits.every((wait) => wait >= 0 && wait < 1_000 && Number.isInteger(wait)));
  assert.ok(new Set(waits).size > 1);
});

test('bounds that make no sense are refused', () => {
  assert.throws(() => new Backoff({ baseMs: 0 }, Math.random), RangeError);
  assert.throws(() => new Backoff({ baseMs: 10, maxMs: 5 }, Math.random), RangeError);
});
