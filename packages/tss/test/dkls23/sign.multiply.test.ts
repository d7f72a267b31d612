/** O-9, O-10: a signer whose factors are not the same everywhere, or not its own. */
import { describe, expect, test } from 'vitest';
import {
  addScalars,
  mulScalars,
  reduceWide,
  type Scalar,
  scalarFromNumber,
} from '../../src/arith/scalar.ts';
import { G, mulBase, type Point, sumPoints } from '../../src/curve.ts';
import { type SignDirect2, signRound2 } from '../../src/dkls23/messages.ts';
import { signPairId, zeroShare } from '../../src/dkls23/pairs.ts';
import { signSid } from '../../src/dkls23/parameters.ts';
import { rvoleSend } from '../../src/ot/rvole.ts';
import { ECHO_LENGTH } from '../../src/round/echo.ts';
import type { Heard } from '../../src/round/protocol.ts';
import { lagrange } from '../../src/polynomial.ts';
import { bans, blameless, blames, expectSoundSigning } from '../support/judge.ts';
import { type Deviation, deviatingSign, type HeardBefore } from '../support/misbehave.ts';
import { DIGEST, keysharesOf, parametersOf, signSessions } from '../support/parties.ts';
import { seededRng } from '../support/rng.ts';
import { simulate } from '../support/simulate.ts';

const EVIL = 2;
const SIGNERS = [1, 2, 3];
const keyshares = keysharesOf(2, 3);
const parameters = parametersOf(EVIL);
const { keyshare } = parameters;
const sid = signSid(parameters);
const one = scalarFromNumber(1);

/** The values that party 2 draws and computes in that session: r₂ is its first draw. */
const r = reduceWide(seededRng('sign/sweep/2')(48));
const sk = addScalars(
  mulScalars(lagrange(SIGNERS, EVIL), keyshare.fields.secretShare),
  zeroShare(sid, EVIL, new Map([1, 3].map((peer) => [peer, keyshare.pairWith(peer).zeroSeed]))),
);

/** Outcomes of parties 1 and 3. */
function run(...deviations: readonly Deviation[]) {
  const sessions = signSessions(keyshares, SIGNERS, { seed: 'sweep' });
  sessions.set(EVIL, deviatingSign(parametersOf(EVIL), ...deviations));
  const { outcomes } = simulate(sessions);
  const { publicKey } = keyshare;
  expectSoundSigning(outcomes, EVIL, { digest: DIGEST, publicKey });
  return { one: outcomes.get(1), three: outcomes.get(3) };
}

const codec = signRound2.each;
if (codec === null) throw new Error('no direct part');

/** Round 2 with some fields replaced. */
const saying = (
  change: (said: SignDirect2, to: number, heard: HeardBefore) => Partial<SignDirect2>,
  towards?: readonly number[],
): Deviation => ({
  round: 2,
  part: 'each',
  ...(towards && { towards }),
  alter: (bytes, to, heard) => {
    const said = codec.decode(bytes, 'said');
    return codec.encode({ ...said, ...change(said, to ?? 0, heard) });
  },
});

/** The multiplication run as Alice with other inputs, and everything that follows from it. */
const multiplying =
  (inputs: readonly [Scalar, Scalar]) =>
  (_: SignDirect2, to: number, heard: HeardBefore): Partial<SignDirect2> => {
    const { each } = heard.get(to) as Heard<Uint8Array, Uint8Array>;
    const { evaluator } = keyshare.pairWith(to);
    const sent = rvoleSend(
      signPairId(sid, to, EVIL),
      evaluator,
      inputs,
      each,
      seededRng(`lie/${to}`),
    );
    if (sent === null) throw new Error('an honest message');
    const [u, v] = sent.outputs;
    return { rvole: sent.message, gammaU: mulBase(u), gammaV: mulBase(v) };
  };

const plusG = (point: Point): Point => {
  const sum = sumPoints([point, G]);
  if (sum === null) throw new Error('no sum');
  return sum;
};

