/**
 * Everything that one party keeps for one key, and its canonical bytes.
 *
 * Layout (version 1): magic `QKS`, version, protocol, then the fields below in order. Bytes of
 * every version stay readable for ever; test/vectors/keyshare holds one frozen example a version.
 */
import { concat, wipe } from '../arith/bytes.ts';
import { type Scalar } from '../arith/scalar.ts';
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
import { mulBase, type Point, encodePoint, pointEquals } from '../curve.ts';
import type { OtBuilder, OtEvaluator } from '../ot/pprf.ts';
import { interpolateInExponent } from '../polynomial.ts';
import { DecodeError } from '../round/errors.ts';

/** The state that a party shares with one peer: zero-share seed and the two directions of OT. */
export interface PairState {
  /** Secret, 32 bytes; equal at both. */
  readonly zeroSeed: Uint8Array;
  /** Secret; this party multiplies as receiver of the vector OLE. */
  readonly builder: OtBuilder;
  /** Secret; this party multiplies as sender of the vector OLE. */
  readonly evaluator: OtEvaluator;
}

/** Fields of a keyshare. */
export interface KeyshareFields {
  readonly threshold: number;
  readonly parties: number;
  readonly index: number;
  readonly epoch: number;
  /** 32 bytes: the session id of the key generation. */
  readonly keyId: Uint8Array;
  readonly publicKey: Point;
  /** 32 bytes, BIP32. */
  readonly chainCode: Uint8Array;
  /** Sⱼ = sⱼ·G of parties 1..n. */
  readonly publicShares: readonly Point[];
  /** Secret: sᵢ. */
  readonly secretShare: Scalar;
  /** State with each peer, in index order without the own index. */
  readonly pairs: readonly PairState[];
}

const MAGIC = new Uint8Array([0x51, 0x4b, 0x53, 1, 1]); // "QKS", version 1, protocol 1 (DKLs23, secp256k1)

const header = struct<Pick<KeyshareFields, 'threshold' | 'parties' | 'index'>>({
  threshold: uint16,
  parties: uint16,
  index: uint16,
});

const pair = struct<PairState>({
  zeroSeed: bytes(32),
  builder: struct<OtBuilder>({ sid: bytes(32), seeds: bytes(1024) }),
  evaluator: struct<OtEvaluator>({ sid: bytes(32), delta: bytes(16), seeds: bytes(2048) }),
});

const rest = (parties: number): Field<Omit<KeyshareFields, 'threshold' | 'parties' | 'index'>> =>
  struct({
    epoch: uint32,
    keyId: bytes(32),
    publicKey: point,
    chainCode: bytes(32),
    publicShares: array(parties, point),
    secretShare: nonZeroScalar,
    pairs: array(parties - 1, pair),
  });

const HEADER_LENGTH = 6;

/** One party's share of a key, with everything that it needs to sign. */
export class Keyshare {
  readonly #fields: KeyshareFields;
  #wiped = false;

  private constructor(fields: KeyshareFields) {
    this.#fields = fields;
  }

  /** Whether its secrets are gone. */
  get wiped(): boolean {
    return this.#wiped;
  }

  /** Secret. A getter, so that an inspected keyshare shows nothing. */
  get fields(): KeyshareFields {
    if (this.#wiped) throw new Error('unreachable: this keyshare was wiped');
    return this.#fields;
  }

  get threshold(): number {
    return this.fields.threshold;
  }
  get parties(): number {
    return this.fields.parties;
  }
  get index(): number {
    return this.fields.index;
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

  /** State shared with one peer. */
  pairWith(peer: number): PairState {
    const { index, pairs } = this.fields;
    const state = peer === index ? undefined : pairs[peer < index ? peer - 1 : peer - 2];
    if (state === undefined) throw new Error(`unreachable: party ${peer} is not a peer`);
    return state;
  }

  /**
   * Checks everything that a keyshare shows by itself: ranges, sᵢ·G = Sᵢ, and that the public
   * shares interpolate to the public key.
   *
   * @throws DecodeError
   */
  static validate(fields: KeyshareFields): Keyshare {
    const { threshold, parties, index, publicShares, secretShare, publicKey } = fields;
    const inRange = 2 <= threshold && threshold <= parties && parties <= 32;
    if (!inRange) throw new DecodeError('keyshare', '2 ≤ threshold ≤ parties ≤ 32');
    const own = publicShares[index - 1];
    if (own === undefined) throw new DecodeError('keyshare.index', `an index in 1..${parties}`);
    if (!pointEquals(mulBase(secretShare), own)) {
      throw new DecodeError('keyshare.secretShare', 'the share of its own public share');
    }
    const shares = new Map(publicShares.slice(0, threshold).map((share, at) => [at + 1, share]));
    const interpolated = interpolateInExponent(shares);
    if (interpolated === null || !pointEquals(interpolated, publicKey)) {
      throw new DecodeError('keyshare.publicShares', 'shares that interpolate to the public key');
    }
    const sids = fields.pairs.flatMap(({ builder, evaluator }) => [builder.sid, evaluator.sid]);
    if (new Set(sids.map(String)).size !== sids.length) {
      throw new DecodeError('keyshare.pairs', 'a session of its own for every OT set-up');
    }
    return new Keyshare(fields);
  }

  /** Canonical bytes. Secret. */
  encode(): Uint8Array {
    const encoded = concat(
      MAGIC,
      body(header).encode(this.fields),
      body(rest(this.parties)).encode(this.fields),
    );
    return encoded;
  }

  /**
   * Reads the bytes of any version that was ever released.
   *
   * @throws DecodeError
   */
  static decode(encoded: Uint8Array): Keyshare {
    const start = MAGIC.length;
    if (
      encoded.length < start + HEADER_LENGTH ||
      !MAGIC.every((byte, at) => byte === encoded[at])
    ) {
      throw new DecodeError('keyshare', 'a keyshare of version 1');
    }
    const head = body(header).decode(encoded.subarray(start, start + HEADER_LENGTH), 'keyshare');
    if (head.parties < 2 || head.parties > 32) throw new DecodeError('keyshare.parties', '2..32');
    const tail = body(rest(head.parties)).decode(
      encoded.subarray(start + HEADER_LENGTH),
      'keyshare',
    );
    return Keyshare.validate({ ...head, ...tail });
  }

  /**
   * Overwrites the secrets; everything afterwards fails. Security: with zeros in place of its OT
   * state a party would find its honest peers guilty, so a wiped keyshare must never be used.
   */
  wipe(): void {
    this.#wiped = true;
    const { secretShare, pairs } = this.#fields;
    wipe(secretShare);
    for (const { zeroSeed, builder, evaluator } of pairs) {
      wipe(zeroSeed, builder.seeds, evaluator.delta, evaluator.seeds);
    }
  }

  toString(): string {
    const { index, parties } = this.#fields;
    return `Keyshare(party ${index} of ${parties}, secret redacted)`;
  }

  toJSON(): string {
    return this.toString();
  }
}
