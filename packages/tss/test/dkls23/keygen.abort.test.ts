import { describe, expect, test } from 'vitest';
import { keygen, type Keyshare, type Outcome } from '../../src/index.ts';
import {
  keygenRound1,
  keygenRound2,
  keygenRound3,
  keygenRound4,
  keygenRound5,
} from '../../src/dkls23/messages.ts';
import type { Span } from '../../src/codec.ts';
import { type Deviation, deviatingKeygen, MUTATIONS, splice } from '../support/misbehave.ts';
import { keygenSessions, sessionIdOf } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { simulate } from '../support/simulate.ts';

const T = 2;
const N = 2;
const EVIL = 2;

/** How the honest party of a pair ends when the other one deviates. */
function honestOutcome(deviation: Deviation): Outcome<Keyshare> | undefined {
  const sessions = keygenSessions(T, N, 'sweep');
  const rng = seededRng('keygen/sweep/2');
  const parameters = {
    sessionId: sessionIdOf('keygen/sweep'),
    threshold: T,
    parties: N,
    index: EVIL,
    rng,
  };
  sessions.set(EVIL, deviatingKeygen(parameters, deviation));
  return simulate(sessions).outcomes.get(1);
}

const rounds = [
  keygenRound1,
  keygenRound2(T, N),
  keygenRound3,
  keygenRound4,
  keygenRound5,
] as const;

const spansOf = (round: number, part: 'all' | 'each'): Span[] => {
  const [message] = simulate(keygenSessions(T, N, 'sweep')).sent.filter(
    ({ round: number, to, from }) =>
      number === round && from === EVIL && (to === null) === (part === 'all'),
  );
  const codec = rounds[round - 1]?.[part];
  if (message === undefined || codec === null || codec === undefined) return [];
  const { spans } = codec as unknown as { readonly spans: (bytes: Uint8Array) => Span[] };
  const carriesEcho = (round === 2 && part === 'all') || round === 3 || round === 5;
  return spans(message.body.subarray(carriesEcho ? 32 : 0));
};

/** Of long arrays the first, a middle and the last item are altered. */
const sampled = (spans: readonly Span[]): Span[] =>
  spans.filter(({ path }) => {
    const at = /baseOt\[(\d+)\]/.exec(path)?.[1];
    return at === undefined || ['0', '101', '255'].includes(at);
  });

/** What the honest party says, by field; `or` also allows outcomes that depend on its choices. */
const EXPECTED: readonly [RegExp, readonly string[]][] = [
  [/round1\.all/, ['commitment-mismatch']],
  [/round2\.all\.(salt|dealing)/, ['commitment-mismatch']],
  [/round2\.all\.responses/, ['invalid-proof']],
  [/round2\.each\.chain/, ['commitment-mismatch']],
  [/round2\.each\.baseOt/, ['invalid-proof', 'waits']],
  [/round3\.each\.share/, ['invalid-share']],
  [/round3\.each\.zero/, ['commitment-mismatch']],
  [/round3\.each\.(baseOt|pprf)/, ['invalid-proof', 'completed']],
  [/round4\.all\.transcript/, ['equivocation']],
  [/round4\.all/, ['invalid-proof']],
  [/round5\.all/, ['equivocation']],
];

const parts = [1, 2, 3, 4, 5].flatMap((round) =>
  (['all', 'each'] as const).flatMap((part) =>
    sampled(spansOf(round, part)).map((span) => ({
      round,
      part,
      span,
      name: `round${round}.${part}${span.path.slice(4)}`,
    })),
  ),
);

describe.each(parts)(
  'C.1 key generation, $name of a deviating party',
  ({ round, part, span, name }) => {
    test.each(MUTATIONS)('%s', (_, alter) => {
      let changed = true;
      const outcome = honestOutcome({
        round,
        part,
        alter: (bytes) => {
          const altered = splice(bytes, span, alter);
          changed = Buffer.compare(altered, bytes) !== 0;
          return altered;
        },
      });
      if (!changed) return expect(outcome?.status).toBe('completed');
      const allowed = EXPECTED.find(([pattern]) => pattern.test(name))?.[1] ?? [];
      const said =
        outcome === undefined
          ? 'waits'
          : outcome.status === 'completed'
            ? 'completed'
            : outcome.reason;
      expect(['malformed-message', ...allowed]).toContain(said);
      if (outcome?.status !== 'aborted') return;
      expect(outcome.culprits).toEqual(outcome.reason === 'equivocation' ? [] : [EVIL]);
      expect(outcome.bans).toEqual([]);
      if (outcome.culprits.length > 0)
        expect(outcome.evidence.every(({ from }) => from === EVIL)).toBe(true);
    });
  },
);

