/** Key generation: every field of every message of a deviating party, altered. */
import { describe, expect, test } from 'vitest';
import { DecodeError, type Message, type Outcome } from '../../src/index.ts';
import type { Keyshare } from '../../src/dkls23/index.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import {
  keygenRound1,
  keygenRound2,
  keygenRound3,
  keygenRound4,
  keygenRound5,
} from '../../src/dkls23/messages.ts';
import type { Span } from '../../src/codec.ts';
import { blameless, blames, expectSound } from '../support/judge.ts';
import { rememberPoints } from '../support/memo.ts';
import { type Deviation, deviatingKeygen } from '../support/misbehave.ts';
import { type Mutation, sortMutations, splice } from '../support/mutations.ts';
import { keygenSessions, sessionIdOf } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate } from '../support/simulate.ts';

const T = 2;
const N = 2;
const EVIL = 2;

type Part = 'all' | 'each';

rememberPoints();
const straight = simulate(keygenSessions(T, N, 'sweep'));
const elsewhere = simulate(keygenSessions(T, N, 'another'));
const honest = outputs(straight).get(1);

/** The choices of the party of the straight run in its base OTs: the complement of its Δ. */
const choiceOf = (ot: number): number => {
  const star = (honest?.pairWith(EVIL).evaluator.delta[ot >> 3] ?? 0) >> (ot & 4);
  return 1 - ((star >> (3 - (ot & 3))) & 1);
};

/** How the honest party of a pair ends when the other one deviates. */
function honestOutcome(deviation: Deviation): Outcome<Keyshare> | undefined {
  const sessions = keygenSessions(T, N, 'sweep');
  const rng = seededRng('keygen/sweep/2');
  const sessionId = sessionIdOf('keygen/sweep');
  const parameters = { sessionId, threshold: T, parties: N, index: EVIL, rng };
  sessions.set(EVIL, deviatingKeygen(parameters, deviation));
  const { outcomes } = simulate(sessions);
  expectSound(outcomes, EVIL);
  return outcomes.get(1);
}

const codecs = [keygenRound1, keygenRound2(T, N), keygenRound3, keygenRound4, keygenRound5];
/** Every round starts with the parameters or an echo, but not its direct part beside a broadcast, and not round 4. */
const startsWithHash = (round: number, part: Part): boolean =>
  (round <= 2 && part === 'all') || round === 3 || round === 5;

/** That party's message in that part of a round, without its prefix; null if it has no such part. */
const saidBy = (
  from: number,
  sent: readonly Message[],
  round: number,
  part: Part,
): Uint8Array | null => {
  const message = sent.find(
    (m) => m.round === round && m.from === from && (m.to === null) === (part === 'all'),
  );
  return message === undefined
    ? null
    : message.body.subarray(startsWithHash(round, part) ? ECHO_LENGTH : 0);
};

interface WithSpans {
  spans(bytes: Uint8Array): Span[];
  decode(bytes: Uint8Array, path: string): unknown;
}
const codecOf = (round: number, part: Part): WithSpans =>
  codecs[round - 1]?.[part] as unknown as WithSpans;

/** The parts of each tree in the opaque PPRF message: sums of levels 2–4 for both sides, s̃, t̃. */
const pprfSpans = ({ start }: Span): Span[] =>
  [0, 31].flatMap((tree) =>
    [
      ...(tree === 0 ? [2, 4] : [3]).flatMap((level) =>
        [0, 1].map(
          (side) =>
            [`sum[${4 * tree + level - 1}][${side}]`, 32 * (level - 2) + 16 * side, 16] as const,
        ),
      ),
      [`proof@${tree}`, 96, 32] as const,
      [`total@${tree}`, 128, 32] as const,
    ].map(([path, at, length]) => ({
      path: `body.pprf.${path}`,
      kind: 'bytes',
      start: start + 160 * tree + at,
      end: start + 160 * tree + at + length,
    })),
  );

