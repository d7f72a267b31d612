import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { concat } from '../../src/arith/bytes.ts';
import { addScalars, mulScalars } from '../../src/arith/scalar.ts';
import { mulBase, pointEquals } from '../../src/curve.ts';
import { InputError, keygen, Keyshare } from '../../src/index.ts';
import { lagrange } from '../../src/polynomial.ts';
import { keygenSessions, keysharesOf, sessionIdOf, signSessions } from '../support/parties.ts';
import { outputs, simulate, subsets } from '../support/simulate.ts';
import { expectValid, opensslAccepts, publicKeyOf } from '../support/verify.ts';

const tables = [2, 3, 4, 5].flatMap((n) =>
  Array.from({ length: n - 1 }, (_, at) => [at + 2, n] as const),
);

describe.each(tables)('%i-of-%i key generation', (threshold, parties) => {
  const shares = (): Keyshare[] => [...keysharesOf(threshold, parties).values()];

  test('gives every party the same key, chain code, public shares and key id', () => {
    const [first, ...others] = shares();
    for (const share of others) {
      expect(share.publicKey).toEqual(first?.publicKey);
      expect(share.chainCode).toEqual(first?.chainCode);
      expect(share.keyId).toEqual(first?.keyId);
      expect(share.fields.publicShares).toEqual(first?.fields.publicShares);
    }
  });

  test('gives shares of which threshold many interpolate to the key, and one fewer do not', () => {
    const chosen = shares().slice(-threshold);
    const secretOf = (some: readonly Keyshare[]) => {
      const signers = some.map(({ index }) => index);
      return addScalars(
        ...some.map(({ index, fields }) =>
          mulScalars(lagrange(signers, index), fields.secretShare),
        ),
      );
    };
    const [first] = chosen;
    if (first === undefined) throw new Error('no shares');
    expect(pointEquals(mulBase(secretOf(chosen)), first.fields.publicKey)).toBe(true);
    expect(pointEquals(mulBase(secretOf(chosen.slice(1))), first.fields.publicKey)).toBe(false);
  });

  test('gives every pair equal zero seeds and matching halves of oblivious transfer', () => {
    for (const mine of shares()) {
      for (const theirs of shares()) {
        if (mine === theirs) continue;
        const [here, there] = [mine.pairWith(theirs.index), theirs.pairWith(mine.index)];
        expect(here.zeroSeed).toEqual(there.zeroSeed);
        expect(here.builder.sid).toEqual(there.evaluator.sid);
        expect(here.builder.sid).not.toEqual(here.evaluator.sid);
      }
    }
  });

  test('gives a key with which every set of at least threshold parties signs, and outsiders verify', () => {
    const keyshares = keysharesOf(threshold, parties);
    for (const signers of subsets(parties, threshold)) {
      const message = new TextEncoder().encode(signers.join());
      const digest = new Uint8Array(createHash('sha256').update(message).digest());
      const run = simulate(signSessions(keyshares, signers, { digest, seed: signers.join() }));
      const signatures = [...outputs(run).values()];
      const [first] = signatures;
      for (const signature of signatures) expect(signature.bytes).toEqual(first?.bytes);
      if (first === undefined) throw new Error('no signature');
      expectValid(first, digest, publicKeyOf(keyshares));
      expect(opensslAccepts(first.bytes.slice(0, 64), message, publicKeyOf(keyshares))).toBe(true);
    }
  });
});

test('a keyshare survives its bytes, and its bytes are canonical', () => {
  for (const share of keysharesOf(2, 3).values()) {
    const encoded = share.encode();
    expect(Keyshare.decode(encoded).encode()).toEqual(encoded);
    expect(() => Keyshare.decode(concat(encoded, new Uint8Array(1)))).toThrow('no trailing bytes');
    expect(() => Keyshare.decode(encoded.slice(0, -1))).toThrow(/expected/);
  }
});

test('a keyshare refuses a secret share that is not its own', () => {
  const [one, two] = keysharesOf(2, 3).values();
  if (one === undefined || two === undefined) throw new Error('no shares');
  const mixed = { ...one.fields, secretShare: two.fields.secretShare };
  expect(() => Keyshare.validate(mixed)).toThrow('the share of its own public share');
});

test('a keyshare prints no secret', () => {
  const [share] = keysharesOf(2, 3).values();
  expect(String(share)).toBe('Keyshare(party 1 of 3, secret redacted)');
  expect(inspect(share, { depth: 9 })).toBe('Keyshare {}');
  expect(JSON.stringify({ share })).toBe('{"share":"Keyshare(party 1 of 3, secret redacted)"}');
});

describe('D-16, D-4, F-4: key generation refuses', () => {
  const sessionId = sessionIdOf('refused');
  test.each([
    ['a threshold of one', { threshold: 1, parties: 3, index: 1 }, 'input/threshold'],
    [
      'a threshold above the number of parties',
      { threshold: 4, parties: 3, index: 1 },
      'input/threshold',
    ],
    ['one party', { threshold: 1, parties: 1, index: 1 }, 'input/parties'],
    ['33 parties', { threshold: 2, parties: 33, index: 1 }, 'input/parties'],
    ['index zero', { threshold: 2, parties: 3, index: 0 }, 'input/index'],
    ['an index beyond the parties', { threshold: 2, parties: 3, index: 4 }, 'input/index'],
    ['a negative index', { threshold: 2, parties: 3, index: -1 }, 'input/index'],
    ['a fractional index', { threshold: 2, parties: 3, index: 1.5 }, 'input/parties'],
    ['an index beyond 2^53', { threshold: 2, parties: 3, index: 2 ** 53 + 1 }, 'input/index'],
  ])('%s', (_, parameters, code) => {
    expect(() => keygen({ sessionId, ...parameters })).toThrow(expect.objectContaining({ code }));
  });

  test('a session id of zeros', () => {
    const zeros = { sessionId: new Uint8Array(32), threshold: 2, parties: 3, index: 1 };
    expect(() => keygen(zeros)).toThrow(InputError);
  });
});

test('R-6: permuted, repeated and early messages give the same key', () => {
  const expected = keysharesOf(2, 3);
  for (const shuffle of ['one', 'two', 'three']) {
    const run = simulate(keygenSessions(2, 3), { shuffle });
    for (const [index, share] of outputs(run)) {
      expect(share.encode()).toEqual(expected.get(index)?.encode());
    }
  }
});

test('D-11: a party that has not heard all acknowledgements has no key', () => {
  const run = simulate(keygenSessions(2, 3), {
    tamper: (message, to) =>
      message.round === 5 && message.from === 2 && to === 3 ? [] : [message],
  });
  expect(run.outcomes.get(1)?.status).toBe('completed');
  expect(run.outcomes.get(3)).toBeUndefined();
});
