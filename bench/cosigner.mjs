// Signatures of two cosigners: two processes on loopback, REST at P1, chips, stores with fsync, worker
// threads and all proofs. The times are of one signature after another; `per_second` with eight at once.
// --runs=N for another number of signatures one after another (500 with zero failures is the target).
import { openCosigners } from './cosignerPair.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { median, quantile, warmUp } from './measure.mjs';
import { usageOf } from './usage.mjs';

const AT_ONCE = 8;
const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const asked = process.argv.find((arg) => arg.startsWith('--runs='));
const RUNS = asked ? Number(asked.slice('--runs='.length)) : quick ? 10 : 50;

const pair = await openCosigners();
const usage = () => pair.processes.map((pid) => usageOf(pid));

let failures = 0;
async function sign(message) {
  const before = performance.now();
  if ((await pair.sign(message)) !== 'completed') failures += 1;
  return performance.now() - before;
}

let warmed = 0;
const warm = await warmUp(() => sign(`warm ${(warmed += 1)}`), quick ? { windows: 1 } : {});

/** P1's metrics of the steps of signatures: total seconds and count, by step. */
async function steps() {
  const text = await pair.metrics();
  const found = {};
  const pattern = /quorate_cosigner_step_seconds_(sum|count)\{type="sign",step="(\w+)"\} (\S+)/g;
  for (const [, what, step, value] of text.matchAll(pattern)) {
    found[step] = { ...found[step], [what]: Number(value) };
  }
  return found;
}

const stepsBefore = await steps();
const before = usage();
const times = [];
for (let at = 0; at < RUNS; at += 1) times.push(await sign(`one ${at}`));
const after = usage();
const stepsAfter = await steps();
times.sort((x, y) => x - y);

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
  median_ms: round(median(times)),
  min_ms: round(times[0]),
  max_ms: round(times.at(-1)),
  p50_ms: round(quantile(times, 0.5)),
  p95_ms: round(quantile(times, 0.95)),
  per_second: round(RUNS / seconds),
  runs: RUNS,
  warm_runs: warm.runs,
  stable: warm.stable,
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
await pair.close();
process.stdout.write(`${json ? JSON.stringify(describeMachine()) : machineText()}\n`);
process.stdout.write(
  json
    ? `${JSON.stringify(result)}\n`
    : `${result.name.padEnd(22)} p50 ${result.p50_ms} ms  p95 ${result.p95_ms}  ${result.per_second}/s with ${AT_ONCE} at once  (${RUNS} runs, ${failures} failures, CPU ${result.cpu_ms.join('+')} ms, ${result.rss_mb.join('+')} MB)\n`,
);
if (failures > 0) process.exitCode = 1;