/** Of long arrays the first, a middle and the last item are altered. */
const fieldsOf = (round: number, part: Part): Span[] => {
  const said = saidBy(EVIL, straight.sent, round, part);
  if (said === null) return [];
  return codecOf(round, part)
    .spans(said)
    .flatMap((span) => (span.path === 'body.pprf' ? pprfSpans(span) : [span]))
    .filter(({ path }) => {
      const at = /baseOt\[(\d+)\]/.exec(path)?.[1];
      return at === undefined || ['0', '101', '255'].includes(at);
    });
};

const COMPLETED = { status: 'completed' };
const WAITS = undefined;

/** A point or sum that the honest party uses only if its choice is that one. */
const ifChosen = (ot: number, side: number): object =>
  choiceOf(ot) === side ? blames('invalid-proof', EVIL) : COMPLETED;

/**
 * How the honest party ends where the altered bytes are well-formed. Base OT: the deviator finds its
 * own set-up broken and falls silent (round 2); the side that was not chosen is never used (round 3).
 */
function expected(name: string): object | undefined {
  const baseOt = /^3\.each\.baseOt\[(\d+)\]/.exec(name);
  if (baseOt !== null) return ifChosen(Number(baseOt[1]) >> 1, Number(baseOt[1]) & 1);
  const sum = /pprf\.sum\[(\d+)\]\[(\d)\]/.exec(name);
  if (sum !== null) return ifChosen(Number(sum[1]), Number(sum[2]));
  const table: readonly [RegExp, object | undefined][] = [
    [/^1\.all/, blames('commitment-mismatch', EVIL)], // [D3]
    [/^2\.all\.(salt|dealing)/, blames('commitment-mismatch', EVIL)], // [D3]
    [/^2\.all\.responses/, blames('invalid-proof', EVIL)], // [D4]
    [/^2\.each\.chain/, blames('commitment-mismatch', EVIL)], // [D9]
    [/^2\.each\.baseOt/, WAITS],
    [/^3\.each\.share/, blames('invalid-share', EVIL)], // [D5]
    [/^3\.each\.zero/, blames('commitment-mismatch', EVIL)],
    [/^3\.each\.pprf\.(proof|total)/, blames('invalid-proof', EVIL)], // [O5]
    [/^4\.all\.transcript/, blameless('equivocation')],
    [/^4\.all/, blames('invalid-proof', EVIL)], // [D7]
    [/^5\.all/, blameless('equivocation')], // [D11]
  ];
  const found = table.find(([pattern]) => pattern.test(name));
  if (found === undefined) throw new Error(`nothing is said about ${name}`);
  return found[1];
}

const cases = [1, 2, 3, 4, 5].flatMap((round) =>
  (['all', 'each'] as const).flatMap((part) =>
    fieldsOf(round, part).map((at) => ({
      round,
      part,
      at,
      name: `${round}.${part}${at.path.slice(4)}`,
    })),
  ),
);

const judge = (outcome: Outcome<Keyshare> | undefined, want: object | undefined): void => {
  if (want === undefined) return expect(outcome).toBeUndefined();
  expect(outcome).toMatchObject(want);
  if (outcome?.status !== 'completed') return;
  expect(outcome.output.encode()).toEqual(honest?.encode()); // what was altered had no effect
};

