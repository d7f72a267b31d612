// `npm run bench`: every program of bench/ one after the other. Arguments go to each of them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, install, root, run } from './steps.mjs';

await install();
await build();
const args = process.argv.slice(2);
const portable = args.includes('--portable');
const programs = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.mjs'))
  // The coordinator's agents run on whatever this machine has; there is no portable figure of it.
  .filter((name) => !portable || name !== 'coordinator.mjs')
  .toSorted((a, b) => (a < b ? 1 : -1));
for (const name of programs) {
  const code = await run(process.execPath, [join('bench', name), ...args], { stdout: true });
  if (code !== 0) process.exitCode = code;
}
