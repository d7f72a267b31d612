// Two cosigners as processes of their own, a 2048-bit key from public test primes, and REST at P1.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { readyPrimes } from './lindell17.mjs';
import { load, ROOT } from './product.mjs';

const BITS = 2048;
const PROGRAM = join(ROOT, 'packages', 'cli', 'bin', 'quorate.js');
const OTHER = { enterprise: 'mobile-app', 'mobile-app': 'enterprise' };

async function start(directory, role) {
  const args = [PROGRAM, '--json', 'cosigner', '--config', join(directory, `${role}.yaml`)];
  const child = spawn(process.execPath, [...args, '--log-level', 'error'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const { url } = JSON.parse(line);
    if (url !== undefined) return { child, url };
  }
  throw new Error(`the ${role} ended with ${child.exitCode}`);
}

/**
 * Starts both and makes the key. `sign(message)` asks P1 for a signature and gives its status;
 * `metrics()` is P1's page of metrics; `processes` are P1 and P2.
 */
export async function openCosigners() {
  const { importPrimes, initCosigner, loadCosignerConfig, makeToken } = await load('cosigner');
  const directory = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  const configure = (role, more = {}) => {
    const file = join(directory, `${role}.yaml`);
    const partner = OTHER[role];
    const config = {
      listen: { host: '127.0.0.1', port: 0 },
      capabilities: ['keygen', 'sign'],
      role,
      partners: [partner],
      partner_keys: { [partner]: `${partner}/public.json` },
      store: role,
      approval: 'auto',
      paillier_bits: BITS,
      primes: { ready: 0 },
      ...more,
    };
    writeFileSync(file, JSON.stringify(config));
    return loadCosignerConfig(file);
  };
  const [enterprise, mobile] = ['enterprise', 'mobile-app'].map((role) => configure(role));
  await initCosigner(enterprise, { scryptCost: 1024 });
  await initCosigner(mobile, { scryptCost: 1024 });
  const primes = readyPrimes(BITS);
  const [a, b, c] = [0, 2, 4].map((at) => [primes[at], primes[at + 1]]);
  await importPrimes(enterprise, [a, b]);
  await importPrimes(mobile, [c]);
  const p1 = await start(directory, 'enterprise');
  configure('mobile-app', { peer: `${p1.url.replace('http', 'ws')}/peer` });
  const p2 = await start(directory, 'mobile-app');
  const token = await makeToken(
    enterprise,
    { name: 'bench', roles: ['operator', 'signer'] },
    86_400,
  );

  const ask = async (path, body) => {
    const response = await fetch(`${p1.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ partner: 'mobile-app', wait: 60, ...body }),
    });
    return response.json();
  };
  while ((await fetch(`${p1.url}/readyz`)).status !== 200) await sleep(20);
  const made = await ask('/api/v1/keygen/two-party', {});
  if (made.status !== 'completed') throw new Error(JSON.stringify(made));
  return {
    processes: [p1.child.pid, p2.child.pid],
    sign: async (message) =>
      (await ask('/api/v1/sign/two-party', { session_id: made.session_id, message })).status,
    metrics: async () => (await fetch(`${p1.url}/metrics`)).text(),
    async close() {
      for (const { child } of [p1, p2]) {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
