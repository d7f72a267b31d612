// Compares this checkout with another one:
// `node bench/against.mjs DIR [--pairs=N] [--only=TEXT] [--flush-ms=N] [--json]`.
//
// Both are built checkouts. For each workload both products are open at the same time and take turns, batch by
// batch, in changing order (AB, BA, AB, …), so that a drift of the machine's speed meets both; each side runs until it is
// stable before that. Printed are medians of CPU and wall time of one operation on both sides, and median, least and
// greatest of the ratios pair by pair (this checkout divided by DIR: below 1 this one is faster). CPU time is that of all
// processes of the workload. Operations that fail are counted apart; figures are of those that succeed.
// --flush-ms makes each flush of the disk take that much longer on both sides (strace; CPU time is not printed then).
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine, machineText } from './machine.mjs';
import { median, round, warmUp } from './measure.mjs';
import { readArguments, refuse } from './options.mjs';
import { HERE } from './product.mjs';
import { WORKLOADS } from './workloads.mjs';

const SUBJECT = fileURLToPath(new URL('./subject.mjs', import.meta.url));

const USAGE = 'node bench/against.mjs DIR [--pairs=N] [--only=TEXT] [--flush-ms=N] [--json]';
const { values: options, positionals } = readArguments(
  {
    pairs: { type: 'string', default: '12' },
    only: { type: 'string', default: '' },
    'flush-ms': { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
  USAGE,
);
const pairs = Number(options.pairs);
const flushMs = Number(options['flush-ms']);
if (positionals.length !== 1) refuse('DIR is missing, or there is more than one', USAGE);
if (!(Number.isInteger(pairs) && pairs >= 1)) refuse('--pairs: a whole number from 1', USAGE);
if (!(flushMs >= 0)) refuse('--flush-ms: a number from 0', USAGE);
const other = resolve(positionals[0]);
for (const checkout of [HERE, other]) {
  const isBuilt = existsSync(join(checkout, 'packages', 'tss', 'dist', 'index.js'));
  if (!isBuilt) refuse(`${checkout} is not built: npm run build there first`, USAGE);
}
const names = Object.keys(WORKLOADS).filter((one) => one.includes(options.only));
if (names.length === 0) {
  refuse(`--only: part of one of ${Object.keys(WORKLOADS).join(', ')}`, USAGE);
}

/** Starts one side of a workload and waits until it is open. */
async function openSubject(root, name) {
  const env = { ...process.env, QUORATE_BENCH_ROOT: root };
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'];
  const child = fork(SUBJECT, [name, String(flushMs)], { env, stdio });
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} of ${root} ended with ${code}`);
  });
  gone.catch(() => undefined); // the end after `stop` is nobody's fault
  const answer = () => Promise.race([once(child, 'message').then(([message]) => message), gone]);
  await answer();
  return {
    measure: () => {
      child.send('batch');
      return answer();
    },
    stop: () => {
      child.send('stop');
      return gone.catch(() => undefined);
    },
  };
}

function spread(values) {
  const found = values.filter((value) => Number.isFinite(value));
  if (found.length === 0) return { median: null, min: null, max: null };
  return {
    median: round(median(found)),
    min: round(Math.min(...found)),
    max: round(Math.max(...found)),
  };
}

async function compare(name) {
  const subjects = [await openSubject(HERE, name), await openSubject(other, name)];
  try {
    for (const subject of subjects) {
      // A batch is a window of many operations.
      await warmUp(async () => (await subject.measure()).wall_ms, { window: 1, windows: 6 });
    }
    const rounds = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const figures = [];
      for (const side of pair % 2 === 0 ? [0, 1] : [1, 0]) {
        figures[side] = await subjects[side].measure();
      }
      rounds.push(figures);
    }
    const of = (key) => ({
      here: spread(rounds.map(([here]) => here[key])).median,
      there: spread(rounds.map(([, there]) => there[key])).median,
      ratio: spread(rounds.map(([here, there]) => here[key] / there[key])),
    });
    const failures = [0, 1].map((side) =>
      rounds.reduce((sum, figures) => sum + figures[side].failures, 0),
    );
    const cpu = flushMs > 0 ? {} : { cpu_ms: of('cpu_ms') };
    return { name, pairs, ...cpu, wall_ms: of('wall_ms'), failures };
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}

function print({ name, cpu_ms: cpu, wall_ms: wall, failures: [here, there] }) {
  const figures = ({ here, there, ratio }) =>
    `${here} / ${there} ms = ${ratio.median} (${ratio.min}–${ratio.max})`;
  const parts = [
    ...(cpu ? [`CPU ${figures(cpu)}`] : []),
    `wall ${figures(wall)}`,
    ...(here + there > 0 ? [`failed ${here} / ${there}`] : []),
  ];
  process.stdout.write(`${name.padEnd(36)} ${parts.join('  ')}\n`);
}

const sides = { here: HERE, there: other, flush_ms: flushMs };
process.stdout.write(
  `${options.json ? JSON.stringify({ ...describeMachine(), ...sides }) : machineText()}\n`,
);
for (const name of names) {
  const result = await compare(name);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else print(result);
}
