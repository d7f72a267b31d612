// Signatures of two cosigners: two processes on loopback, REST at P1, chips, stores with fsync, worker
// threads and all proofs. The times are of one signature after another; `per_second` with eight at once.
// --runs=N for another number of signatures one after another (500 with zero failures is the target).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  importPrimes,
  initCosigner,
  loadCosignerConfig,
  makeToken,
} from '../packages/cosigner/dist/index.js';

const BITS = 2048;
const AT_ONCE = 8;
const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const asked = process.argv.find((arg) => arg.startsWith('--runs='));
const RUNS = asked ? Number(asked.slice('--runs='.length)) : quick ? 10 : 50;
const PROGRAM = fileURLToPath(new URL('../packages/cli/bin/quorate.js', import.meta.url));
const OTHER = { enterprise: 'mobile-app', 'mobile-app': 'enterprise' };

const directory = mkdtempSync(join(tmpdir(), 'quorate-bench-'));

function configure(role, more = {}) {
  const file = join(directory, `${role}.yaml`);
  const partner = OTHER[role];
  const config = {
    listen: { host: '127.0.0.1', port: 0 },
    capabilities: ['keygen', 'sign'],
    role,
    partners: [partner],
    partner_keys: { [partner]: `${partner}/public.json` },
    store: role,
    paillier_bits: BITS,
    primes: { ready: 0 },
    ...more,
  };
  writeFileSync(file, JSON.stringify(config));
  return loadCosignerConfig(file);
}

/** Public test primes: the key of this benchmark protects nothing. */
function fixturePairs() {
  const file = new URL(`../packages/tss/test/vectors/primes/${BITS}.json`, import.meta.url);
  const primes = JSON.parse(readFileSync(file, 'utf8')).primes.map(BigInt);
  return [0, 2, 4].map((at) => [primes[at], primes[at + 1]]);
}

async function start(role) {
  const args = [PROGRAM, '--json', 'cosigner', '--config', join(directory, `${role}.yaml`)];
  const child = spawn(process.execPath, [...args, '--log-level', 'error'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: JSON.parse(line).url };
}

/** CPU time (milliseconds) and resident memory (megabytes) of a process, where /proc tells them. */
function usage({ child: { pid } }) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { cpu: (Number(fields[11]) + Number(fields[12])) * 10, rss: Number(resident[1]) / 1024 };
  } catch {
    return { cpu: 0, rss: 0 };
  }
}

const [enterprise, mobile] = ['enterprise', 'mobile-app'].map((role) => configure(role));
await initCosigner(enterprise, { scryptCost: 1024 });
await initCosigner(mobile, { scryptCost: 1024 });
const [a, b, c] = fixturePairs();
await importPrimes(enterprise, [a, b]);
await importPrimes(mobile, [c]);
const p1 = await start('enterprise');
configure('mobile-app', { peer: `${p1.url.replace('http', 'ws')}/peer` });
const p2 = await start('mobile-app');
const token = await makeToken(enterprise, { name: 'bench', roles: ['operator', 'signer'] }, 3600);

async function ask(path, body) {
  const response = await fetch(`${p1.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ partner: 'mobile-app', wait: 60, ...body }),
  });
  return response.json();
}

let failures = 0;
async function sign(message) {
  const before = performance.now();
  const { status } = await ask('/api/v1/sign/two-party', { session_id: key, message });
  if (status !== 'completed') failures += 1;
  return performance.now() - before;
}

while ((await fetch(`${p1.url}/readyz`)).status !== 200) await sleep(20);
const { session_id: key } = await ask('/api/v1/keygen/two-party', {});
for (let at = 0; at < 5; at += 1) await sign(`warm ${at}`);

/** What P1's metrics say of the steps of signatures: seconds in all and how many, by step. */
async function steps() {
  const text = await (await fetch(`${p1.url}/metrics`)).text();
  const found = {};
  const pattern = /quorate_cosigner_step_seconds_(sum|count)\{type="sign",step="(\w+)"\} (\S+)/g;
  for (const [, what, step, value] of text.matchAll(pattern)) {
    found[step] = { ...found[step], [what]: Number(value) };
  }
  return found;
}

const stepsBefore = await steps();
const before = [p1, p2].map(usage);
const times = [];
for (let at = 0; at < RUNS; at += 1) times.push(await sign(`one ${at}`));
const after = [p1, p2].map(usage);
const stepsAfter = await steps();
times.sort((x, y) => x - y);
const quantile = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];

const started = performance.now();
let next = 0;
const lane = async () => {
  while (next < RUNS) {
    next += 1;
    await sign(`many ${next}`);
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, lane));
const seconds = (performance.now() - started) / 1000;

const round = (value) => Math.round(value * 10) / 10;
const result = {
  name: 'cosigner/sign',
  median_ms: round(quantile(0.5)),
  min_ms: round(times[0]),
  max_ms: round(times.at(-1)),
  p50_ms: round(quantile(0.5)),
  p95_ms: round(quantile(0.95)),
  per_second: round(RUNS / seconds),
  runs: RUNS,
  failures,
  // Means at P1, from the beginning of a step to that of the next.
  step_ms: Object.fromEntries(
    Object.entries(stepsAfter).map(([step, { sum, count }]) => {
      const { sum: s0 = 0, count: c0 = 0 } = stepsBefore[step] ?? {};
      return [step, round((1000 * (sum - s0)) / (count - c0))];
    }),
  ),
  cpu_ms: after.map(({ cpu }, at) => round((cpu - before[at].cpu) / RUNS)),
  rss_mb: after.map(({ rss }) => Math.round(rss)),
};
for (const { child } of [p1, p2]) {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
rmSync(directory, { recursive: true, force: true });
process.stdout.write(
  json
    ? `${JSON.stringify(result)}\n`
    : `${result.name.padEnd(22)} p50 ${result.p50_ms} ms  p95 ${result.p95_ms}  ${result.per_second}/s with ${AT_ONCE} at once  (${RUNS} runs, ${failures} failures, CPU ${result.cpu_ms.join('+')} ms, ${result.rss_mb.join('+')} MB)\n`,
);
if (failures > 0) process.exitCode = 1;
