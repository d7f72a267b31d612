/** Ephemeral keys and the end of a signature. */
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../../../../test/support/thrownBy.ts';
import { concat } from '../../src/arith/bytes.ts';
import {
  addScalars,
  invertScalar,
  isHighScalar,
  mulScalars,
  negateScalar,
  Q,
  randomScalar,
  reduceWide,
  type Scalar,
  scalarFromNumber,
} from '../../src/arith/scalar.ts';
import {
  decodePoint,
  mulBase,
  mulPublic,
  negatePoint,
  type Point,
  sumPoints,
} from '../../src/curve.ts';
import { signRound3 } from '../../src/dkls23/messages.ts';
import { combineNonces, describeNonce } from '../../src/dkls23/nonce.ts';
import { digestScalar } from '../../src/digest.ts';
import { assemble } from '../../src/dkls23/signature.ts';
import { isAbort, type Signature } from '../../src/index.ts';
import { sign } from '../../src/dkls23/index.ts';
import { blameless } from '../support/judge.ts';
import { deviatingSign } from '../support/misbehave.ts';
import { DIGEST, keysharesOf, parametersOf, signSessions } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate } from '../support/simulate.ts';
import { expectValid } from '../support/verify.ts';
import { expectLowSignatures } from './lowSignatures.ts';

const sid = seededRng('nonce')(32);
const be = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));

describe('ephemeral keys', () => {
  test('N-4: are uniform in their top and bottom bytes over 100,000 draws, each of 48 bytes', () => {
    const source = seededRng('uniform');
    const lengths = new Set<number>();
    let pool = source(48 * 10_000);
    let used = 0;
    const rng = (length: number): Uint8Array => {
      lengths.add(length);
      if (used + length > pool.length) [pool, used] = [source(48 * 10_000), 0];
      return pool.slice(used, (used += length));
    };
    const counts = [0, 31].map((at) => ({ at, of: new Uint32Array(256) }));
    for (let drawn = 0; drawn < 100_000; drawn++) {
      const scalar = randomScalar(rng);
      for (const { at, of } of counts) of[scalar[at] ?? 0] = (of[scalar[at] ?? 0] ?? 0) + 1;
    }
    expect([...lengths]).toEqual([48]);
    for (const { of } of counts) {
      const expected = 100_000 / 256;
      const chi = of.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chi).toBeLessThan(400); // 255 degrees of freedom; exceeded with probability below 1e-7
      expect(chi).toBeGreaterThan(140);
    }
  });

  test('N-4: a random number generator that fails ends the session, with no fallback', () => {
    const failing = (): never => {
      throw new Error('no entropy');
    };
    const session = sign({ ...parametersOf(1), rng: failing });
    expect(session.start()).toEqual([]);
    expect(session.outcome).toMatchObject(blameless('internal-error'));
  });

  test('N-5: are fresh when everything but the randomness is the same, session id included', () => {
    const run = (draws: string): Signature | undefined => {
      const sessions = [1, 2, 3].map((index) => {
        const rng = seededRng(`fresh/${draws}/${index}`);
        return [index, sign({ ...parametersOf(index), rng })] as const;
      });
      return outputs(simulate(new Map(sessions))).get(1);
    };
    const [first, second, repeated] = [run('a'), run('b'), run('a')];
    expect(first?.r).not.toEqual(second?.r);
    expect(repeated?.bytes).toEqual(first?.bytes); // the generator is the only source
  });

  test('N-5: without a generator of its own a session reads the system’s, twice the same is never said', () => {
    const say = () => {
      const { rng: _, ...parameters } = parametersOf(1);
      return sign(parameters).start()[0]?.body;
    };
    expect(say()).not.toEqual(say());
  });
});

describe('the common ephemeral point', () => {
  test('G6, O-10: two points that cancel abort without blame', () => {
    const R = mulBase(randomScalar(seededRng('R')));
    const error = thrownBy(() => combineNonces(sid, [R, negatePoint(R)]));
    expect(isAbort(error, 'invalid-signature')).toBe(true);
    expect(error).toMatchObject({ culprits: [], bans: [] });
  });

  test('G6, O-10: a signer that knows the other’s ephemeral key and cancels it makes both abort', () => {
    const keyshares = keysharesOf(2, 2);
    const victim = reduceWide(seededRng('sign/cancel/1')(48));
    const sessions = signSessions(keyshares, [1, 2], { seed: 'cancel' });
    const source = seededRng('sign/cancel/2');
    let first = true;
    const rng = (length: number): Uint8Array => {
      const drawn = source(length);
      if (!first) return drawn;
      first = false;
      return concat(new Uint8Array(16), negateScalar(victim));
    };
    const keyshare = keyshares.get(2);
    if (keyshare === undefined) throw new Error('no keyshare');
    const { sessionId } = parametersOf(2, 'cancel');
    const base = { sessionId, keyshare, signers: [1, 2], digest: DIGEST, bans: [] };
    sessions.set(2, sign({ ...base, rng }));
    for (const outcome of simulate(sessions).outcomes.values()) {
      expect(outcome).toMatchObject({ ...blameless('invalid-signature'), round: 2 });
      expect(outcome).toMatchObject({ message: expect.stringContaining('cancel') });
    }
  });

  test('G6, N-9: r = 0 aborts', () => {
    const none = new Uint8Array([4, ...be(Q), ...be(1n)]) as Point; // no point has this x: for the check alone
    expect(
      isAbort(
        thrownBy(() => describeNonce(sid, none)),
        'invalid-signature',
      ),
    ).toBe(true);
  });

  test('N-9: the recovery id says parity, and whether x was not below the order', () => {
    const [small, large] = [pointWithX(1n), pointWithX(Q + 1n)];
    expect(describeNonce(sid, small).recovery & 2).toBe(0);
    expect(describeNonce(sid, large.even).recovery).toBe(2);
    expect(describeNonce(sid, large.odd).recovery).toBe(3);
    expect(BigInt(`0x${Buffer.from(describeNonce(sid, large).r).toString('hex')}`)).toBe(
      large.x - Q,
    );
  });

  test('the digest of R is of its session', () => {
    const R = mulBase(randomScalar(seededRng('R')));
    const other = seededRng('other')(32);
    expect(describeNonce(sid, R).digest).not.toEqual(describeNonce(other, R).digest);
    expect(describeNonce(sid, R).digest).not.toEqual(describeNonce(sid, negatePoint(R)).digest);
  });
});

