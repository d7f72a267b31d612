/** Dealings that are wrong in a way that needs a whole deviating dealer. */
import { describe, expect, test } from 'vitest';
import { concat } from '../../src/arith/bytes.ts';
import {
  addScalars,
  mulScalars,
  negateScalar,
  reduceWide,
  type Scalar,
  scalarFromNumber,
} from '../../src/arith/scalar.ts';
import { commit } from '../../src/commitment.ts';
import { mulBase, negatePoint, type Point, sumPoints } from '../../src/curve.ts';
import { confirm } from '../../src/dkls23/combine.ts';
import {
  encodeDealing,
  keygenRound2,
  keygenRound4,
  type KeygenOpening,
} from '../../src/dkls23/messages.ts';
import { keygenSid } from '../../src/dkls23/parameters.ts';
import { keygen, type KeygenParameters, type Keyshare } from '../../src/dkls23/index.ts';
import { Secrets } from '../../src/secrets.ts';
import { blameless, blames, expectSound } from '../support/judge.ts';
import { type Deviation, deviatingKeygen } from '../support/misbehave.ts';
import { keygenSessions, sessionIdOf } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { outputs, simulate } from '../support/simulate.ts';

const EVIL = 2;
const SALT = seededRng('rogue/salt')(32);

const parametersOf = (threshold: number, parties: number): KeygenParameters => ({
  sessionId: sessionIdOf('keygen/rogue'),
  threshold,
  parties,
  index: EVIL,
  rng: seededRng('keygen/rogue/2'),
});

const straight = simulate(keygenSessions(2, 3, 'rogue'));
const keyshares = outputs(straight);
const sid = keygenSid(parametersOf(2, 3));
const opening = keygenRound2(2, 3).all;
if (opening === null) throw new Error('no broadcast');

/** That party's opening in the straight run. */
const openedBy = (from: number): KeygenOpening => {
  const message = straight.sent.find((m) => m.round === 2 && m.from === from && m.to === null);
  return opening.decode(message?.body.subarray(32) ?? new Uint8Array(), 'opening');
};

/** Commits to other contents and opens them: passes the commitment's check. */
const dealing = (change: (mine: KeygenOpening) => KeygenOpening): readonly Deviation[] => {
  const changed = change(openedBy(EVIL));
  const bound = { sessionId: sid, round: 1, committer: EVIL };
  const commitment = commit(bound, SALT, encodeDealing(2, 3, changed.dealing));
  return [
    { round: 1, part: 'all', alter: () => commitment },
    { round: 2, part: 'all', alter: () => opening.encode({ ...changed, salt: SALT }) },
  ];
};

/** Outcomes of parties 1 and 3. */
function run(...deviations: readonly Deviation[]) {
  const sessions = keygenSessions(2, 3, 'rogue');
  sessions.set(EVIL, deviatingKeygen(parametersOf(2, 3), ...deviations));
  const { outcomes } = simulate(sessions);
  expectSound(outcomes, EVIL);
  return [outcomes.get(1), outcomes.get(3)];
}

const first = <T>([value]: readonly T[]): T => {
  if (value === undefined) throw new Error('empty');
  return value;
};
const withFirst = <T>(values: readonly T[], value: T): T[] => [value, ...values.slice(1)];

describe('D-5, D4: the constant term of a deviating dealer', () => {
  const constantOf = (party: number): Point => first(openedBy(party).dealing.coefficients);

  test('control: what it honestly opens may be committed to anew', () => {
    // Its own state has the old salt, so that its transcript is another one: the opening was accepted.
    for (const outcome of run(...dealing((mine) => mine))) {
      expect(outcome).toMatchObject({ ...blameless('equivocation'), round: 4 });
    }
  });

  test.each(['its own', 'a peer’s'])('C = X − A − B with %s proof is blamed', (whose) => {
    const target = mulBase(reduceWide(seededRng('target')(48)));
    const others = [1, 3].map((party) => negatePoint(constantOf(party)));
    const rogue = sumPoints([target, ...others]);
    if (rogue === null) throw new Error('no sum');
    const cheat = dealing((mine) => {
      const { dealing: theirs, responses } = whose === 'its own' ? mine : openedBy(1);
      return {
        ...mine,
        dealing: {
          ...mine.dealing,
          coefficients: withFirst(mine.dealing.coefficients, rogue),
          nonces: withFirst(mine.dealing.nonces, first(theirs.nonces)),
        },
        responses: withFirst(mine.responses, first(responses)),
      };
    });
    for (const outcome of run(...cheat)) {
      expect(outcome).toMatchObject({ ...blames('invalid-proof', EVIL), round: 2 });
    }
  });

  test('F-2: the coefficient of a peer with that peer’s valid proof is blamed: a proof is of its prover', () => {
    const victim = openedBy(1);
    const copy = dealing((mine) => ({
      ...mine,
      dealing: {
        ...mine.dealing,
        coefficients: withFirst(mine.dealing.coefficients, constantOf(1)),
        nonces: withFirst(mine.dealing.nonces, first(victim.dealing.nonces)),
      },
      responses: withFirst(mine.responses, first(victim.responses)),
    }));
    for (const outcome of run(...copy)) {
      expect(outcome).toMatchObject({ ...blames('invalid-proof', EVIL), round: 2 });
    }
  });

  test('F-2: two own coefficients exchanged with their proofs are blamed: a proof is of its place', () => {
    const exchange = dealing((mine) => ({
      ...mine,
      dealing: {
        ...mine.dealing,
        coefficients: mine.dealing.coefficients.toReversed(),
        nonces: mine.dealing.nonces.toReversed(),
      },
      responses: mine.responses.toReversed(),
    }));
    for (const outcome of run(...exchange)) {
      expect(outcome).toMatchObject({ ...blames('invalid-proof', EVIL), round: 2 });
    }
  });
});