describe.each([
  [1, 'all'],
  [2, 'all'],
  [2, 'each'],
  [3, 'each'],
  [4, 'all'],
  [5, 'all'],
] as const)('C.1 key generation, whole %s.%s message', (round, part) => {
  test.each([
    ['empty', () => new Uint8Array()],
    ['one byte short', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['one byte long', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['a megabyte of zeros', () => new Uint8Array(1 << 20)],
  ])('%s is malformed and blamed', (_, alter) => {
    const outcome = honestOutcome({ round, part, alter });
    expect(outcome).toMatchObject({
      status: 'aborted',
      reason: 'malformed-message',
      culprits: [EVIL],
      bans: [],
    });
  });
});

describe('D-1, D-2: a polynomial of another length', () => {
  test.each([T - 1, T + 1, 0, 2 ** 20])('%i coefficients are refused by their count', (count) => {
    const span = spansOf(2, 'all').find(({ path }) => path === 'body.dealing.coefficients.length');
    if (span === undefined) throw new Error('no such field');
    const length = new Uint8Array(new Uint32Array([count]).buffer).reverse();
    const outcome = honestOutcome({
      round: 2,
      part: 'all',
      alter: (bytes) => splice(bytes, span, () => length),
    });
    expect(outcome).toMatchObject({
      status: 'aborted',
      reason: 'malformed-message',
      culprits: [EVIL],
    });
    expect(outcome?.status === 'aborted' && outcome.message).toContain(`${T} items, got ${count}`);
  });
});

describe('with three parties', () => {
  const threeWith = (deviation: Deviation) => {
    const sessions = keygenSessions(2, 3, 'three');
    const rng = seededRng('keygen/three/2');
    const parameters = {
      sessionId: sessionIdOf('keygen/three'),
      threshold: 2,
      parties: 3,
      index: 2,
      rng,
    };
    sessions.set(2, deviatingKeygen(parameters, deviation));
    return simulate(sessions).outcomes;
  };

  test('D-7: a wrong share is seen by the one who got it, and names its dealer', () => {
    const outcomes = threeWith({
      round: 3,
      part: 'each',
      towards: [1],
      alter: (bytes) =>
        splice(bytes, { start: 0, end: 32 }, (share) =>
          share.map((byte, at) => (at === 31 ? byte ^ 1 : byte)),
        ),
    });
    expect(outcomes.get(1)).toMatchObject({ reason: 'invalid-share', culprits: [2], bans: [] });
    expect(outcomes.get(3)?.status).not.toBe('completed');
  });

  test('D-6: two versions of a broadcast end the session for both, without blame on the honest', () => {
    const run = simulate(keygenSessions(2, 3, 'split'), {
      tamper: (message, to) =>
        message.round === 1 && message.from === 2 && to === 3
          ? [{ ...message, body: message.body.map((byte) => byte ^ 1) }]
          : [message],
    });
    expect(run.outcomes.get(1)).toMatchObject({ reason: 'equivocation', culprits: [] });
    expect(run.outcomes.get(3)).toMatchObject({ reason: 'equivocation', culprits: [] });
  });

  test('D-8: another chain-code share for one peer is that dealer’s fault', () => {
    const outcomes = threeWith({
      round: 2,
      part: 'each',
      towards: [3],
      alter: (bytes) =>
        splice(bytes, { start: 0, end: 32 }, (share) => share.map((byte) => byte ^ 1)),
    });
    expect(outcomes.get(3)).toMatchObject({ reason: 'commitment-mismatch', culprits: [2] });
  });

  test('F-8: a copied commitment opens for nobody else', () => {
    const copy = keygen({
      sessionId: sessionIdOf('keygen/three'),
      threshold: 2,
      parties: 3,
      index: 1,
      rng: seededRng('keygen/three/1'),
    }).start()[0]?.body;
    if (copy === undefined) throw new Error('no message');
    const outcomes = threeWith({ round: 1, part: 'all', alter: () => copy });
    expect(outcomes.get(1)).toMatchObject({ reason: 'commitment-mismatch', culprits: [2] });
    expect(outcomes.get(3)).toMatchObject({ reason: 'commitment-mismatch', culprits: [2] });
  });

  test('R-7: a second version of a message for a filled slot is equivocation with both as evidence', () => {
    const run = simulate(keygenSessions(2, 3, 'twice'), {
      tamper: (message, to) =>
        message.round === 1 && message.from === 2 && to === 1
          ? [message, { ...message, body: message.body.map((byte) => byte ^ 1) }]
          : [message],
    });
    const outcome = run.outcomes.get(1);
    expect(outcome).toMatchObject({ reason: 'equivocation', culprits: [2] });
    expect(outcome?.status === 'aborted' && outcome.evidence.length).toBe(2);
  });
});
