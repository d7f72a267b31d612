// Compares this checkout with another one: `node bench/against.mjs DIR [--pairs=N] [--only=TEXT] [--json]`.
//
// Both are built checkouts. For each workload both products are open at the same time and take turns, batch by
// batch, in changing order (AB, BA, AB, …), so that a drift of the machine's speed meets both. Printed are medians
// of CPU and wall time of one operation on both sides, and median, least and greatest of the ratios pair by pair
// (this checkout divided by DIR: below 1 this one is faster). CPU time is that of all processes of the workload.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { HERE } from './product.mjs';
import { WORKLOADS } from './workloads.mjs';

const SUBJECT = fileURLToPath(new URL('./subject.mjs', import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '12' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const pairs = Number(options.pairs);
if (positionals.length !== 1 || !Number.isInteger(pairs) || pairs < 1) {
  process.stderr.write('usage: node bench/against.mjs DIR [--pairs=N] [--only=TEXT] [--json]\n');
  process.exit(2);
}
const other = resolve(positionals[0]);

/** Starts one side of a workload and waits until it is open. */
async function openSubject(root, name) {
  const env = { ...process.env, QUORATE_BENCH_ROOT: root };
  const child = fork(SUBJECT, [name], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
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
  const sorted = values.toSorted((a, b) => a - b);
  const round = (value) => Math.round(value * 1000) / 1000;
  const at = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(at)] + sorted[Math.ceil(at)]) / 2;
  return { median: round(median), min: round(sorted[0]), max: round(sorted.at(-1)) };
}

async function compare(name) {
  const subjects = [await openSubject(HERE, name), await openSubject(other, name)];
  try {
    for (const subject of subjects) await subject.measure(); // warm up
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
    return { name, pairs, cpu_ms: of('cpu_ms'), wall_ms: of('wall_ms') };
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}

function print({ name, cpu_ms: cpu, wall_ms: wall }) {
  const figures = ({ here, there, ratio }) =>
    `${here} / ${there} ms = ${ratio.median} (${ratio.min}–${ratio.max})`;
  process.stdout.write(`${name.padEnd(36)} CPU ${figures(cpu)}  wall ${figures(wall)}\n`);
}

const machine = {
  machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
  node: process.version,
  load: loadavg()[0],
  here: HERE,
  there: other,
};
if (options.json) process.stdout.write(`${JSON.stringify(machine)}\n`);
else process.stdout.write(`${machine.machine}, Node ${machine.node}, load ${machine.load}\n`);
for (const name of Object.keys(WORKLOADS).filter((one) => one.includes(options.only))) {
  const result = await compare(name);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else print(result);
}
