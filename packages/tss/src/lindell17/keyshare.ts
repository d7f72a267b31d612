/**
 * Everything that one of two parties keeps for a key, and its canonical bytes.
 *
 * Layout (version 1): magic `QKS`, version 1, protocol 2, then the fields below in order. Bytes of every
 * version stay readable for ever; test/vectors/keyshare holds one frozen example a version and role.
 */
import { concat, wipe } from '../arith/bytes.ts';
import { hasBits, naturalFromBytes } from '../arith/integers.ts';
import type { Scalar } from '../arith/scalar.ts';
import {
  array,
  body,
  bytes,
  type Field,
  nonZeroScalar,
  point,
  struct,
  uint16,
  uint32,
} from '../codec.ts';
import { encodePoint, mulBase, type Point, pointEquals, sumPoints } from '../curve.ts';
import {
  releaseFactors,
  isCiphertext,
  paillierFromPrimes,
  type PaillierSecret,
} from '../paillier.ts';
import type { RingPedersen } from '../pedersen.ts';
import { DecodeError } from '../round/errors.ts';
import { natural } from '../zk/fields.ts';
import type { ModulusBits } from '../zk/parameters.ts';
import { pedersenField } from './messages.ts';
import { peerOf, type TwoPartyRole } from './party.ts';

/** Fields of a keyshare. */
export interface TwoPartyKeyshareFields {
  /** Party index: 1 is P1, 2 is P2. */
  readonly index: 1 | 2;
  readonly bits: ModulusBits;
  readonly epoch: number;
  /** 32 bytes: the session id of the key generation. */
  readonly keyId: Uint8Array;
  readonly publicKey: Point;
  /** 32 bytes, BIP32. */
  readonly chainCode: Uint8Array;
  /** X₁ and X₂. */
  readonly publicShares: readonly Point[];
  /** Secret: xᵢ. */
  readonly secretShare: Scalar;
  /** P1's Paillier modulus. */
  readonly N: bigint;
  /** c_key = Enc_N(x₁). */
  readonly encryptedShare: bigint;
  /** P1's ring-Pedersen parameters. */
  readonly pedersen: RingPedersen;
  /** Secret: p ‖ q of P1's Paillier key, bits/16 bytes each; empty at P2. */
  readonly primes: Uint8Array;
}

const MAGIC = new Uint8Array([0x51, 0x4b, 0x53, 1, 2]); // "QKS", version 1, protocol 2 (Lindell17, secp256k1)
const HEADER_LENGTH = 4;

const header = struct<{ index: number; bits: number }>({ index: uint16, bits: uint16 });

const rest = (
  index: 1 | 2,
  bits: ModulusBits,
): Field<Omit<TwoPartyKeyshareFields, 'index' | 'bits'>> =>
  struct({
    epoch: uint32,
    keyId: bytes(32),
    publicKey: point,
    chainCode: bytes(32),
    publicShares: array(2, point),
    secretShare: nonZeroScalar,
    N: natural(bits),
    encryptedShare: natural(2 * bits),
    pedersen: pedersenField(bits),
    primes: bytes(index === 1 ? bits / 8 : 0),
  });

const isIndex = (index: number): index is 1 | 2 => index === 1 || index === 2;
const isSize = (bits: number): bits is ModulusBits => bits === 2048 || bits === 3072;

/** One party's share of a two-party key, with everything that it needs to sign. */
export class TwoPartyKeyshare {
  readonly #fields: TwoPartyKeyshareFields;
  #wiped = false;

  /**
   * Moduli that the caller remembers for ever, so that none of them comes again (P-13): fresh from
   * a set-up N, Ñ₁ and Ñ₂, of decoded bytes N and Ñ₁, since Ñ₂ serves the set-up only.
   */
  readonly moduli: readonly bigint[];

  private constructor(fields: TwoPartyKeyshareFields, more: readonly bigint[]) {
    this.#fields = fields;
    this.moduli = [fields.N, fields.pedersen.N, ...more];
  }

  /** Whether its secrets are gone. */
  get wiped(): boolean {
    return this.#wiped;
  }