/** The first point at or above x, with both signs of y. */
const pointWithX = (from: bigint): Point & { x: bigint; even: Point; odd: Point } => {
  for (let x = from; ; x++) {
    const [even, odd] = [2, 3].map((prefix) => decodePoint(new Uint8Array([prefix, ...be(x)])));
    if (even && odd) return Object.assign(Uint8Array.from(even) as Point, { x, even, odd });
  }
};

describe('the end of a signature', () => {
  const big = pointWithX(Q + 1n);
  /** A key under which (r, s) of that R is valid for the digest: Q = r⁻¹·(s·R − m·G). */
  const keyFor = (R: Point, r: Scalar, s: Scalar): Point => {
    const m = negateScalar(digestScalar(DIGEST));
    const sum = sumPoints([mulPublic(R, s), mulBase(m)]);
    if (sum === null) throw new Error('no sum');
    return mulPublic(sum, invertScalar(r));
  };
  const one = scalarFromNumber(1);
  const s = randomScalar(seededRng('s'));
  const low = isHighScalar(s) ? negateScalar(s) : s;

  test('G8, N-9: x not below the order gives recovery ids 2 and 3, which lead back to the key', () => {
    for (const R of [big.even, big.odd]) {
      const nonce = describeNonce(sid, R);
      const publicKey = keyFor(R, nonce.r, low);
      const made = assemble(nonce, [one], [low], { digest: DIGEST, publicKey });
      expect(made.recovery).toBe(nonce.recovery);
      expectValid(made, DIGEST, made.publicKey);
    }
  });

  test('G8, N-10: a high s is made low and the parity of the recovery id turned', () => {
    const nonce = describeNonce(sid, mulBase(randomScalar(seededRng('R'))));
    const R = mulBase(randomScalar(seededRng('R')));
    const publicKey = keyFor(R, nonce.r, low);
    const made = assemble(nonce, [one], [low], { digest: DIGEST, publicKey });
    const high = negateScalar(low);
    const other = keyFor(R, nonce.r, high);
    const turned = assemble(nonce, [one], [high], { digest: DIGEST, publicKey: other });
    expect([made.s, turned.s]).toEqual([low, low]);
    expect([made.recovery, turned.recovery]).toEqual([nonce.recovery, nonce.recovery ^ 1]);
    expectValid(turned, DIGEST, turned.publicKey);
  });

  test('G7, O-10b: a sum of u that is zero aborts', () => {
    const nonce = describeNonce(sid, mulBase(one));
    const statement = { digest: DIGEST, publicKey: mulBase(one) };
    const error = thrownBy(() => assemble(nonce, [s, negateScalar(s)], [s], statement));
    expect(isAbort(error, 'invalid-partial-signature')).toBe(true);
  });

  test('N-9: s = 0 aborts', () => {
    const nonce = describeNonce(sid, mulBase(one));
    const statement = { digest: DIGEST, publicKey: mulBase(one) };
    const error = thrownBy(() => assemble(nonce, [one], [s, negateScalar(s)], statement));
    expect(isAbort(error, 'invalid-partial-signature')).toBe(true);
  });

  test('G9, N-11: a wᵢ that is corrupted last aborts, and no signature comes out', () => {
    const codec = signRound3.all;
    if (codec === null) throw new Error('no broadcast');
    const sessions = signSessions(keysharesOf(2, 3), [1, 2, 3], { seed: 'sweep' });
    const alter = (bytes: Uint8Array): Uint8Array => {
      const said = codec.decode(bytes, 'said');
      return codec.encode({ ...said, w: mulScalars(said.w, scalarFromNumber(2)) });
    };
    sessions.set(2, deviatingSign(parametersOf(2), { round: 3, part: 'all', alter }));
    const { outcomes } = simulate(sessions);
    for (const index of [1, 3]) {
      expect(outcomes.get(index)).toMatchObject({ ...blameless('invalid-signature'), round: 3 });
      expect(outcomes.get(index)).not.toHaveProperty('output');
    }
  });

  test('G9: a signature of another key is not released', () => {
    const R = mulBase(randomScalar(seededRng('R')));
    const nonce = describeNonce(sid, R);
    const publicKey = keyFor(R, nonce.r, addScalars(low, one));
    const error = thrownBy(() => assemble(nonce, [one], [low], { digest: DIGEST, publicKey }));
    expect(isAbort(error, 'invalid-signature')).toBe(true);
  });
});

test('N-10, G8: 40 signatures have low s and a recovery id that leads back to the key', () => {
  expectLowSignatures(40);
});
