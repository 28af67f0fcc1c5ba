// Checks that dist/, which is kept in the repository, is what src/ compiles to: builds anew in a temporary
// folder and compares names and bytes.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const built = mkdtempSync(join(tmpdir(), 'saldo-client-'));
try {
  process.exitCode = compile(built) || compare();
} finally {
  rmSync(built, { recursive: true });
}

function compare() {
  const kept = new Set(readdirSync(dist));
  const wanted = new Set(readdirSync(built));
  const names = [...new Set([...kept, ...wanted])].sort();
  const faults = names.flatMap((name) => {
    if (!kept.has(name)) {
      return [`${name} is missing`];
    }
    if (!wanted.has(name)) {
      return [`${name} has no source`];
    }
    const same = readFileSync(join(dist, name)).equals(readFileSync(join(built, name)));
    return same ? [] : [`${name} differs`];
  });
  for (const fault of faults) {
    console.error(`dist: ${fault}: run \`npm run build\``);
  }
  return faults.length ? 1 : 0;
}
