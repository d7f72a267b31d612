import { describe, expect, test, vi } from 'vitest';
import type { Message, Outcome } from '../../src/index.ts';
import { twoPartyRefresh, twoPartySign, TwoPartyKeyshare } from '../../src/lindell17/index.ts';
import { InputError } from '../../src/index.ts';
import { proveLogStar } from '../../src/zk/logStar.ts';
import { naturalFromBytes, naturalToBytes } from '../../src/arith/integers.ts';
import type { Span } from '../../src/codec.ts';
import { refreshAck, refreshP1Data, refreshP2Ack } from '../../src/lindell17/messages.ts';
import { rememberPowers } from '../support/memo.ts';
import { blameless } from '../support/judge.ts';
import { mutationsOf, same, splice } from '../support/mutations.ts';
import { outputs, simulate } from '../support/simulate.ts';
import {
  both,
  frozenShares,
  primesFor,
  refreshed,
  refreshParameters,
  refreshSessions,
  signParameters,
  signSessions,
} from '../support/twoParty.ts';
import { Q } from './evil.ts';
import { verifies } from './verify.ts';

vi.mock('../../src/zk/logStar.ts', async (original) => {
  const real = await original<typeof import('../../src/zk/logStar.ts')>();
  return { ...real, proveLogStar: vi.fn(real.proveLogStar) };
});

rememberPowers();
const old = frozenShares();
const { sent, outcomes } = simulate(refreshSessions(old));

/** How a party ends that hears the other one's messages of a refresh, one of them altered. */
const replay = (
  party: 1 | 2,
  messages: readonly Message[],
  round = 0,
  alter = (body: Uint8Array): Uint8Array => body,
): Outcome<TwoPartyKeyshare> | undefined => {
  const own = twoPartyRefresh(refreshParameters(party === 1 ? old[0] : old[1]));
  own.start();
  for (const message of messages.filter(({ from }) => from !== party)) {
    own.receive(message.round === round ? { ...message, body: alter(message.body) } : message);
  }
  return own.outcome;
};

const bodyOf = (round: number, from: number): Uint8Array => {
  const message = sent.find((one) => one.round === round && one.from === from);
  if (message === undefined) throw new Error('no message');
  return message.body;
};

const spansOf = (turn: unknown, bytes: Uint8Array): Span[] =>
  (turn as { body: { spans(bytes: Uint8Array): Span[] } }).body.spans(bytes);

describe('a refresh', () => {
  const [first, second] = both(outputs({ outcomes, sent, bytes: 0 }));

  test('keeps key, key id and chain code, and changes everything else', () => {
    for (const [fresh, stale] of [
      [first, old[0]],
      [second, old[1]],
    ] as const) {
      for (const name of ['publicKey', 'keyId', 'chainCode', 'bits', 'index'] as const) {
        expect(fresh.fields[name]).toEqual(stale.fields[name]);
      }
      for (const name of [
        'secretShare',
        'publicShares',
        'N',
        'encryptedShare',
        'pedersen',
      ] as const) {
        expect(fresh.fields[name]).not.toEqual(stale.fields[name]);
      }
      expect(fresh.epoch).toBe(stale.epoch + 1);
      expect(TwoPartyKeyshare.decode(fresh.encode()).encode()).toEqual(fresh.encode());
    }
  });

  test('leaves the old keyshares in force until the caller drops them', () => {
    const [signature] = both(outputs(simulate(signSessions(old))));
    expect(verifies(signature, old[0].publicKey)).toBe(true);
  });

  test('ends signatures across epochs without a lock', () => {
    const sessions = new Map([
      [1, twoPartySign(signParameters(first))],
      [2, twoPartySign(signParameters(old[1]))],
    ]);
    const outcome = simulate(sessions).outcomes.get(2);
    expect(outcome).toMatchObject({ ...blameless('parameters-mismatch'), keyUnsafe: null });
  });

  test('is refused without new primes, or for a wiped keyshare', () => {
    const parameters = refreshParameters(old[0]);
    const again = { ...parameters, primes: primesFor('P1', 2048) };
    expect(() => twoPartyRefresh(again)).toThrow(expect.objectContaining({ code: 'input/primes' }));
    const [wiped] = frozenShares();
    const dead = { ...parameters, keyshare: wiped };
    wiped.wipe();
    expect(() => twoPartyRefresh(dead)).toThrow(InputError);
  });
});

