/**
 * The source of randomness: injected, so that tests can replay a run; the operating system by default, read
 * anew for every draw (N-4, N-6).
 */
import { backend } from '#backend';

/** Returns that many uniformly random bytes, or throws. */
export type Rng = (length: number) => Uint8Array;

/** The operating system's generator. There is no fallback. */
export const systemRng: Rng = (length) => backend.randomBytes(length);

/**
 * Runs one step with the randomness of all its draws read at once: `length` bytes, given out in order, each
 * once. Further draws, and draws after the step, go to `rng` itself. Wipes the bytes when the step ends;
 * their copies are the step's to wipe.
 */
export function withDraw<T>(rng: Rng, length: number, step: (rng: Rng) => T): T {
  const drawn = rng(length);
  let used = 0;
  try {
    return step((wanted) => {
      if (used + wanted > drawn.length) return rng(wanted);
      used += wanted;
      return new Uint8Array(drawn.subarray(used - wanted, used)); // a Buffer's slice would share memory
    });
  } finally {
    used = drawn.length;
    drawn.fill(0);
  }
}
