// Runs the compiler of this package, whatever the caller's directory.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const project = fileURLToPath(new URL('../tsconfig.json', import.meta.url));

/** Compiles src/ into a folder; the compiler's exit code. */
export function compile(folder) {
  const run = spawnSync(process.execPath, [compiler, '--project', project, '--outDir', folder], {
    stdio: 'inherit',
  });
  return run.status ?? 1;
}
