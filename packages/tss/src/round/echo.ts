/**
 * The start of every message, by which parties that disagree stop before anything depends on it: in round 1
 * a hash of the session's parameters (S1), in round k+1 a hash of all broadcasts of round k (D-6, O-11, T6,
 * G2). docs/spec/session.md, steps 5 and 6.
 */

/** Length in bytes of an echo, and of the hash of the parameters. */
export const ECHO_LENGTH = 32;

/** Hashes the broadcasts of one round, given in index order. 32 bytes. */
export type EchoHash = (round: number, broadcasts: readonly Broadcast[]) => Uint8Array;

export interface Broadcast {
  readonly from: number;
  readonly body: Uint8Array;
}

/** Puts the echo in front of a part. */
export function attachEcho(echo: Uint8Array | null, part: Uint8Array): Uint8Array {
  if (echo === null) return part;
  const body = new Uint8Array(ECHO_LENGTH + part.length);
  body.set(echo);
  body.set(part, ECHO_LENGTH);
  return body;
}

/** Whether a body starts with the echo that this party computed itself. */
export function echoMatches(echo: Uint8Array, body: Uint8Array): boolean {
  return body.length >= ECHO_LENGTH && echo.every((byte, at) => byte === body[at]);
}
