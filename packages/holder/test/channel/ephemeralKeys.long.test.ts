import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

/** With JWK instead of DER, Node 20 stood still after 300 to 10,000 of them. */
const PAIRS = 15_000;

test('X-3: a thread makes ephemeral keys without end, however often the garbage collector runs', async () => {
  const loop = fileURLToPath(new URL('../support/keyLoop.mjs', import.meta.url));
  const channel = new URL('../../dist/channel/keys.js', import.meta.url).href;
  const program = spawn(process.execPath, [loop, channel, String(PAIRS)], { stdio: 'inherit' });
  // A thread that stands still in OpenSSL ends with its process only.
  onTestFinished(() => void program.kill('SIGKILL'));
  expect(await once(program, 'exit')).toEqual([0, null]);
});
