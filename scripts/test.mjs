// `npm test`: from a fresh clone to the result of every test; `npm run test:long`: of the long ones. Arguments go to
// Vitest.
import { join } from 'node:path';
import { build, compilePkcs11, install, root, run, temporaryFolder } from './steps.mjs';

const args = process.argv.slice(2);
const long = args[0] === '--long';

/** Vitest's own result, read by .ci/run. */
const SUMMARY = join('.cache', long ? 'vitest-long.json' : 'vitest.json');

await install();
await compilePkcs11();
await build();
const temporary = temporaryFolder();
process.exitCode = await run(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${SUMMARY}`,
    ...(long ? args.slice(1) : args),
  ],
  {
    stdout: true,
    environment: { ...temporary.environment, ...(long ? { QUORATE_SUITE: 'long' } : {}) },
  },
);
temporary.remove();
