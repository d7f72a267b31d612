/**
 * The two hashes by which parties notice that they disagree: over the parameters before round 1, and
 * over the broadcasts after each round. `round/` compares them and knows no cryptography.
 */
import { backend } from '#backend';
import { concat, u16 } from './arith/bytes.ts';
import { LABELS } from './label.ts';
import type { Broadcast, EchoHash } from './round/echo.ts';
import { hash } from './transcript.ts';

/** Begins every body of round 1: docs/spec/session.md, step 5. 32 bytes over a protocol's own sid. */
export function parametersHash(sid: Uint8Array): Uint8Array {
  return hash(LABELS.parameters, sid);
}

/** The echo of a session's broadcasts: docs/spec/session.md, step 6. */
export function echoHash(sid: Uint8Array): EchoHash {
  return (round: number, broadcasts: readonly Broadcast[]) =>
    hash(
      LABELS.echo,
      sid,
      u16(round),
      ...broadcasts.map(({ from, body }) => concat(u16(from), backend.sha256(body))),
    );
}
