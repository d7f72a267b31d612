/** The caller's input to a two-party session, and its checks before anything is sent. */
import { echoHash, parametersHash } from '../agreement.ts';
import { concat, u16, u32 } from '../arith/bytes.ts';
import { gcd, naturalToBytes } from '../arith/integers.ts';
import { checkPath } from '../bip32.ts';
import { encodePoint } from '../curve.ts';
import { checkDigest } from '../digest.ts';
import { LABELS } from '../label.ts';
import { isPrimePair, type PrimePair } from '../primes.ts';
import { type Rng, systemRng } from '../rng.ts';
import { InputError } from '../round/errors.ts';
import type { SessionOptions } from '../round/options.ts';
import { checkSessionId } from '../sessionId.ts';
import { hash } from '../transcript.ts';
import type { ModulusBits } from '../zk/parameters.ts';
import type { TwoPartyKeyshare } from './keyshare.ts';
import { checkRefreshable, checkUnlocked, type KeyLock } from './lock.ts';
import { shapeFor, type TwoPartyMessage } from './messages.ts';
import type { TwoPartyNonce } from './nonce.ts';
import { indexOf, peerOf, type TwoPartyContext, type TwoPartyRole } from './party.ts';

/**
 * Safe primes of half the moduli's length, out of a pool that has removed them durably (P-13).
 * Secret.
 */
export interface TwoPartyPrimes {
  /** For the own ring-Pedersen parameters. */
  readonly pedersen: PrimePair;
  /** For the Paillier key: P1 only. */
  readonly paillier?: PrimePair;
}

/** Parameters of a two-party key generation. */
export interface TwoPartyKeygenParameters {
  readonly role: TwoPartyRole;
  /** 32 bytes, from `deriveSessionId`: never used twice. */
  readonly sessionId: Uint8Array;
  /** Length of all moduli: from the own configuration, never from a peer. */
  readonly bits: ModulusBits;
  readonly primes: TwoPartyPrimes;
  /** Moduli of other keys: a peer's modulus may share no factor with them. */
  readonly knownModuli?: readonly bigint[];
  readonly rng?: Rng;
}

/** Parameters of a refresh. */
export interface TwoPartyRefreshParameters {
  /** 32 bytes, from `deriveSessionId`: never used twice. */
  readonly sessionId: Uint8Array;
  readonly keyshare: TwoPartyKeyshare;
  /** P1's lock as it is on disk; P2 has none. */
  readonly lock: KeyLock;
  readonly primes: TwoPartyPrimes;
  readonly knownModuli?: readonly bigint[];
  readonly rng?: Rng;
}

/** Parameters of a two-party signature. */
export interface TwoPartySignParameters {
  /**
   * 32 bytes, from `deriveSessionId`.
   *
   * Security: never used twice; round 0 gives this. Parties that mean different things (another digest,
   * keyshare, path) end with `parameters-mismatch`, which blames nobody and locks nothing.
   */
  readonly sessionId: Uint8Array;
  readonly keyshare: TwoPartyKeyshare;
  /**
   * P1's lock as it is on disk; P2 has none.
   * Security: a locked key that signs on gives its bits away one by one.
   */
  readonly lock: KeyLock;
  /** The 32 bytes that are signed; not 0 modulo the group order. */
  readonly digest: Uint8Array;
  /** BIP32 path of non-hardened indices; empty for the key itself. */
  readonly path?: readonly number[];
  /** P2 only: the values that `prepareTwoPartySign` made ahead. */
  readonly nonce?: TwoPartyNonce;
  readonly rng?: Rng;
}

/** The part of the caller's input that the steps of set-up use. */
export interface SetUpInput {
  readonly primes: TwoPartyPrimes;
  readonly known: readonly bigint[];
}

/** [K0] @throws InputError `input/role`, `input/bits`, `input/session-id`, `input/primes` */
export function checkKeygen(parameters: TwoPartyKeygenParameters): SetUpInput {
  const { role, sessionId, bits, primes, knownModuli: known = [] } = parameters;
  if (role !== 'P1' && role !== 'P2') {
    throw new InputError('input/role', 'the role is P1 or P2');
  }
  if (bits !== 2048 && bits !== 3072) {
    throw new InputError('input/bits', `moduli of ${String(bits)} bits, 2048 or 3072 expected`);
  }
  checkSessionId(sessionId);
  checkPrimes(role, bits, primes, known);
  return { primes, known };
}