describe('D7, D-3: the confirmation of a share', () => {
  const codec = keygenRound4.all;
  if (codec === null) throw new Error('no broadcast');
  const own = keyshares.get(EVIL);
  if (own === undefined) throw new Error('no keyshare');

  /** Round 4 with the proof of a share, correct in everything but the share. */
  const proving = (secretShare: Scalar): Deviation => ({
    round: 4,
    part: 'all',
    alter: (bytes) => {
      const { transcript } = codec.decode(bytes, 'said');
      const { publicKey, publicShares, chainCode } = own.fields;
      const key = { publicKey, publicShares, chainCode, secretShare, transcript };
      const context = {
        sid,
        threshold: 2,
        parties: 3,
        index: EVIL,
        peers: [1, 3],
        rng: seededRng('proof'),
        secrets: new Secrets(),
      };
      return codec.encode(confirm(context, key, seededRng('proof')));
    },
  });

  test('control: a new proof of the own share passes, and only its acknowledgement is another', () => {
    for (const outcome of run(proving(own.fields.secretShare))) {
      expect(outcome).toMatchObject({ ...blameless('equivocation'), round: 5 });
    }
  });

  test('a valid proof of another share is blamed', () => {
    const other = addScalars(own.fields.secretShare, scalarFromNumber(1));
    for (const outcome of run(proving(other))) {
      expect(outcome).toMatchObject({ ...blames('invalid-proof', EVIL), round: 4 });
    }
  });

  test('the valid proof of a peer is blamed', () => {
    const victim = straight.sent.find((m) => m.round === 4 && m.from === 1)?.body;
    if (victim === undefined) throw new Error('no message');
    for (const outcome of run({ round: 4, part: 'all', alter: () => victim })) {
      expect(outcome).toMatchObject({ ...blames('invalid-proof', EVIL), round: 4 });
    }
  });
});

/** Sessions in which party 2 draws its polynomial as told: coefficients are its first draws. */
const drawing = (
  threshold: number,
  parties: number,
  choose: (others: readonly (readonly Scalar[])[]) => readonly Scalar[],
) => {
  const polynomialOf = (party: number): Scalar[] => {
    const rng = seededRng(`keygen/rogue/${party}`);
    return Array.from({ length: threshold }, () => reduceWide(rng(48)));
  };
  const others = Array.from({ length: parties }, (_, at) => at + 1).filter((p) => p !== EVIL);
  const planned = choose(others.map(polynomialOf)).map((f) => concat(new Uint8Array(16), f));
  const source = seededRng('keygen/rogue/2');
  const rng = (length: number): Uint8Array => planned.shift() ?? source(length);
  const sessions = keygenSessions(threshold, parties, 'rogue');
  sessions.set(EVIL, keygen({ ...parametersOf(threshold, parties), rng }));
  const { outcomes } = simulate(sessions);
  expectSound(outcomes, EVIL);
  return outcomes;
};

describe('D-3: a dealer that draws what makes something vanish', () => {
  const some = reduceWide(seededRng('some')(48));
  const at = (polynomials: readonly (readonly Scalar[])[], k: number): Scalar =>
    addScalars(...polynomials.flatMap((f) => f.slice(k, k + 1)));

  test.each([
    ['D6: the key', 0],
    ['D2: the leading coefficient of the sum', 1],
  ])('%s: all abort without blame', (_, k) => {
    const outcomes = drawing(2, 3, (others) => [some, some].with(k, negateScalar(at(others, k))));
    for (const outcome of outcomes.values()) {
      expect(outcome).toMatchObject({ ...blameless('invalid-share'), round: 3 });
    }
  });

  test('the share of one party: that party has no message of it and blames the dealer', () => {
    const outcomes = drawing(2, 3, () => [negateScalar(some), some]); // f(1) = 0
    expect(outcomes.get(1)).toMatchObject({ ...blames('malformed-message', EVIL), round: 3 });
    expect(outcomes.get(3)?.status).not.toBe('completed');
  });

  test('the sum of shares of one party: all abort, and nobody has a key', () => {
    const outcomes = drawing(2, 3, (others) => {
      const sum = addScalars(at(others, 0), at(others, 1)); // Σ fⱼ(1) of the others
      return [negateScalar(addScalars(sum, some)), some];
    });
    for (const outcome of outcomes.values()) {
      expect(outcome).toMatchObject({ ...blameless('invalid-share'), round: 3 });
    }
  });

  test('a partial sum of Horner’s rule at one party: nobody is blamed, all have the key', () => {
    const two = scalarFromNumber(2);
    for (const party of [1, 3]) {
      const x = scalarFromNumber(party);
      const outcomes = drawing(3, 3, () => [some, negateScalar(mulScalars(x, two)), two]); // f₂·x + f₁ = 0
      const made = [...outcomes.values()].map((outcome): Keyshare | undefined =>
        outcome?.status === 'completed' ? outcome.output : undefined,
      );
      expect(new Set(made.map((share) => String(share?.publicKey))).size).toBe(1);
      expect(made.every((share) => share !== undefined)).toBe(true);
    }
  });
});
