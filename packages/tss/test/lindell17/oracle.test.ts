import { afterEach, describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import type { Outcome, Signature } from '../../src/index.ts';
import {
  lockAfter,
  lockAfterRefresh,
  NO_LOCK,
  twoPartyRefresh,
  twoPartySign,
} from '../../src/lindell17/index.ts';
import { invert } from '../../src/arith/integers.ts';
import { scalarFromNumber } from '../../src/arith/scalar.ts';
import type { SignPartial } from '../../src/lindell17/messages.ts';
import { decrypt } from '../../src/paillier.ts';
import { verifyAffG } from '../../src/zk/affG.ts';
import { outputs, simulate } from '../support/simulate.ts';
import {
  frozenShares,
  refreshParameters,
  signParameters,
  signSessions,
} from '../support/twoParty.ts';
import { evilP2, halvedPartial, Q, shiftedPartial, type View } from './evil.ts';
import { verifies } from './verify.ts';

vi.mock('../../src/paillier.ts', async (original) => {
  const real = await original<typeof import('../../src/paillier.ts')>();
  return { ...real, decrypt: vi.fn(real.decrypt) };
});
vi.mock('../../src/zk/affG.ts', async (original) => {
  const real = await original<typeof import('../../src/zk/affG.ts')>();
  return { ...real, verifyAffG: vi.fn(real.verifyAffG) };
});

afterEach(() => {
  vi.mocked(decrypt).mockClear();
  vi.mocked(verifyAffG).mockReset();
  vi.restoreAllMocks();
});

const [first, second] = frozenShares();

/** How P1 ends against a P2 that makes its last message so, and what it answered to that message. */
function attacked(forge: (view: View) => SignPartial, seed = 'attack') {
  const p1 = twoPartySign(signParameters(first, { seed }));
  const p2 = evilP2(signParameters(second, { seed }), scalarFromNumber(2), forge);
  const { sent } = simulate(
    new Map([
      [1, p1],
      [2, p2],
    ]),
  );
  const answers = sent.filter(({ from, round }) => from === 1 && round > 4);
  return { outcome: p1.outcome, answers };
}

const withoutEvidence = (outcome: Outcome<Signature> | undefined) =>
  outcome?.status === 'aborted' ? { ...outcome, evidence: [] } : outcome;

describe('X-4: a fault of our own while P1 judges the last message', () => {
  test.each([
    ['in the proof', verifyAffG],
    ['in the decryption', decrypt],
  ] as const)('%s locks the key as a failed proof does, and keeps its cause', (_, part) => {
    const fault = new TypeError('a fault');
    vi.mocked(part).mockImplementationOnce(() => {
      throw fault;
    });
    const [p1, p2] = signSessions([first, second]).values();
    const { sent } = simulate(
      new Map([
        [1, p1!],
        [2, p2!],
      ]),
    );
    expect(p1!.outcome).toMatchObject({
      status: 'aborted',
      reason: 'internal-error',
      culprits: [],
      bans: [],
      keyUnsafe: 'refreshable',
      round: 4,
      cause: fault,
    });
    expect(sent.filter(({ from, round }) => from === 1 && round > 4)).toEqual([]);
  });

  test('before that message nothing is locked: no secret of the key was at work', () => {
    const [p1, p2] = signSessions([first, second]).values();
    p2!.start();
    const opening = p1!.start();
    const nonce = opening.flatMap((message) => p2!.receive(message).send);
    vi.spyOn(backend, 'shake256').mockImplementation(() => {
      throw new TypeError('a fault');
    });
    for (const message of nonce) p1!.receive(message);
    expect(p1!.outcome).toMatchObject({ reason: 'internal-error', keyUnsafe: null });
  });
});

describe('L-1a: the published attack on the last message', () => {
  test('is caught by the proof for both guesses, the same to the byte, with nothing decrypted', () => {
    const results = [0n, Q].map((z) => attacked((view) => halvedPartial(view, z)));
    for (const { outcome, answers } of results) {
      expect(outcome).toMatchObject({
        status: 'aborted',
        reason: 'invalid-proof',
        culprits: [2],
        bans: [2],
        keyUnsafe: 'refreshable',
        round: 4,
      });
      expect(answers).toEqual([]);
    }
    expect(withoutEvidence(results[0]?.outcome)).toEqual(withoutEvidence(results[1]?.outcome));
    expect(decrypt).not.toHaveBeenCalled();
  });

  test('the spy on decryption sees an honest signature', () => {
    const [signature] = outputs(simulate(signSessions([first, second]))).values();
    expect(signature && verifies(signature, first.publicKey)).toBe(true);
    expect(decrypt).toHaveBeenCalledTimes(1);
  });

  test('without the proof exactly one guess gives a signature, and the other locks for good', () => {
    vi.mocked(verifyAffG).mockReturnValue(true);
    const outcomes = [0n, Q].map((z) => attacked((view) => halvedPartial(view, z)).outcome);
    const signed = outcomes.filter((outcome) => outcome?.status === 'completed');
    const [failed] = outcomes.filter((outcome) => outcome?.status === 'aborted');
    expect(signed).toHaveLength(1);
    expect(failed).toMatchObject({
      reason: 'invalid-signature',
      culprits: [2],
      bans: [2],
      keyUnsafe: 'terminal',
    });
    expect(failed).not.toHaveProperty('output');
    expect(JSON.stringify(Object.keys(failed ?? {}))).not.toMatch(/"r"|"s"|signature/);
  });
});

describe('L-1b: one failed attempt, then none', () => {
  const lockedBy = (forge: (view: View) => SignPartial) => {
    const { outcome } = attacked(forge);
    return lockAfter(NO_LOCK, outcome?.status === 'aborted' ? outcome.keyUnsafe : null);
  };

  test('a wrong signature behind a passing proof retires the key', () => {
    vi.mocked(verifyAffG).mockReturnValue(true);
    const locks = [0n, Q].map((z) => lockedBy((view) => halvedPartial(view, z)));
    const lock = locks.find(({ state }) => state !== 'none') ?? NO_LOCK;
    expect(lock.state).toBe('terminal');
    const refused = expect.objectContaining({ code: 'input/locked' });
    expect(() => twoPartySign(signParameters(first, { lock }))).toThrow(refused);
    expect(() => twoPartyRefresh(refreshParameters(first, 1, lock))).toThrow(refused);
  });

  test('a failed proof refuses signatures, and allows a refresh', () => {
    const lock = lockedBy((view) => halvedPartial(view, 0n));
    expect(lock).toEqual({ state: 'refreshable', reopened: 0 });
    const refused = expect.objectContaining({ code: 'input/locked' });
    expect(() => twoPartySign(signParameters(first, { lock }))).toThrow(refused);
    expect(() => twoPartyRefresh(refreshParameters(first, 1, lock))).not.toThrow();
  });
});

describe('L-2, L-6: plaintexts below zero', () => {
  /** Powers with a negative exponent, which an honest prover never needs. */
  const allowNegativeExponents = (): void => {
    const real = { ...backend };
    vi.spyOn(backend, 'modPow').mockImplementation((base, exponent, bits, modulus) => {
      if (exponent >= 0n) return real.modPow(base, exponent, bits, modulus);
      const inverse = invert(base % modulus, modulus);
      if (inverse === null) throw new Error('not a unit');
      return real.modPow(inverse, -exponent, 2048, modulus);
    });
  };

  test.each([-(1n << 260n), -(1n << 900n), -(1n << 1278n), 1n << 1023n])(
    'a legal proof of b₀ + (%d)·q ends in a valid signature, so that nothing is learnt of x₁',
    (multiple) => {
      allowNegativeExponents();
      const { outcome } = attacked(
        (view) => shiftedPartial(view, multiple),
        `negative/${multiple}`,
      );
      expect(outcome?.status).toBe('completed');
      if (outcome?.status !== 'completed') return;
      expect(verifies(outcome.output, first.publicKey)).toBe(true);
      expect((vi.mocked(decrypt).mock.results[0]?.value as bigint) < 0n).toBe(multiple < 0n);
    },
  );
});

test('L-14: three refreshes may open a key in its life, and a lock for good stays', () => {
  let lock = NO_LOCK;
  for (let opened = 0; opened < 3; opened++) {
    lock = lockAfter(lock, 'refreshable');
    expect(() => twoPartyRefresh(refreshParameters(first, 1, lock))).not.toThrow();
    lock = lockAfterRefresh(lock);
    expect(lock).toEqual({ state: 'none', reopened: opened + 1 });
  }
  expect(lockAfterRefresh(lock)).toEqual({ state: 'none', reopened: 3 });
  expect(lockAfter(lock, null)).toBe(lock);
  lock = lockAfter(lock, 'refreshable');
  const refused = expect.objectContaining({ code: 'input/locked' });
  expect(() => twoPartyRefresh(refreshParameters(first, 1, lock))).toThrow(refused);
  expect(() => lockAfterRefresh(lock)).toThrow(refused);
  const terminal = lockAfter(NO_LOCK, 'terminal');
  expect(lockAfter(terminal, 'refreshable')).toBe(terminal);
  expect(lockAfter(lock, 'terminal').state).toBe('terminal');
  expect(() => lockAfterRefresh(terminal)).toThrow(refused);
});
