// The workloads that `against.mjs` compares: each workload opens once, then runs one operation at a time.
import { randomBytes } from 'node:crypto';
import { openCoordinator } from './coordinatorCluster.mjs';
import { openCosigners } from './cosignerPair.mjs';
import * as groups from './dkls23.mjs';
import * as pairs from './lindell17.mjs';

const SIGNERS = [1, 2];

function inThisThread(run) {
  return { run, close: () => undefined };
}

/** Every `many` operations started together. */
async function together(many, one) {
  await Promise.all(Array.from({ length: many }, one));
}

function counter(label) {
  let count = 0;
  return () => `${label}-${(count += 1)}`;
}

async function throughCoordinator(many) {
  const cluster = await openCoordinator();
  const next = counter('against');
  return { run: () => together(many, () => cluster.sign(next())), close: () => cluster.close() };
}

async function betweenCosigners() {
  const pair = await openCosigners();
  const next = counter('against');
  const run = async () => {
    const status = await pair.sign(next());
    if (status !== 'completed') throw new Error(`a signature ended as ${status}`);
  };
  return { run, close: () => pair.close() };
}

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
  'coordinator/sign/2-of-3': { batch: 15, of: 1, open: () => throughCoordinator(1) },
  'coordinator/sign/2-of-3/16-at-once': { batch: 2, of: 16, open: () => throughCoordinator(16) },
  'cosigner/sign': { batch: 15, of: 1, open: betweenCosigners },
};
