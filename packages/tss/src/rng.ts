/**
 * The source of randomness: injected, so that tests can replay a run; the operating system by default, read
 * anew for every draw (N-4, N-6).
 */
import { backend } from '#backend';

/** Returns that many uniformly random bytes, or throws. */
export type Rng = (length: number) => Uint8Array;

/** The operating system's generator. There is no fallback. */
export const systemRng: Rng = (length) => backend.randomBytes(length);
