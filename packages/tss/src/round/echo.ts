/**
 * Echo of broadcasts: every message of round k+1 starts with a hash of all that was broadcast in
 * round k, so that a split view ends the session before anything depends on it
 * (attacks.md D-6, O-11; crypto.md §7 T6, G2).
 */

/** Length in bytes of an echo. */
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

/** Whether a body starts with the echo that we computed ourselves. */
export function echoMatches(echo: Uint8Array, body: Uint8Array): boolean {
  return body.length >= ECHO_LENGTH && echo.every((byte, at) => byte === body[at]);
}