describe.each(cases)(
  'C.1, C1–C6, D1–D5, D7, D9, D11, O1, O5: key generation, $name of a deviating party',
  ({ round, part, at, name }) => {
    const messageOf = (from: number, sent: readonly Message[]): Uint8Array =>
      saidBy(from, sent, round, part) ?? new Uint8Array();
    const fieldOf = (from: number, sent: readonly Message[]): Uint8Array =>
      messageOf(from, sent).slice(at.start, at.end);
    const others = { peer: fieldOf(1, straight.sent), session: fieldOf(EVIL, elsewhere.sent) };
    const { wellFormed, malformed } = sortMutations(at, fieldOf(EVIL, straight.sent), others);

    const outcomeOf = ([, alter]: Mutation) =>
      honestOutcome({
        round,
        part,
        alter: (bytes) => splice(bytes, at, alter(bytes.slice(at.start, at.end), others)),
      });

    // Where few mutations are messages, all that are; of the sums of the PPRF, three.
    const chosen = name.includes('.pprf.sum') ? wellFormed.slice(0, 3) : wellFormed;
    if (chosen.length > 0) {
      test.each(chosen.map((mutation) => [mutation[0], mutation] as const))('%s', (_, mutation) => {
        judge(outcomeOf(mutation), expected(name));
      });
    }

    test('C1–C5: what it may not contain is malformed and blamed', () => {
      const message = messageOf(EVIL, straight.sent);
      for (const [what, alter] of malformed) {
        const field = alter(fieldOf(EVIL, straight.sent), others);
        const altered = splice(message, at, field);
        expect(() => codecOf(round, part).decode(altered, 'altered'), what).toThrow(DecodeError);
      }
      const [first] = malformed; // one of them in a whole run
      if (first === undefined) throw new Error('every field has bytes that are none');
      judge(outcomeOf(first), blames('malformed-message', EVIL));
    });
  },
);

const whole = [
  [1, 'all', blames('commitment-mismatch', EVIL)],
  [2, 'all', blames('commitment-mismatch', EVIL)],
  [2, 'each', blames('commitment-mismatch', EVIL)],
  [3, 'each', blames('invalid-share', EVIL)],
  [4, 'all', blameless('equivocation')],
  [5, 'all', blameless('equivocation')],
] as const;

describe.each(whole)(
  'C.1: key generation, whole %s.%s message of a deviating party',
  (round, part, foreign) => {
    test('of another session is judged as what it is', () => {
      const bytes = saidBy(EVIL, elsewhere.sent, round, part) ?? new Uint8Array();
      judge(honestOutcome({ round, part, alter: () => bytes }), foreign);
    });

    test.each([
      ['empty', () => new Uint8Array()],
      ['one byte short', (bytes: Uint8Array) => bytes.slice(0, -1)],
      ['one byte long', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
      ['a megabyte of zeros', () => new Uint8Array(1 << 20)],
    ])('C1, C5, D1: %s is malformed and blamed', (_, alter) => {
      judge(honestOutcome({ round, part, alter }), blames('malformed-message', EVIL));
    });
  },
);

describe('D-1, D-2, D1: a polynomial of another length', () => {
  test.each([T - 1, T + 1, 0, 2 ** 20])('%i coefficients are refused by their count', (count) => {
    const span = fieldsOf(2, 'all').find(({ path }) => path === 'body.dealing.coefficients.length');
    if (span === undefined) throw new Error('no such field');
    const length = new Uint8Array(new Uint32Array([count]).buffer).reverse();
    const alter = (bytes: Uint8Array): Uint8Array => splice(bytes, span, length);
    const outcome = honestOutcome({ round: 2, part: 'all', alter });
    expect(outcome).toMatchObject(blames('malformed-message', EVIL));
    expect(outcome?.status === 'aborted' && outcome.message).toContain(`${T} items, got ${count}`);
  });
});

test('O2: equal points in either message of the base OT are blamed', () => {
  for (const round of [2, 3]) {
    const [zero, one] = fieldsOf(round, 'each').filter(({ path }) => path.includes('baseOt[0]'));
    const at = zero ?? one;
    if (at === undefined) throw new Error('no such field');
    const next = { start: at.end, end: at.end + 33 };
    const alter = (bytes: Uint8Array): Uint8Array =>
      splice(bytes, next, bytes.slice(at.start, at.end));
    const outcome = honestOutcome({ round, part: 'each', alter });
    expect(outcome).toMatchObject(blames('invalid-proof', EVIL));
  }
});