/** [R0] @throws InputError `input/locked`, `input/keyshare`, `input/session-id`, `input/primes` */
export function checkRefresh(parameters: TwoPartyRefreshParameters): SetUpInput {
  const { sessionId, keyshare, lock, primes, knownModuli = [] } = parameters;
  checkKeyshare(keyshare);
  checkRefreshable(lock);
  checkSessionId(sessionId);
  const known = [...knownModuli, keyshare.modulus, keyshare.fields.pedersen.N];
  checkPrimes(keyshare.role, keyshare.bits, primes, known);
  return { primes, known };
}

/** [S0] @throws InputError `input/locked`, `input/keyshare`, `input/session-id`, `input/digest-…` */
export function checkSign(parameters: TwoPartySignParameters): void {
  const { sessionId, keyshare, lock, digest, path = [] } = parameters;
  checkKeyshare(keyshare);
  checkUnlocked(lock);
  checkSessionId(sessionId);
  checkDigest(digest);
  checkPath(path);
}

const checkKeyshare = ({ wiped }: TwoPartyKeyshare): void => {
  if (wiped) throw new InputError('input/keyshare', 'this keyshare was wiped');
};

const checkPrimes = (
  role: TwoPartyRole,
  bits: ModulusBits,
  { pedersen, paillier }: TwoPartyPrimes,
  known: readonly bigint[],
): void => {
  if ((paillier !== undefined) !== (role === 'P1')) {
    throw new InputError('input/primes', 'P1 and only P1 brings primes for a Paillier key');
  }
  const pairs = paillier === undefined ? [pedersen] : [pedersen, paillier];
  if (!pairs.every((pair) => isPrimePair(pair, bits))) {
    throw new InputError('input/primes', `two different safe primes of ${bits / 2} bits expected`);
  }
  const primes = pairs.flat();
  const fresh = primes.every((prime) => known.every((modulus) => gcd(modulus, prime) === 1n));
  if (new Set(primes).size !== primes.length || !fresh) {
    throw new InputError('input/primes', 'a prime that is in use already');
  }
};

/** sid of a key generation. */
export const keygenSid = ({ sessionId, bits }: TwoPartyKeygenParameters): Uint8Array =>
  hash(LABELS.twoPartyKeygenSession, sessionId, u16(bits));

/** The state of a key and epoch that both must share; a session with another N or c_key ends in blame, not in a lock. */
const commonState = ({ bits, fields }: TwoPartyKeyshare): Uint8Array => {
  const { keyId, epoch, publicKey, chainCode, publicShares, N, encryptedShare, pedersen } = fields;
  const points = [publicKey, ...publicShares].map(encodePoint);
  const numbers = [N, pedersen.N, pedersen.s, pedersen.t].map((n) => naturalToBytes(n, bits / 8));
  const ciphertext = naturalToBytes(encryptedShare, bits / 4);
  const place = concat(keyId, u32(epoch), u16(bits), chainCode);
  return hash(LABELS.twoPartyCommonState, place, ...points, ...numbers, ciphertext);
};

/** sid of a refresh: which key, and from which epoch. */
export const refreshSid = ({ sessionId, keyshare }: TwoPartyRefreshParameters): Uint8Array =>
  hash(LABELS.twoPartyRefreshSession, sessionId, commonState(keyshare));

/** sid of a signature: everything that the two agreed to is in it. */
export const signSid = (parameters: TwoPartySignParameters): Uint8Array => {
  const { sessionId, keyshare, digest, path = [] } = parameters;
  const steps = concat(...path.map(u32));
  return hash(LABELS.twoPartySignSession, sessionId, commonState(keyshare), steps, digest);
};

/** The context of all steps of a party. */
export const contextOf = ({
  role,
  sid,
  bits,
  epoch,
  rng = systemRng,
}: Pick<TwoPartyContext, 'sid' | 'bits' | 'epoch'> & {
  readonly role: TwoPartyRole;
  readonly rng: Rng | undefined;
}): TwoPartyContext => {
  const index = indexOf(role);
  return { sid, index, peer: peerOf(index), bits, epoch, rng };
};

/** The input of a session besides its protocol; two parties have no broadcast. */
export const optionsFor = (
  { index, sid }: TwoPartyContext,
  messages: readonly TwoPartyMessage[],
): SessionOptions => ({
  index,
  parties: [1, 2],
  shape: shapeFor(messages, index),
  echo: echoHash(sid),
  parameters: parametersHash(sid),
});
