import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { randomScalar, type Scalar } from '../../src/arith/scalar.ts';
import type { Message, Outcome, Session } from '../../src/index.ts';
import { rememberPowers } from '../support/memo.ts';
import { simulate } from '../support/simulate.ts';
import {
  frozenShares,
  keygenSessions,
  primesFor,
  refreshSessions,
  signSessions,
} from '../support/twoParty.ts';

/** Every secret scalar that a party draws, seen where it lies. */
const drawn = vi.hoisted(() => [] as Uint8Array[]);

vi.mock(import('../../src/arith/scalar.ts'), async (original) => {
  const real = await original();
  const watched: typeof randomScalar = (rng) => {
    const scalar: Scalar = real.randomScalar(rng);
    drawn.push(scalar);
    return scalar;
  };
  return { ...real, randomScalar: watched };
});

rememberPowers();
const release = vi.spyOn(backend, 'release');
beforeEach(() => {
  drawn.length = 0;
  release.mockClear();
});
afterEach(() => {
  expect(drawn.length).toBeGreaterThan(0);
  for (const scalar of drawn) expect([...scalar].every((byte) => byte === 0)).toBe(true);
});

const NAMES = [
  'bans',
  'culprits',
  'differing',
  'evidence',
  'keyUnsafe',
  'message',
  'reason',
  'round',
  'status',
];

/** Runs to the end with the last byte of every message of a round altered, and calls off what still waits. */
function failed<T>(sessions: Map<number, Session<T>>, round: number): Outcome<T>[] {
  const altered = ({ body, ...message }: Message): Message => {
    const bytes = body.slice();
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return { ...message, body: bytes };
  };
  simulate(sessions, {
    tamper: (message) => [message.round === round ? altered(message) : message],
  });
  for (const session of sessions.values()) session.close();
  return [...sessions.values()].flatMap(({ outcome }) =>
    outcome?.status === 'aborted' ? [outcome] : [],
  );
}

describe('L-10: of a failure nothing is left but who and why', () => {
  function expectBare(outcomes: readonly Outcome<unknown>[]): void {
    expect(outcomes.length).toBeGreaterThan(0);
    for (const outcome of outcomes) {
      expect(Object.keys(outcome).filter((name) => !NAMES.includes(name))).toEqual([]);
    }
  }

  /** J-10: the backend keeps nothing of P1's new factors. */
  function expectReleased(turn: number): void {
    const [p, q] = primesFor('P1', 2048, turn).paillier ?? [0n, 0n];
    expect(release).toHaveBeenCalledWith(p, q, p * p, q * q);
  }

  test.each([3, 4])('key generation, round %i', (round) => {
    expectBare(failed(keygenSessions(), round));
    expectReleased(0);
  });

  test.each([1, 2, 3, 4, 5])('signing, round %i', (round) => {
    expectBare(failed(signSessions(frozenShares()), round));
  });

  test.each([2, 4])('refresh, round %i', (round) => {
    expectBare(failed(refreshSessions(frozenShares()), round));
    if (round > 2) expectReleased(1);
  });
});
