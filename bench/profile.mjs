// Where the time of a signature goes: `node bench/profile.mjs [coordinator|cosigner|dkls23|lindell17] [--signatures=N]
// [--concurrency=N] [--rows=N] [--json]`.
//
// The first two are whole products: every process runs under V8's sampling profiler from start to end, so starting up is
// subtracted (a second product is opened and closed without signatures). Protocol threads are not among them: those are the
// last two, all parties in this thread. Samples are of the clock: a wait for the disk in a synchronous call counts as time.
// Prints self time for one signature by process and file (node for Node itself, native and its name for what is not
// JavaScript), the largest first.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Session } from 'node:inspector/promises';
import { describeMachine, machineText } from './machine.mjs';
import { readArguments, refuse } from './options.mjs';
import { openProduct } from './openProduct.mjs';
import { warmUp } from './measure.mjs';
import { WORKLOADS } from './workloads.mjs';
import { wrapNode } from './wrapNode.mjs';

const IN_THREAD = { dkls23: 'dkls23/sign/2-of-3', lindell17: 'lindell17/sign/2048' };
const PRODUCTS = ['coordinator', 'cosigner', ...Object.keys(IN_THREAD)];

const USAGE = `node bench/profile.mjs [${PRODUCTS.join('|')}] [--signatures=N] [--concurrency=N] [--rows=N] [--json]`;
const { values, positionals } = readArguments(
  {
    signatures: { type: 'string', default: '400' },
    concurrency: { type: 'string', default: '8' },
    rows: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
  },
  USAGE,
);
const [signatures, concurrency, rows] = ['signatures', 'concurrency', 'rows'].map((name) =>
  Number(values[name]),
);
const [product = 'coordinator'] = positionals;
if (!PRODUCTS.includes(product)) refuse(`a product is one of ${PRODUCTS.join(', ')}`, USAGE);
if (![signatures, concurrency, rows].every((value) => Number.isInteger(value) && value >= 1)) {
  refuse('--signatures, --concurrency and --rows: whole numbers from 1', USAGE);
}

/** The file that a frame is of, as short as it can be told. */
function placeOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (['(idle)', '(program)', '(root)'].includes(functionName)) return functionName;
  if (url === '') return `native ${functionName}`;
  if (url.startsWith('node:')) return `node ${url.slice('node:'.length)}`;
  const [, own] = /packages\/(.+?)$/.exec(url) ?? [];
  if (own !== undefined) return own.replace('/dist/', '/');
  const [, foreign] = /node_modules\/(.+)$/.exec(url) ?? [];
  return foreign ?? url;
}

/** Self time in milliseconds by place, from one profile. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map();
  for (const [at, id] of samples.entries()) {
    const place = places.get(id);
    times.set(place, (times.get(place) ?? 0) + timeDeltas[at] / 1000);
  }
  return times;
}

/** Adds a profile's times to those found, by process and place. */
function collect(found, process, profile) {
  for (const [place, ms] of selfTimes(profile)) {
    if (place === '(idle)' || place === '(root)') continue;
    const key = JSON.stringify([process, place]);
    found.set(key, (found.get(key) ?? 0) + ms);
  }
}

/** The profiles of one run: `CPU.DATE.TIME.PID.THREAD.NUMBER.cpuprofile`. */
function readProfiles(directory, processes) {
  const names = new Map(Object.entries(processes).map(([name, pid]) => [String(pid), name]));
  const found = new Map();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'))) {
    const process = names.get(file.split('.')[3]);
    if (process === undefined) continue;
    collect(found, process, JSON.parse(readFileSync(join(directory, file), 'utf8')));
  }
  return found;
}

/** All parties in this thread, warm. */
async function runInThread(workload) {
  const opened = await WORKLOADS[workload].open();
  await warmUp(() => opened.run());
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  for (let at = 0; at < signatures; at += 1) await opened.run();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  await opened.close();
  const found = new Map();
  collect(found, 'all parties', profile);
  return found;
}

async function run(count) {
  const wrapped = wrapNode(
    (node, into) => `exec '${node}' --cpu-prof --cpu-prof-dir='${into}' "$@"`,
  );
  try {
    const subject = await openProduct({ product, agents: 3, keys: 1 });
    let next = 0;
    const lane = async () => {
      while (next < count) {
        next += 1;
        await subject.sign(`profile-${next}`, 0);
      }
    };
    try {
      await Promise.all(Array.from({ length: concurrency }, lane));
    } finally {
      await subject.close();
    }
    return readProfiles(wrapped.directory, subject.processes);
  } finally {
    wrapped.close();
  }
}

const inThread = IN_THREAD[product];
const idle = inThread === undefined ? await run(0) : new Map();
const busy = inThread === undefined ? await run(signatures) : await runInThread(inThread);
const lines = [...busy]
  .map(([key, ms]) => {
    const [process, place] = JSON.parse(key);
    return { process, place, ms: (ms - (idle.get(key) ?? 0)) / signatures };
  })
  .toSorted((a, b) => b.ms - a.ms);

const sums = new Map();
for (const { process, ms } of lines) sums.set(process, (sums.get(process) ?? 0) + ms);
const round = (ms) => Math.round(ms * 100) / 100;
if (values.json) {
  const shown = lines.map((line) => ({ ...line, ms: round(line.ms) })).filter(({ ms }) => ms > 0);
  const asked = { product, signatures, concurrency };
  process.stdout.write(`${JSON.stringify({ ...describeMachine(), ...asked, profile: shown })}\n`);
} else {
  process.stdout.write(`${machineText()}\n${product}: milliseconds of one signature\n`);
  for (const [name, sum] of [...sums].filter(([, ms]) => ms > 0.05)) {
    process.stdout.write(`${name}: ${round(sum)}\n`);
    const own = lines.filter(({ process }) => process === name);
    for (const { place, ms } of own.slice(0, rows)) {
      if (ms > 0.02) process.stdout.write(`  ${round(ms).toFixed(2).padStart(7)}  ${place}\n`);
    }
  }
}
