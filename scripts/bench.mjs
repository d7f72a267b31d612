// `npm run bench`: figures of this machine. --json: one object a line; --portable: the portable backend.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, root, run } from './steps.mjs';

const unknown = process.argv
  .slice(2)
  .find((arg) => !/^--(json|quick|portable|runs=\d+)$/.test(arg));
if (unknown !== undefined) {
  process.stderr.write(
    `${unknown}: unknown\nusage: npm run bench -- [--json] [--quick] [--portable] [--runs=N]\n`,
  );
  process.exit(2);
}
await install();
await build();
const args = process.argv.slice(2).filter((arg) => arg !== '--portable');
const portable = args.length !== process.argv.length - 2;
const conditions = portable ? ['--conditions=quorate-portable'] : [];
// Agents, cosigners and chips run on whatever this machine has; there is no portable figure of them.
const whole = ['coordinator.mjs', 'cosigner.mjs', 'chip.mjs'];
const programs = ['run.mjs', ...(portable ? [] : whole)];
for (const name of programs) {
  const quiet = ['--import', pathToFileURL(join(root, 'bench', 'quiet.mjs')).href];
  const program = [...conditions, ...quiet, join('bench', name), ...args];
  const code = await run(process.execPath, program, { stdout: true });
  if (code !== 0) process.exitCode = code;
  if (code === 141 || code === 7) break;
}