describe('O-9: a signer that multiplies with other factors towards some', () => {
  test('control: with its own factors the multiplication made here passes every pairwise check', () => {
    const { one: first, three } = run(saying(multiplying([r, sk])));
    expect(first?.status).toBe('completed');
    expect(three?.status).toBe('completed');
  });

  test('G3: rᵢ + 1 towards party 1 only is banned by party 1, and party 3 sees nothing wrong', () => {
    const { one: first, three } = run(saying(multiplying([addScalars(r, one), sk]), [1]));
    expect(first).toMatchObject({ ...bans(EVIL), round: 2 });
    expect(three).toBeUndefined();
  });

  test('G4: skᵢ + 1 towards party 3 only is banned by party 3, and party 1 sees nothing wrong', () => {
    const { one: first, three } = run(saying(multiplying([r, addScalars(sk, one)]), [3]));
    expect(first).toBeUndefined();
    expect(three).toMatchObject({ ...bans(EVIL), round: 2 });
  });

  test('G1: rᵢ + 1 with the point to it towards one does not open the commitment', () => {
    const lie = multiplying([addScalars(r, one), sk]);
    const { one: first } = run(
      saying((said, to, heard) => ({ ...lie(said, to, heard), nonce: plusG(said.nonce) }), [1]),
    );
    expect(first).toMatchObject(blames('commitment-mismatch', EVIL));
  });

  test('G5: skᵢ + 1 with the point to it passes the pairwise check and fails the sum, without blame', () => {
    const lie = multiplying([r, addScalars(sk, one)]);
    const { one: first, three } = run(
      saying(
        (said, to, heard) => ({ ...lie(said, to, heard), publicShare: plusG(said.publicShare) }),
        [3],
      ),
    );
    expect(first).toBeUndefined();
    expect(three).toMatchObject(blameless('invalid-share'));
  });

  test('G3, G4: Γᵘ and Γᵛ exchanged are banned', () => {
    const { one: first, three } = run(
      saying(({ gammaU, gammaV }) => ({ gammaU: gammaV, gammaV: gammaU })),
    );
    expect(first).toMatchObject(bans(EVIL));
    expect(three).toMatchObject(bans(EVIL));
  });

  test('G3, G4: the Γ of one peer told to the other are banned by both', () => {
    const told = new Map<number, SignDirect2>();
    run(
      saying((said, to) => {
        told.set(to, said);
        return {};
      }),
    );
    for (const field of ['gammaU', 'gammaV'] as const) {
      const { one: first, three } = run(
        saying((said, to) => ({ [field]: told.get(4 - to)?.[field] ?? said[field] })),
      );
      expect(first).toMatchObject(bans(EVIL));
      expect(three).toMatchObject(bans(EVIL));
    }
  });
});

describe('O-10: a signer whose points are not those of its factors', () => {
  test('G4: pkᵢ + G alone is banned', () => {
    const { one: first, three } = run(
      saying(({ publicShare }) => ({ publicShare: plusG(publicShare) })),
    );
    expect(first).toMatchObject(bans(EVIL));
    expect(three).toMatchObject(bans(EVIL));
  });

  test('G5: another share everywhere passes the pairwise checks and fails the sum, without blame', () => {
    const secretShare = addScalars(keyshare.fields.secretShare, one);
    const other: typeof keyshare = Object.create(keyshare, {
      wiped: { value: false },
      fields: { value: { ...keyshare.fields, secretShare } },
    });
    const sessions = signSessions(keyshares, SIGNERS, { seed: 'sweep' });
    sessions.set(EVIL, deviatingSign({ ...parametersOf(EVIL), keyshare: other }));
    const { outcomes } = simulate(sessions);
    for (const index of [1, 3]) {
      expect(outcomes.get(index)).toMatchObject(blameless('invalid-share'));
    }
  });
});

test('F-8, G1: the commitment and the opening of another signer open for nobody else', () => {
  const { sent } = simulate(signSessions(keyshares, SIGNERS, { seed: 'sweep' }));
  const victim = sent.filter(({ from }) => from === 1);
  const copied = victim
    .find(({ round, to }) => round === 1 && to === null)
    ?.body.subarray(ECHO_LENGTH);
  const opening = victim.find(({ round }) => round === 2)?.body.subarray(ECHO_LENGTH);
  if (copied === undefined || opening === undefined) throw new Error('no messages');
  const { nonce, salt } = codec.decode(opening, 'opening');
  const { one: first, three } = run(
    { round: 1, part: 'all', alter: () => copied },
    saying(() => ({ nonce, salt })),
  );
  expect(first).toMatchObject(blames('commitment-mismatch', EVIL));
  expect(three).toMatchObject(blames('commitment-mismatch', EVIL));
});
