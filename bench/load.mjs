// Many signatures at once: `node bench/load.mjs [coordinator|cosigner] [--concurrency=N] [--keys=N] [--agents=N]
// [--seconds=N] [--flush-ms=N] [--json]`.
//
// Keeps that many signatures on their way for that many seconds, after half as long to warm up, and prints how many
// ended a second, how long one took (p50, p95, p99), what failed and why, and CPU time and flushes of each process for
// one signature. Flushes are counted when strace is there, in a run of their own behind the timed one, unless
// --flush-ms makes each take longer: then everything runs under it. Keys take turns, signers of a key are the first two.
import { once } from 'node:events';
import { watchFlushes } from './flushes.mjs';
import { describeMachine, machineText } from './machine.mjs';
import { quantile } from './measure.mjs';
import { readArguments, refuse } from './options.mjs';
import { openProduct } from './openProduct.mjs';
import { usageOf } from './usage.mjs';

const FLUSH_RUNS = 40;
const USAGE =
  'node bench/load.mjs [coordinator|cosigner] [--concurrency=N] [--keys=N] [--agents=N] [--seconds=N] [--flush-ms=N] [--json]';

function readOptions() {
  const { values, positionals } = readArguments(
    {
      concurrency: { type: 'string', default: '32' },
      keys: { type: 'string', default: '1' },
      agents: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '20' },
      'flush-ms': { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
    },
    USAGE,
  );
  const number = (name, least) => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least) return value;
    return refuse(`--${name}: a whole number from ${least}`, USAGE);
  };
  const [product = 'coordinator'] = positionals;
  if (positionals.length > 1 || !['coordinator', 'cosigner'].includes(product)) {
    refuse('a product is coordinator or cosigner', USAGE);
  }
  return {
    product,
    concurrency: number('concurrency', 1),
    keys: number('keys', 1),
    agents: number('agents', 2),
    seconds: number('seconds', 1),
    flushMs: number('flush-ms', 0),
    json: values.json,
  };
}

/** Keeps `concurrency` signatures on their way until `until` says enough. */
async function run(subject, { concurrency, keys, label, until }) {
  const [times, failures] = [[], new Map()];
  let next = 0;
  const lane = async () => {
    while (!until(next)) {
      const at = next;
      next += 1;
      const began = performance.now();
      try {
        await subject.sign(`${label}-${at}`, at % keys);
        times.push(performance.now() - began);
      } catch (error) {
        failures.set(error.message, (failures.get(error.message) ?? 0) + 1);
      }
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { times, failures, seconds: (performance.now() - began) / 1000 };
}

function forSeconds(seconds) {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() >= end;
}

function quantiles(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => round(quantile(sorted, part));
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
}

const round = (value) => Math.round((value ?? 0) * 10) / 10;

const each = (processes, of) =>
  Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, of(pid)]));

async function timed(subject, options) {
  const common = { concurrency: options.concurrency, keys: options.keys };
  const warm = forSeconds(options.seconds / 2);
  await run(subject, { ...common, label: 'warm', until: warm });
  const before = each(subject.processes, (pid) => usageOf(pid).cpu);
  const measured = { ...common, label: 'load', until: forSeconds(options.seconds) };
  const { times, failures, seconds } = await run(subject, measured);
  const cpu = each(subject.processes, (pid) => usageOf(pid).cpu);
  return {
    per_second: round(times.length / seconds),
    ...quantiles(times),
    signatures: times.length,
    failures: Object.fromEntries(failures),
    cpu_ms: Object.fromEntries(
      Object.entries(cpu).map(([name, used]) => [
        name,
        round((used - before[name]) / times.length),
      ]),
    ),
    rss_mb: each(subject.processes, (pid) => Math.round(usageOf(pid).rss)),
  };
}

/** Flushes of each process for one signature, with as many at once as asked for. */
async function flushes(subject, watch, options) {
  const { concurrency, keys } = options;
  const runs = Math.max(FLUSH_RUNS, 2 * concurrency);
  const before = each(subject.processes, (pid) => watch.count(pid));
  const until = (started) => started >= runs;
  const { times } = await run(subject, { concurrency, keys, label: 'flush', until });
  const after = each(subject.processes, (pid) => watch.count(pid));
  return Object.fromEntries(
    Object.entries(after).map(([name, count]) => [
      name,
      round((count - before[name]) / times.length),
    ]),
  );
}

/** Opens the product under strace, and hands it to `use`. */
async function watched(options, use) {
  const watch = watchFlushes({ delayMs: options.flushMs });
  try {
    const subject = await openProduct(options);
    try {
      return await use(subject, watch);
    } finally {
      await subject.close();
    }
  } finally {
    watch.close();
  }
}

async function measure(options) {
  if (options.flushMs > 0) {
    return watched(options, async (subject, watch) => ({
      ...(await timed(subject, options)),
      flushes: await flushes(subject, watch, options),
    }));
  }
  const subject = await openProduct(options);
  let figures;
  try {
    figures = await timed(subject, options);
  } finally {
    await subject.close();
  }
  try {
    const counted = await watched(options, (one, watch) => flushes(one, watch, options));
    return { ...figures, flushes: counted };
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return figures;
  }
}

function inWords({ asked, ...found }) {
  const list = (values, unit) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}${unit}`)
      .join(', ');
  const failed = Object.entries(found.failures).map(([why, count]) => `  ${count} failed: ${why}`);
  return [
    machine,
    `${asked.product}: ${asked.concurrency} at once on ${asked.keys} key${asked.keys === 1 ? '' : 's'}, ${asked.seconds} s`,
    `  ${found.per_second} signatures a second; p50 ${found.p50_ms} ms, p95 ${found.p95_ms}, p99 ${found.p99_ms} (${found.signatures})`,
    `  CPU for one: ${list(found.cpu_ms, ' ms')}`,
    `  memory: ${list(found.rss_mb, ' MB')}`,
    ...(found.flushes ? [`  flushes for one: ${list(found.flushes, '')}`] : []),
    ...(failed.length === 0 ? ['  none failed'] : failed),
    '',
  ].join('\n');
}

const options = readOptions();
const machine = machineText();
const result = { ...describeMachine(), asked: options, ...(await measure(options)) };
const text = options.json ? `${JSON.stringify(result)}\n` : inWords(result);
if (!process.stdout.write(text)) await once(process.stdout, 'drain');
if (Object.keys(result.failures).length > 0) process.exitCode = 1;
