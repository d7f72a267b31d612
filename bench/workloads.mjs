// The workloads that `against.mjs` compares: each workload opens once, then runs one operation at a time.
import { randomBytes } from 'node:crypto';
import { openCoordinator } from './coordinatorCluster.mjs';
import { openCosigners } from './cosignerPair.mjs';
import * as groups from './dkls23.mjs';
import * as pairs from './lindell17.mjs';

const SIGNERS = [1, 2];

function inThisThread(run) {
  return { run: () => void run(), close: () => undefined };
}

/** Every `many` operations started together; gives how many failed. */
async function together(many, one) {
  const ended = await Promise.allSettled(Array.from({ length: many }, (_, at) => one(at)));
  return ended.filter(({ status }) => status === 'rejected').length;
}

function counter(label) {
  let count = 0;
  return () => `${label}-${(count += 1)}`;
}

async function throughCoordinator(many, keys) {
  const cluster = await openCoordinator({ keys });
  const next = counter('against');
  const run = () => together(many, (at) => cluster.sign(next(), at % keys));
  return { run, close: () => cluster.close() };
}

async function betweenCosigners(many) {
  const pair = await openCosigners();
  const next = counter('against');
  const one = async () => {
    const status = await pair.sign(next());
    if (status !== 'completed') throw new Error(`a signature ended as ${status}`);
  };
  return { run: () => together(many, one), close: () => pair.close() };
}

const AT_ONCE = [8, 16, 32, 64, 200];

/** As many in a batch as take about a second. */
const batchOf = (many) => Math.max(1, Math.round(32 / many));

const coordinators = AT_ONCE.flatMap((many) =>
  [1, 10].map((keys) => [
    `coordinator/sign/2-of-3/${many}-at-once${keys === 1 ? '' : `/${keys}-keys`}`,
    { batch: batchOf(many), of: many, open: () => throughCoordinator(many, keys) },
  ]),
);
const cosigners = AT_ONCE.map((many) => [
  `cosigner/sign/${many}-at-once`,
  { batch: batchOf(many), of: many, open: () => betweenCosigners(many) },
]);

/** Name → {batch: operations of one measurement, of: operations of one run, open}. */
export const WORKLOADS = {
  'dkls23/keygen/2-of-3': {
    batch: 4,
    of: 1,
    open: () => inThisThread(() => groups.generate(2, 3)),
  },
  'dkls23/sign/2-of-3': {
    batch: 100,
    of: 1,
    open: () => {
      const encoded = groups.generate(2, 3).results.map((share) => share.encode());
      return inThisThread(() => groups.signOnce(encoded, SIGNERS, new Uint8Array(randomBytes(32))));
    },
  },
  'lindell17/sign/2048': {
    batch: 20,
    of: 1,
    open: () => {
      const encoded = pairs.generate(2048).results.map((share) => share.encode());
      return inThisThread(() => pairs.signOnce(encoded, new Uint8Array(randomBytes(32))));
    },
  },
  'coordinator/sign/2-of-3': { batch: 15, of: 1, open: () => throughCoordinator(1, 1) },
  ...Object.fromEntries(coordinators),
  'cosigner/sign': { batch: 15, of: 1, open: () => betweenCosigners(1) },
  ...Object.fromEntries(cosigners),
};
