// Selected keys are told from others as the engine does it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matcher, type Selection } from '../dist/selection.js';

for (const [title, selection, selected, others] of [
  ['nothing named is everything', {}, [['A', 'X']], []],
  ['listed SKUs', { skus: ['A', 'B'] }, [['A', 'X'], ['B', 'Y']], [['AB', 'X'], ['a', 'X']]],
  ['prefixes', { skuPrefixes: ['TEE-'] }, [['TEE-', 'X'], ['TEE-1', 'Y']], [['TEE', 'X']]],
  ['prefixes add to SKUs', { skus: ['A'], skuPrefixes: ['T'] }, [['A', 'X'], ['T1', 'X']], [['B', 'X']]],
  ['locations alone', { locations: ['X'] }, [['A', 'X']], [['A', 'Y']]],
  ['SKUs at locations', { skus: ['A'], locations: ['X'] }, [['A', 'X']], [['A', 'Y'], ['B', 'X']]],
] as [string, Selection, [string, string][], [string, string][]][]) {
  test(title, () => {
    const matches = matcher(selection);
    for (const [sku, location] of selected) {
      assert.ok(matches(sku, location), `${sku} at ${location}`);
    }
    for (const [sku, location] of others) {
      assert.ok(!matches(sku, location), `${sku} at ${location}`);
    }
  });
}