test('L-12, C.3: three refreshes one after the other, then a signature', () => {
  const shares = refreshed(3);
  expect(shares.map(({ epoch }) => epoch)).toEqual([3, 3]);
  const [signature] = both(outputs(simulate(signSessions(shares))));
  expect(verifies(signature, old[0].publicKey)).toBe(true);
});

describe.each([1, 2] as const)('L-12: the coin toss, as party %i sees it', (party) => {
  const peer = party === 1 ? 2 : 1;
  const body = bodyOf(2, peer);
  test.each(spansOf(refreshAck, body))('a wrong $path of the peer ends the session', (span) => {
    const session = body.slice(span.start, span.end).toReversed();
    for (const [, alter] of mutationsOf(span)) {
      const field = alter(body.slice(span.start, span.end), { peer: session, session });
      const altered = splice(body, span, field);
      if (same(altered, body)) continue;
      const outcome = replay(party, sent, 2, () => altered);
      if (outcome?.status !== 'aborted') throw new Error('not aborted');
      const expected = span.path === 'body.transcript' ? 'equivocation' : 'commitment-mismatch';
      expect(['malformed-message', expected]).toContain(outcome.reason);
      expect(outcome.culprits).toEqual(outcome.reason === 'equivocation' ? [] : [peer]);
      expect(outcome.keyUnsafe).toBeNull();
    }
  });
});

describe('P1’s new key', () => {
  const body = bodyOf(3, 1);
  const spans = spansOf(refreshP1Data(2048), body);
  const span = (path: string): Span => {
    const found = spans.find((one) => one.path === `body.${path}`);
    if (found === undefined) throw new Error(`no field ${path}`);
    return found;
  };
  const numberAt = ({ start, end }: Span): bigint => naturalFromBytes(body.slice(start, end));
  const at = span('encryptedShare');
  const N = numberAt(span('N'));
  const shiftedBy = (n: bigint): bigint => (numberAt(at) * (1n + ((N * n) % (N * N)))) % (N * N);
  const written = (bytes: Uint8Array, value: bigint): Uint8Array =>
    splice(bytes, at, naturalToBytes(value, 512));

  test.each([
    ['x₁′ + 2^1024·q', Q << 1024n],
    ['x₁′ + 1', 1n],
    ['x₁′ − 1', N - 1n],
  ])('L-12: that encrypts %s is blamed by Π^log*', (_, n) => {
    const outcome = replay(2, sent, 3, (bytes) => written(bytes, shiftedBy(n)));
    expect(outcome).toMatchObject({ reason: 'invalid-proof', culprits: [1], keyUnsafe: null });
  });

  test('L-12: nor does a proof made for the shifted ciphertext help', async () => {
    const { proveLogStar: real } =
      await vi.importActual<typeof import('../../src/zk/logStar.ts')>('../../src/zk/logStar.ts');
    const shifted = shiftedBy(Q << 1024n);
    vi.mocked(proveLogStar).mockImplementationOnce((bound, set, statement, witness, rng) =>
      real(bound, set, { ...statement, C: shifted }, witness, rng),
    );
    const evil = simulate(refreshSessions(old)).sent;
    const forged = evil.find(({ round }) => round === 3)?.body ?? new Uint8Array();
    expect(same(forged, body)).toBe(false);
    const outcome = replay(2, evil, 3, (bytes) => written(bytes, shifted));
    expect(outcome).toMatchObject({ reason: 'invalid-proof', culprits: [1] });
  });

  test('that is the old one is refused as known', () => {
    const value = naturalToBytes(old[1].modulus, 256);
    const outcome = replay(2, sent, 3, (bytes) => splice(bytes, span('N'), value));
    expect(outcome).toMatchObject({ reason: 'invalid-modulus', culprits: [1] });
  });
});

test('another transcript in the last message keeps P1 from a keyshare', () => {
  const [span] = spansOf(refreshP2Ack, bodyOf(4, 2));
  expect(span?.end).toBe(32);
  const outcome = replay(1, sent, 4, (bytes) => bytes.map((byte) => byte ^ 1));
  expect(outcome).toMatchObject({ reason: 'equivocation', culprits: [], keyUnsafe: null });
  expect(replay(1, sent)?.status).toBe('completed');
});
