/** The caller's input to a session, and its checks before anything is sent. */
import { concat, u16, u32 } from '../arith/bytes.ts';
import { checkPath } from '../bip32.ts';
import { checkDigest } from '../digest.ts';
import type { Keyshare } from './keyshare.ts';
import { LABELS } from '../label.ts';
import type { Rng } from '../rng.ts';
import { InputError } from '../round/errors.ts';
import { checkSessionId } from '../sessionId.ts';
import { hash } from '../transcript.ts';

/** Most parties of a key. */
export const MAX_PARTIES = 32;

/** Parameters of a key generation. */
export interface KeygenParameters {
  /**
   * 32 bytes, from `deriveSessionId`.
   *
   * Security: never used twice: it holds a fresh nonce of this party. Parties that mean different things
   * end with `parameters-mismatch`.
   */
  readonly sessionId: Uint8Array;
  /** Signers needed, 2..n. */
  readonly threshold: number;
  /** n, at most 32. */
  readonly parties: number;
  /** Own index, 1..n. */
  readonly index: number;
  readonly rng?: Rng;
}

/** Parameters of a signature. */
export interface SignParameters {
  /**
   * 32 bytes, from `deriveSessionId`.
   *
   * Security: never used twice (two runs under one id give a peer the ephemeral keys, hence the key).
   * Round 0 gives this: the id holds a fresh nonce of this party. Parties that mean different things
   * (another digest, signers, path, epoch) end with `parameters-mismatch`, which bans nobody.
   */
  readonly sessionId: Uint8Array;
  readonly keyshare: Keyshare;
  /** Sorted indices of those who sign, at least threshold. */
  readonly signers: readonly number[];
  /** The 32 bytes that are signed; not 0 modulo the group order. */
  readonly digest: Uint8Array;
  /** BIP32 path of non-hardened indices; empty for the key itself. */
  readonly path?: readonly number[];
  /**
   * Parties with whom this keyshare must not be used any more: every ban that was ever recorded.
   * Security: leaving one out lets that party learn the share by repeated failures.
   */
  readonly bans: readonly number[];
  readonly rng?: Rng;
}

/** @throws InputError */
export function checkKeygen({ sessionId, threshold, parties, index }: KeygenParameters): void {
  checkSessionId(sessionId);
  const integers = [threshold, parties, index].every((value) => Number.isInteger(value));
  if (!integers || parties < 2 || parties > MAX_PARTIES) {
    throw new InputError('input/parties', `${parties} parties not in 2..${MAX_PARTIES}`);
  }
  if (threshold < 2 || threshold > parties) {
    throw new InputError('input/threshold', `threshold ${threshold} not in 2..${parties}`);
  }
  if (index < 1 || index > parties) {
    throw new InputError('input/index', `party index ${index} not in 1..${parties}`);
  }
}

/** @throws InputError */
export function checkSign(parameters: SignParameters): void {
  const { sessionId, keyshare, signers, digest, bans, path = [] } = parameters;
  checkSessionId(sessionId);
  if (keyshare.wiped) throw new InputError('input/keyshare', 'this keyshare was wiped');
  checkBans(keyshare, bans);
  checkPath(path);
  checkDigest(digest);
  checkSigners(signers, keyshare);
  const banned = signers.filter((signer) => bans.includes(signer));
  if (banned.length > 0) {
    const who = `party ${banned.join(', ')}`;
    throw new InputError(
      'input/banned',
      `state shared with ${who} is banned for the life of the key`,
    );
  }
}

const checkBans = ({ parties }: Keyshare, bans: readonly number[]): void => {
  const isIndex = (value: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= parties;
  if (!Array.isArray(bans) || !bans.every(isIndex)) {
    throw new InputError('input/bans', `bans must be party indices in 1..${parties}`);
  }
};

const checkSigners = (
  signers: readonly number[],
  { threshold, parties, index }: Keyshare,
): void => {
  const sorted = signers.every(
    (signer, at) =>
      Number.isInteger(signer) &&
      signer >= 1 &&
      signer <= parties &&
      (at === 0 || signer > (signers[at - 1] ?? 0)),
  );
  if (!sorted) {
    throw new InputError('input/signer-set', `signers must be sorted, distinct, in 1..${parties}`);
  }
  if (signers.length < threshold) {
    const problem = `${signers.length} signers, at least ${threshold} needed`;
    throw new InputError('input/signer-set', problem);
  }
  if (!signers.includes(index)) {
    throw new InputError('input/signer-set', `party ${index} is not among the signers`);
  }
};

/** sid of a key generation: the caller's id, threshold and parties. */
export function keygenSid({ sessionId, threshold, parties }: KeygenParameters): Uint8Array {
  return hash(LABELS.keygenSession, sessionId, u16(threshold), u16(parties));
}

/** sid of a signature: everything that the parties agreed to is in it (N-3, R-10). */
export function signSid(parameters: SignParameters): Uint8Array {
  const { sessionId, keyshare, signers, digest, path = [] } = parameters;
  const { keyId, epoch, threshold, parties } = keyshare;
  return hash(
    LABELS.signSession,
    sessionId,
    keyId,
    u32(epoch),
    concat(u16(threshold), u16(parties)),
    concat(...signers.map((signer) => u16(signer))),
    concat(...path.map((step) => u32(step))),
    digest,
  );
}
