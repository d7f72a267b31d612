// `npm run demo`: installs, builds, and shows a 3-of-5 key and a signature of three. Arguments: quorate demo --help.
import { join } from 'node:path';
import { build, install, run } from './steps.mjs';

await install();
await build();
process.exitCode = await run(
  process.execPath,
  [join('packages', 'cli', 'bin', 'quorate.js'), 'demo', ...process.argv.slice(2)],
  { stdout: true },
);
