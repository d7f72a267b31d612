/** Signing: every field of every message of a deviating signer, altered. */
import { describe, expect, test } from 'vitest';
import { signRound1, signRound2, signRound3 } from '../../src/dkls23/messages.ts';
import type { Span } from '../../src/codec.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import type { Message, Outcome, Signature } from '../../src/index.ts';
import { bans, blameless, blames, expectSoundSigning } from '../support/judge.ts';
import { type Deviation, deviatingSign } from '../support/misbehave.ts';
import { isWellFormed, mutationsOf, same, splice } from '../support/mutations.ts';
import {
  DIGEST,
  keysharesOf,
  parametersOf,
  sessionIdOf,
  signSessions,
} from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { simulate } from '../support/simulate.ts';

const EVIL = 2;
const SIGNERS = [1, 2, 3];
const keyshares = keysharesOf(2, 3);
const publicKey = parametersOf(1).keyshare.publicKey;

type Part = 'all' | 'each';

const here = simulate(signSessions(keyshares, SIGNERS, { seed: 'sweep' })).sent;
const elsewhere = simulate(signSessions(keyshares, SIGNERS, { seed: 'another' })).sent;

/** That party's first message in that part of a round, without its prefix. */
const saidBy = (from: number, sent: readonly Message[], round: number, part: Part): Uint8Array => {
  const message = sent.find(
    (m) => m.round === round && m.from === from && (m.to === null) === (part === 'all'),
  );
  if (message === undefined) throw new Error('no message');
  const carries = round === 2 || (round === 1 && part === 'all');
  return carries ? message.body.subarray(ECHO_LENGTH) : message.body;
};

/** How the honest parties 1 and 3 end when party 2 deviates. */
function honestOutcomes(deviation: Deviation): (Outcome<Signature> | undefined)[] {
  const sessions = signSessions(keyshares, SIGNERS, { seed: 'sweep' });
  sessions.set(EVIL, deviatingSign(parametersOf(EVIL), deviation));
  const { outcomes } = simulate(sessions);
  expectSoundSigning(outcomes, EVIL, { digest: DIGEST, publicKey });
  return [outcomes.get(1), outcomes.get(3)];
}

const span = (path: string, start: number, length: number, kind = 'bytes'): Span => ({
  path,
  kind,
  start,
  end: start + length,
});

/** Parts of the opaque OT messages: first, middle and last of each matrix. */
const EXTENSION = [
  ...[0, 1280, 2480].map((at) => span(`body.u@${at}`, at, 80)),
  span('body.x', 2560, 16),
  ...[2576, 3600, 4608].map((at) => span(`body.t@${at}`, at, 16)),
];
const RVOLE = [
  ...[0, 767, 1535].map((at) => span(`body.rvole.a[${at}]`, at * 32, 32, 'scalar')),
  span('body.rvole.eta', 49_152, 32, 'scalar'),
  span('body.rvole.mu', 49_184, 32),
];

const codecs = { 1: signRound1, 2: signRound2, 3: signRound3 } as const;
const codecOf = (round: 1 | 2 | 3, part: Part) => {
  const codec = codecs[round][part];
  if (codec === null) throw new Error('no such part');
  return codec as typeof codec & { spans(bytes: Uint8Array): Span[] };
};
const spansOf = (round: 1 | 2 | 3, part: Part): Span[] =>
  codecOf(round, part).spans(saidBy(EVIL, here, round, part));

const fields: { round: 1 | 2 | 3; part: Part; spans: Span[] }[] = [
  { round: 1, part: 'all', spans: spansOf(1, 'all') },
  { round: 1, part: 'each', spans: EXTENSION },
  { round: 2, part: 'each', spans: RVOLE },
  { round: 2, part: 'each', spans: spansOf(2, 'each').filter((s) => s.path !== 'body.rvole') },
  { round: 3, part: 'all', spans: spansOf(3, 'all') },
];

