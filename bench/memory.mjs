// Memory over many signatures: `node bench/memory.mjs [coordinator|cosigner] [--signatures=N] [--concurrency=N] [--json]`.
//
// Prints resident memory of each process around the 1,000th signature and around the last, and their ratio: the median
// of samples behind each of a tenth of those 1,000, since a heap breathes. Ends with 1 when a ratio is above 1.2.
import { describeMachine, machineText } from './machine.mjs';
import { median } from './measure.mjs';
import { readArguments, refuse } from './options.mjs';
import { openProduct } from './openProduct.mjs';
import { usageOf } from './usage.mjs';

const FIRST = 1000;
const SAMPLES = 10;
const MOST = 1.2;

const USAGE =
  'node bench/memory.mjs [coordinator|cosigner] [--signatures=N] [--concurrency=N] [--json]';
const { values, positionals } = readArguments(
  {
    signatures: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '16' },
    json: { type: 'boolean', default: false },
  },
  USAGE,
);
const [signatures, concurrency] = [Number(values.signatures), Number(values.concurrency)];
const [product = 'coordinator'] = positionals;
if (!['coordinator', 'cosigner'].includes(product)) {
  refuse('a product is coordinator or cosigner', USAGE);
}
if (!(signatures > FIRST)) refuse(`--signatures: more than ${FIRST}`, USAGE);
if (!(concurrency >= 1)) refuse('--concurrency: a whole number from 1', USAGE);

const subject = await openProduct({ product, agents: 3, keys: 1 });
let next = 0;

/** Signs until `last` have been begun, and all of them have ended. */
async function signUntil(last) {
  const lane = async () => {
    while (next < last) {
      next += 1;
      await subject.sign(`memory-${next}`, 0);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

/** Signs up to `last`; median memory of each process over the last tenth of FIRST. */
async function memoryAt(last) {
  const step = FIRST / 10 / SAMPLES;
  const samples = [];
  await signUntil(last - SAMPLES * step);
  for (let sample = SAMPLES - 1; sample >= 0; sample -= 1) {
    await signUntil(last - sample * step);
    samples.push(Object.values(subject.processes).map((pid) => usageOf(pid).rss));
  }
  return Object.keys(subject.processes).map((_, at) => median(samples.map((sample) => sample[at])));
}

try {
  const [first, last] = [await memoryAt(FIRST), await memoryAt(signatures)];
  const lines = Object.keys(subject.processes).map((name, at) => ({
    name,
    first_mb: Math.round(first[at]),
    last_mb: Math.round(last[at]),
    ratio: Math.round((100 * last[at]) / first[at]) / 100,
  }));
  if (values.json) {
    const asked = { product, signatures, concurrency };
    process.stdout.write(`${JSON.stringify({ ...describeMachine(), ...asked, memory: lines })}\n`);
  } else {
    process.stdout.write(`${machineText()}\n${product}: ${signatures} signatures\n`);
    for (const { name, first_mb, last_mb, ratio } of lines) {
      const text = `${first_mb} MB after ${FIRST}, ${last_mb} MB after ${signatures}: ${ratio}`;
      process.stdout.write(`  ${name.padEnd(12)} ${text}\n`);
    }
  }
  if (lines.some(({ ratio }) => ratio > MOST)) process.exitCode = 1;
} finally {
  await subject.close();
}
