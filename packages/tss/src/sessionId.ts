/** The id of one run of a protocol, derived from the certificates of round 0. */
import { backend } from '#backend';
import { concat, u16 } from './arith/bytes.ts';
import { LABELS } from './label.ts';
import { InputError } from './round/errors.ts';
import { hash } from './transcript.ts';

/**
 * The session id of round 0: the key (if there is one already) and the certificates of all parties
 * in index order, which hold parameters, identities and nonces (docs/spec/channel.md §1). 32 bytes.
 */
export function deriveSessionId(
  keyId: Uint8Array | null,
  certificates: readonly Uint8Array[],
): Uint8Array {
  const digests = certificates.map((certificate) => backend.sha256(certificate));
  const key = keyId === null ? [new Uint8Array([0])] : [new Uint8Array([1]), keyId];
  return hash(LABELS.sessionId, concat(...key), u16(certificates.length), ...digests);
}

/** @throws InputError `input/session-id` */
export const checkSessionId = (sessionId: Uint8Array): void => {
  if (sessionId.length !== 32 || sessionId.every((byte) => byte === 0)) {
    throw new InputError('input/session-id', 'a session id has 32 bytes, not all zero');
  }
};