  /** Secret. A getter, so that an inspected keyshare shows nothing. */
  get fields(): TwoPartyKeyshareFields {
    if (this.#wiped) throw new Error('unreachable: this keyshare was wiped');
    return this.#fields;
  }

  get role(): TwoPartyRole {
    return this.index === 1 ? 'P1' : 'P2';
  }
  get index(): 1 | 2 {
    return this.fields.index;
  }
  get bits(): ModulusBits {
    return this.fields.bits;
  }
  get epoch(): number {
    return this.fields.epoch;
  }
  get keyId(): Uint8Array {
    return this.fields.keyId;
  }
  get chainCode(): Uint8Array {
    return this.fields.chainCode;
  }
  /** 33 bytes, SEC1 compressed. */
  get publicKey(): Uint8Array {
    return encodePoint(this.fields.publicKey);
  }
  /** P1's Paillier modulus. */
  get modulus(): bigint {
    return this.fields.N;
  }

  /** X of one of the two. */
  publicShareOf(index: 1 | 2): Point {
    const share = this.fields.publicShares[index - 1];
    if (share === undefined) throw new Error('unreachable: two public shares');
    return share;
  }

  /** Secret: P1's Paillier key. */
  paillierSecret(): PaillierSecret {
    const [p, q] = factors(this.fields);
    return paillierFromPrimes(p, q);
  }

  /**
   * Checks everything that a keyshare shows by itself: ranges, xᵢ·G = Xᵢ, X₁ + X₂ = Q, p·q = N. `more` are
   * moduli of its set-up that are no part of it.
   *
   * @throws DecodeError
   */
  static validate(fields: TwoPartyKeyshareFields, more: readonly bigint[] = []): TwoPartyKeyshare {
    const { index, publicShares, secretShare, publicKey } = fields;
    const [own, other] = [publicShares[index - 1], publicShares[peerOf(index) - 1]];
    if (own === undefined || !pointEquals(mulBase(secretShare), own)) {
      throw new DecodeError('keyshare.secretShare', 'the share of its own public share');
    }
    const sum = other === undefined ? null : sumPoints([own, other]);
    if (sum === null || !pointEquals(sum, publicKey)) {
      throw new DecodeError('keyshare.publicShares', 'shares that add up to the public key');
    }
    checkNumbers(fields);
    return new TwoPartyKeyshare(fields, more);
  }

  /** Canonical bytes. Secret. */
  encode(): Uint8Array {
    const { fields } = this;
    const tail = body(rest(fields.index, fields.bits)).encode(fields);
    return concat(MAGIC, body(header).encode(fields), tail);
  }

  /**
   * Reads the bytes of any version that was ever released.
   *
   * @throws DecodeError
   */
  static decode(encoded: Uint8Array): TwoPartyKeyshare {
    const start = MAGIC.length;
    const end = start + HEADER_LENGTH;
    if (encoded.length < end || !MAGIC.every((byte, at) => byte === encoded[at])) {
      throw new DecodeError('keyshare', 'a two-party keyshare of version 1');
    }
    const { index, bits } = body(header).decode(encoded.subarray(start, end), 'keyshare');
    if (!isIndex(index)) throw new DecodeError('keyshare.index', '1 or 2');
    if (!isSize(bits)) throw new DecodeError('keyshare.bits', '2048 or 3072');
    const tail = body(rest(index, bits)).decode(encoded.subarray(end), 'keyshare');
    return TwoPartyKeyshare.validate({ index, bits, ...tail });
  }

  /** Overwrites the secrets; everything afterwards fails. Numbers that the engine holds are out of reach. */
  wipe(): void {
    if (!this.#wiped && this.#fields.index === 1) releaseFactors(...factors(this.#fields));
    this.#wiped = true;
    wipe(this.#fields.secretShare, this.#fields.primes);
  }

  toString(): string {
    return `TwoPartyKeyshare(P${this.#fields.index}, secret redacted)`;
  }

  toJSON(): string {
    return this.toString();
  }
}

const factors = ({ primes, index }: TwoPartyKeyshareFields): readonly [bigint, bigint] => {
  if (index !== 1) throw new Error('unreachable: only P1 has a Paillier key');
  const half = primes.length / 2;
  return [naturalFromBytes(primes.subarray(0, half)), naturalFromBytes(primes.subarray(half))];
};

const checkNumbers = (fields: TwoPartyKeyshareFields): void => {
  const { index, bits, N, encryptedShare, pedersen } = fields;
  if (!hasBits(N, bits) || (N & 1n) === 0n) {
    throw new DecodeError('keyshare.N', `an odd number of ${bits} bits`);
  }
  if (!isCiphertext({ N, bits }, encryptedShare)) {
    throw new DecodeError('keyshare.encryptedShare', 'a ciphertext');
  }
  const inRange = [pedersen.s, pedersen.t].every((n) => n > 1n && n < pedersen.N - 1n);
  if (!hasBits(pedersen.N, bits) || (pedersen.N & 1n) === 0n || !inRange) {
    throw new DecodeError('keyshare.pedersen', `parameters of ${bits} bits`);
  }
  if (index === 2) return;
  const [p, q] = factors(fields);
  if (p * q !== N || !hasBits(p, bits / 2) || !hasBits(q, bits / 2)) {
    throw new DecodeError('keyshare.primes', `two factors of N of ${bits / 2} bits`);
  }
};