/** How both honest signers end where the altered bytes are well-formed. */
const EXPECTED: readonly [RegExp, object][] = [
  [/^1\.all/, blames('commitment-mismatch', EVIL)], // [G1]
  [/^1\.each/, bans(EVIL)], // [O6]
  [/^2\.each\.rvole/, bans(EVIL)], // [M1]
  [/^2\.each\.(gammaU|gammaV|publicShare)/, bans(EVIL)], // [G3] [G4]
  [/^2\.each\.psi/, blameless('invalid-signature')], // [G9]
  [/^2\.each\.(nonce|salt)/, blames('commitment-mismatch', EVIL)], // [G1]
  [/^3\.all\.nonceDigest/, blameless('equivocation')],
  [/^3\.all/, blameless('invalid-signature')], // [G9]
];

const cases = fields.flatMap(({ round, part, spans }) =>
  spans.map((at) => ({ round, part, at, name: `${round}.${part}${at.path.slice(4)}` })),
);

describe.each(cases)(
  'C.1, C1–C6, G1, G3, G4, G9, M1–M3: signing, $name of a deviating signer',
  (field) => {
    const { round, part, at, name } = field;
    const take = (bytes: Uint8Array): Uint8Array => bytes.slice(at.start, at.end);
    const others = {
      peer: take(saidBy(1, here, round, part)),
      session: take(saidBy(EVIL, elsewhere, round, part)),
    };
    const said = take(saidBy(EVIL, here, round, part));
    const effective = mutationsOf(at).filter(([, alter]) => !same(alter(said, others), said));

    test.each(effective)('%s', (_, alter) => {
      const altered: Uint8Array[] = [];
      const outcomes = honestOutcomes({
        round,
        part,
        alter: (bytes) => {
          const made = alter(take(bytes), others);
          altered.push(made);
          return splice(bytes, at, made);
        },
      });
      expect(altered).toHaveLength(part === 'all' ? 1 : 2);
      outcomes.forEach((outcome, to) => {
        const made = altered[part === 'all' ? 0 : to] ?? new Uint8Array();
        const wellFormed = isWellFormed(at, made);
        const usual = EXPECTED.find(([pattern]) => pattern.test(name))?.[1] ?? {};
        expect(outcome).toMatchObject(wellFormed ? usual : blames('malformed-message', EVIL));
      });
    });
  },
);

describe.each([
  [1, 'all', blames('commitment-mismatch', EVIL)],
  [1, 'each', bans(EVIL)],
  [2, 'each', bans(EVIL)],
  [3, 'all', blameless('equivocation')],
] as const)('C.1: signing, whole %s.%s message of a deviating signer', (round, part, foreign) => {
  test('of another session id is judged as what it is', () => {
    const sessionId = sessionIdOf('sign/foreign');
    const sessions = signSessions(keyshares, SIGNERS, { seed: 'sweep' });
    for (const [index] of sessions) {
      const rng = seededRng(`sign/sweep/${index}`); // the same draws, so that only the id differs
      sessions.set(index, deviatingSign({ ...parametersOf(index), sessionId, rng }));
    }
    const { sent } = simulate(sessions);
    const bytes = saidBy(EVIL, sent, round, part);
    for (const outcome of honestOutcomes({ round, part, alter: () => bytes })) {
      expect(outcome).toMatchObject(foreign);
    }
  });

  test.each([
    ['empty', () => new Uint8Array()],
    ['one byte short', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['one byte long', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['a megabyte of zeros', () => new Uint8Array(1 << 20)],
    ['of another part', () => saidBy(EVIL, here, round === 1 ? 3 : 1, 'all')],
  ])('O7, M2, C1, C5: %s is malformed and blamed', (_, alter) => {
    for (const outcome of honestOutcomes({ round, part, alter })) {
      expect(outcome).toMatchObject(blames('malformed-message', EVIL));
    }
  });
});
