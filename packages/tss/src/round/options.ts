/** The parties of a session, the form of its rounds, and the hashes by which they notice that they disagree. */
import type { EchoHash } from './echo.ts';
import type { RoundShape } from './mailbox.ts';

/** The input of a session besides its protocol. */
export interface SessionOptions {
  readonly index: number;
  readonly parties: readonly number[];
  readonly shape: readonly RoundShape[];
  readonly echo: EchoHash;
  /** 32 bytes over everything that the caller asked for: round 1 of every party starts with it. */
  readonly parameters: Uint8Array;
}
