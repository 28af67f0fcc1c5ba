// Whatever happens in whatever order (changes, pages, deltas, cut connections, other selections, another journal),
// in the end the client knows what the engine knows. Seeded: SALDO_SEED replays one run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from './support/fake_engine.js';
import { ModelEngine } from './support/model_engine.js';

const RUNS = 200;
const STEPS = 150;
const SKUS = ['A', 'B', 'C', 'D', 'E', 'F'];

/** Mulberry32 (Tommy Ettinger, public domain): draws from 0 to 1 that a seed repeats. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function run(seed: number): Promise<void> {
  const random = generator(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const some = (): string[] => SKUS.filter((_, place) => place === 0 || random() < 0.5);
  const engine = new FakeEngine();
  const model = new ModelEngine();
  const versions = new Map<string, string>();
  const repeated: string[] = [];
  let selected = some();
  const subscription = engine.client().subscribe<'exact'>({
    skus: selected,
    onLevel: ({ sku, as_of }) => {
      if (versions.get(sku) === as_of) {
        repeated.push(`${sku} ${as_of}`);
      }
      versions.set(sku, as_of);
    },
    onGone: ({ sku }) => void versions.delete(sku),
  });
  let socket = await engine.socket();
  socket.open();
  model.connect(socket);
  const again = async (): Promise<void> => {
    socket.cut();
    if (random() < 0.2) {
      model.reset();
    }
    socket = await engine.reconnected();
    model.connect(socket);
  };
  for (let step = 0; step < STEPS; step += 1) {
    const chance = random();
    if (chance < 0.35) {
      model.change(SKUS[below(SKUS.length)] ?? 'A');
    } else if (chance < 0.55) {
      model.read();
    } else if (chance < 0.7) {
      model.page(1 + below(2));
    } else if (chance < 0.88) {
      model.delta(1 + below(2));
    } else if (chance < 0.95) {
      selected = some();
      subscription.update({ skus: selected });
    } else {
      await again();
    }
  }
  while (model.read() || model.page(2) || model.delta(2)) {
    // Until everything is told.
  }
  const known = [...subscription.levels.values()].sort((a, b) => (a.sku < b.sku ? -1 : 1));
  const found = Object.fromEntries(known.map((level) => [level.sku, level]));
  assert.deepEqual(found, model.levels(selected));
  assert.deepEqual(repeated, [], 'no level is told twice in a row');
  assert.equal(subscription.state, 'live');
}

test('the client ends up with what the engine has', async () => {
  const given = process.env.SALDO_SEED;
  const seeds =
    given === undefined ? Array.from({ length: RUNS }, (_, number) => number) : [Number(given)];
  for (const seed of seeds) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`SALDO_SEED=${seed} goes wrong`, { cause: error });
    }
  }
});
