import { createHash } from 'node:crypto';
import type { Rng } from '../../src/rng.ts';

/** A replayable generator: SHAKE256(seed ‖ counter). For tests only. */
export function seededRng(seed: string): Rng {
  let counter = 0;
  return (length) =>
    new Uint8Array(
      createHash('shake256', { outputLength: length }).update(`${seed}/${counter++}`).digest(),
    );
}

/** Uniform integers below a bound from a seed, for schedules. */
export function seededInts(seed: string): (bound: number) => number {
  const rng = seededRng(seed);
  return (bound) => new DataView(rng(4).buffer).getUint32(0) % bound;
}
