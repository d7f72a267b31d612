// The stores of two cosigners as the version in CHECKOUT, a built work tree, leaves them, for tests of the migration after
// it: node scripts/formerCosignerStores.mjs CHECKOUT >packages/cosigner/test/store/former/version3.json
// Printed are the files of both in base64, and what the test has to know. A server that has an open session is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const [checkout] = process.argv.slice(2).map((path) => resolve(path));
if (checkout === undefined) {
  process.stderr.write('usage: node scripts/formerCosignerStores.mjs CHECKOUT\n');
  process.exit(2);
}
const { importPrimes, initCosigner, loadCosignerConfig, makeToken } = await import(
  pathToFileURL(join(checkout, 'packages/cosigner/dist/index.js')).href
);
const { readyPrimes } = await import(pathToFileURL(join(checkout, 'bench/lindell17.mjs')).href);
const PROGRAM = join(checkout, 'packages/cli/bin/quorate.js');
const OTHER = { enterprise: 'mobile-app', 'mobile-app': 'enterprise' };
const directory = mkdtempSync(join(tmpdir(), 'former-'));

function configure(role, more = {}) {
  const partner = OTHER[role];
  const file = join(directory, `${role}.yaml`);
  const config = {
    listen: { host: '127.0.0.1', port: 0 },
    capabilities: ['keygen', 'sign'],
    role,
    partners: [partner],
    partner_keys: { [partner]: `${partner}/public.json` },
    store: role,
    approval: 'auto',
    paillier_bits: 2048,
    primes: { ready: 0 },
    ...more,
  };
  writeFileSync(file, JSON.stringify(config));
  return loadCosignerConfig(file);
}

async function start(role) {
  const args = [PROGRAM, '--json', 'cosigner', '--config', join(directory, `${role}.yaml`)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line);
    if (url !== undefined) return { child, url };
  }
  throw new Error(`the ${role} ended with ${child.exitCode}`);
}

async function end({ child }, signal) {
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

const loaded = ['enterprise', 'mobile-app'].map((role) => configure(role));
for (const one of loaded) await initCosigner(one, { scryptCost: 1024 });
const primes = readyPrimes(2048);
const pairs = [0, 2, 4].map((at) => [primes[at], primes[at + 1]]);
await importPrimes(loaded[0], pairs.slice(0, 2));
await importPrimes(loaded[1], pairs.slice(2));
const p1 = await start('enterprise');
configure('mobile-app', { peer: `${p1.url.replace('http', 'ws')}/peer` });
const p2 = await start('mobile-app');
const token = await makeToken(loaded[0], { name: 'former', roles: ['operator', 'signer'] }, 3600);

async function ask(path, body) {
  const response = await fetch(`${p1.url}/api/v1/${path}/two-party`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ partner: 'mobile-app', wait: 60, ...body }),
  });
  return response.json();
}

while ((await fetch(`${p1.url}/readyz`)).status !== 200) await sleep(20);
const key = await ask('keygen', {});
const order = { session_id: key.session_id, message: 'pay 5' };
const signed = await ask('sign', { ...order, request_id: '00000000-0000-4000-8000-000000000001' });
const other = await ask('sign', { ...order, message: 'pay 6' });
await end(p2, 'SIGTERM');
const open = await ask('sign', { ...order, message: 'pay 7', wait: 0 });
await end(p1, 'SIGKILL');

const filesOf = (role) =>
  Object.fromEntries(
    readdirSync(join(directory, role), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/(^|\.)lock$/.test(entry.name))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .map((path) => [
        path.slice(join(directory, role).length + 1),
        readFileSync(path).toString('base64'),
      ]),
  );
const facts = { address: key.address, sessions: { key, signed, other, open } };
const stores = { enterprise: filesOf('enterprise'), 'mobile-app': filesOf('mobile-app') };
process.stdout.write(`${JSON.stringify({ ...facts, stores }, null, 1)}\n`);
rmSync(directory, { recursive: true });
