// Builds dist/ from src/: what was there before goes, so that no file stays of a source that is gone.

import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
rmSync(dist, { recursive: true, force: true });
process.exitCode = compile(dist);
