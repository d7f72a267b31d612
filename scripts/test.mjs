// `npm test`: from a fresh clone to the result of every test. Arguments go to Vitest.
import { join } from 'node:path';
import { build, compilePkcs11, install, root, run } from './steps.mjs';

/** Vitest's own result, read by .ci/run. */
const SUMMARY = join('.cache', 'vitest.json');

await install();
await compilePkcs11();
await build();
process.exitCode = await run(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${SUMMARY}`,
    ...process.argv.slice(2),
  ],
  { stdout: true },
);
