import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { backend, InputError, type Session, type Signature } from '../../src/index.ts';
import {
  NO_LOCK,
  prepareTwoPartySign,
  SIGN_MESSAGES,
  TwoPartyKeyshare,
  twoPartySign,
} from '../../src/lindell17/index.ts';
import { derivePublic } from '../../src/bip32.ts';
import { encodePoint } from '../../src/curve.ts';
import { seededRng } from '../support/rng.ts';
import { blameless } from '../support/judge.ts';
import { outputs, simulate } from '../support/simulate.ts';
import {
  both,
  frozenBytes,
  frozenShares,
  keygenParameters,
  signParameters,
  signSessions,
} from '../support/twoParty.ts';
import { MESSAGE_DIGEST, opensslVerifies, verifies } from './verify.ts';

describe('two parties sign', () => {
  test.each([2048, 3072] as const)('with %i-bit moduli, in five messages', (bits) => {
    const shares = frozenShares(bits);
    const run = simulate(signSessions(shares, { digest: MESSAGE_DIGEST }));
    const [first, second] = both(outputs(run));
    expect(first).toEqual(second);
    expect(verifies(first, shares[0].publicKey, MESSAGE_DIGEST)).toBe(true);
    expect(opensslVerifies(first, shares[0].publicKey)).toBe(true);
    const table = SIGN_MESSAGES.flatMap(({ round, from }) => from.map((one) => [round, one]));
    expect(run.sent.map(({ round, from }) => [round, from])).toEqual(table);
  });

  test('any digest, under any path, to a signature of that derived key', () => {
    const shares = frozenShares();
    const { publicKey, chainCode } = shares[0].fields;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.array(fc.nat(2 ** 31 - 1), { maxLength: 3 }),
        (random, path) => {
          const digest = random.map((byte, at) => (at === 31 ? byte | 1 : byte));
          const [first, second] = both(
            outputs(
              simulate(signSessions(shares, { digest, path, seed: `path/${path.join('/')}` })),
            ),
          );
          const derived = encodePoint(derivePublic(publicKey, chainCode, path).publicKey);
          expect(first).toEqual(second);
          expect(verifies(first, derived, digest)).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('to the same signature under any order of delivery, with repeats', () => {
    const shares = frozenShares();
    for (const shuffle of ['a', 'b', 'c', 'd']) {
      const [first, second] = both(outputs(simulate(signSessions(shares), { shuffle })));
      expect(first).toEqual(second);
    }
  });

  test('P1 speaks first, and each waits for the other alone', () => {
    const [first, second] = both(signSessions(frozenShares()));
    expect(second.start()).toEqual([]);
    expect([second.round, second.waitingFor()]).toEqual([1, [1]]);
    const [commitment] = first.start();
    expect([first.round, first.waitingFor(), commitment?.round]).toEqual([2, [2], 1]);
  });

  test('L9: many times at once with one key, each session by itself', () => {
    const shares = frozenShares();
    const runs = ['one', 'two', 'three', 'four', 'five'].map((seed) =>
      signSessions(shares, { seed }),
    );
    const posted = runs.map((sessions) => [...sessions.values()].flatMap((one) => one.start()));
    for (let turn = 0; turn < 5; turn++) {
      for (const [at, sessions] of runs.entries()) {
        const [message] = posted[at]?.splice(0, 1) ?? [];
        if (message === undefined) throw new Error('nothing to deliver');
        posted[at]?.push(...(sessions.get(message.to ?? 0)?.receive(message).send ?? []));
      }
    }
    const signatures = runs.map((sessions) => sessions.get(2)?.outcome);
    for (const outcome of signatures) {
      if (outcome?.status !== 'completed') throw new Error('not signed');
      expect(verifies(outcome.output, shares[0].publicKey)).toBe(true);
    }
  });

  test('with values that P2 made ahead', () => {
    const shares = frozenShares();
    const nonce = prepareTwoPartySign(shares[1], seededRng('ahead'));
    const [first] = both(outputs(simulate(signSessions(shares, { nonce }))));
    expect(verifies(first, shares[0].publicKey)).toBe(true);
  });

  test('one on the native, one on the portable backend', async () => {
    vi.resetModules();
    vi.doMock('#backend', () => import('../../src/backend/portable.ts'));
    const ground = await import('../../src/index.ts');
    const other = await import('../../src/lindell17/index.ts');
    vi.doUnmock('#backend');
    expect([backend.name, ground.backend.name]).toEqual(['native', 'portable']);
    const signatures = [1, 2].map((native) => {
      const shares = frozenShares();
      const moved = ([1, 2] as const).map((party) =>
        other.TwoPartyKeyshare.decode(frozenBytes(2048, party)),
      );
      const sessions = new Map(
        ([1, 2] as const).map((party): [number, Session<Signature>] => {
          const own = shares[party - 1];
          const theirs = moved[party - 1];
          if (own === undefined || theirs === undefined) throw new Error('no keyshare');
          return party === native
            ? [party, twoPartySign(signParameters(own))]
            : [
                party,
                other.twoPartySign({
                  ...signParameters(own),
                  keyshare: theirs,
                }) as unknown as Session<Signature>,
              ];
        }),
      );
      return both(outputs(simulate(sessions)));
    });
    expect(signatures[0]).toEqual(signatures[1]);
    expect(signatures[0]?.[0].bytes).toEqual(signatures[0]?.[1].bytes);
  });
});

describe('signing is refused before anything is sent', () => {
  const [first, second] = frozenShares();
  const usedUp = prepareTwoPartySign(second, seededRng('used'));
  usedUp.take(second);
  test.each([
    [
      'S5: a lock that a refresh opens',
      'input/locked',
      { lock: { ...NO_LOCK, state: 'refreshable' } },
    ],
    ['S5: a lock for good', 'input/locked', { lock: { ...NO_LOCK, state: 'terminal' } }],
    ['F-4: a session id of zeros', 'input/session-id', { sessionId: new Uint8Array(32) }],
    ['a digest of 31 bytes', 'input/digest-length', { digest: new Uint8Array(31).fill(1) }],
    ['a digest that is zero', 'input/digest-zero', { digest: new Uint8Array(32) }],
    ['W-8: a negative index', 'input/path', { path: [-1] }],
    ['W-8: a path of 17 steps', 'input/path', { path: Array<number>(17).fill(0) }],
    ['a hardened path', 'input/path', { path: [2 ** 31] }],
    ['prepared values at P1', 'input/nonce', { nonce: prepareTwoPartySign(second) }],
    ['P-14: prepared values that were used', 'input/nonce', { keyshare: second, nonce: usedUp }],
    [
      'prepared values of another key',
      'input/nonce',
      { keyshare: second, nonce: prepareTwoPartySign(frozenShares(3072)[1]) },
    ],
  ])('for %s', (_, code, change) => {
    const parameters = { ...signParameters(first), ...change } as ReturnType<typeof signParameters>;
    const refusal = () => twoPartySign(parameters);
    expect(refusal).toThrow(InputError);
    expect(refusal).toThrow(expect.objectContaining({ code }));
  });

  test('for a wiped keyshare', () => {
    const [wiped] = frozenShares();
    const parameters = signParameters(wiped);
    wiped.wipe();
    expect(() => twoPartySign(parameters)).toThrow(
      expect.objectContaining({ code: 'input/keyshare' }),
    );
  });

  test('for values prepared by P1', () => {
    expect(() => prepareTwoPartySign(first)).toThrow(
      expect.objectContaining({ code: 'input/role' }),
    );
  });

  test('P-14: two sessions never take one prepared value', () => {
    const nonce = prepareTwoPartySign(second);
    twoPartySign({ ...signParameters(second), nonce });
    expect(() => twoPartySign({ ...signParameters(second), nonce })).toThrow(
      expect.objectContaining({ code: 'input/nonce' }),
    );
    expect(JSON.stringify(nonce)).toBe('"TwoPartyNonce(secret redacted)"');
    expect(String(nonce)).not.toMatch(/\d{9}/);
  });
});

test('Y-13: parties with another digest or path end before P1 hears of a nonce, without a lock', () => {
  const shares = frozenShares();
  for (const change of [{ digest: new Uint8Array(32).fill(7) }, { path: [1] }]) {
    const sessions = new Map([
      [1, twoPartySign(signParameters(shares[0]))],
      [2, twoPartySign(signParameters(shares[1], change))],
    ]);
    const { outcomes, sent } = simulate(sessions);
    expect(outcomes.get(2)).toMatchObject({ ...blameless('parameters-mismatch'), keyUnsafe: null });
    expect(outcomes.get(1)).toBeUndefined(); // its caller hears that P2 ended
    expect(sent.map(({ round }) => round)).toEqual([1]);
  }
  expect(keygenParameters('P1').sessionId).not.toEqual(signParameters(shares[0]).sessionId);
});

test('S3: keyshares of one epoch that do not belong together end without a lock', () => {
  const [first, second] = frozenShares();
  const { fields } = second;
  const { N, encryptedShare } = fields;
  for (const change of [
    { encryptedShare: (encryptedShare * (1n + N)) % (N * N) },
    { pedersen: { ...fields.pedersen, s: fields.pedersen.t } },
    { chainCode: new Uint8Array(32) },
    { epoch: 1 },
  ]) {
    const other = TwoPartyKeyshare.validate({ ...fields, ...change });
    const { outcomes } = simulate(signSessions([first, other]));
    expect(outcomes.get(2)).toMatchObject({
      ...blameless('parameters-mismatch'),
      differing: [1],
      keyUnsafe: null,
      round: 1,
    });
    expect(outcomes.get(1)).toBeUndefined();
  }
});
