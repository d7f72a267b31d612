import { describe, expect, test } from 'vitest';
import {
  addScalars,
  mulScalars,
  type Scalar,
  scalarFromBytes,
  isZeroScalar,
  subScalars,
} from '../../src/arith/scalar.ts';
import { encodePoint, mulBase, type Point } from '../../src/curve.ts';
import type { Message } from '../../src/index.ts';
import { lagrange } from '../../src/polynomial.ts';
import { signRound2, signRound3 } from '../../src/dkls23/messages.ts';
import { keygenSessions, keysharesOf, signSessions } from '../support/parties.ts';
import { outputs, simulate } from '../support/simulate.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Every 32-byte window at a field boundary of fixed-width messages that is a scalar. */
const scalarsIn = (body: Uint8Array): Scalar[] => {
  const found: Scalar[] = [];
  for (let at = 0; at + 32 <= body.length; at++) {
    if (body.length > 10_000 && at % 32 !== 0) continue;
    const value = scalarFromBytes(body.slice(at, at + 32));
    if (value !== null && !isZeroScalar(value)) found.push(value);
  }
  return found;
};

/** A party's view: everything that was sent to it or to all. */
const viewOf = (sent: readonly Message[], index: number): Message[] =>
  sent.filter(({ from, to }) => from !== index && (to === null || to === index));

/** Which of the points has its discrete logarithm somewhere in the view. */
const exposed = (view: readonly Message[], points: ReadonlyMap<string, string>): string[] =>
  view.flatMap(({ body }) =>
    scalarsIn(body).flatMap((value) => points.get(hex(encodePoint(mulBase(value)))) ?? []),
  );

const named = (entries: readonly (readonly [string, Point])[]): Map<string, string> =>
  new Map(entries.map(([name, point]) => [hex(encodePoint(point)), name]));

describe('knowledge: what one party sees does not contain', () => {
  test('in key generation, the key, another share, or a coefficient of another dealing', () => {
    const run = simulate(keygenSessions(2, 3, 'view'));
    const keyshares = outputs(run);
    const own = keyshares.get(1);
    if (own === undefined) throw new Error('no keyshare');
    const points = named([
      ['public key', own.fields.publicKey],
      ...own.fields.publicShares
        .slice(1)
        .map((share, at): [string, Point] => [`share ${at + 2}`, share]),
    ]);
    expect(exposed(viewOf(run.sent, 1), points)).toEqual([]);
  });

  test('in signing, the key, another share, an ephemeral scalar or an additive share', () => {
    const keyshares = keysharesOf(2, 3);
    const run = simulate(signSessions(keyshares, [1, 2, 3], { seed: 'view' }));
    outputs(run);
    const codec = signRound2.each;
    const opened = run.sent
      .filter(({ round, to }) => round === 2 && to === 1)
      .flatMap(({ from, body }) => {
        const value = codec?.decode(body.subarray(32), 'view');
        if (!value) return [];
        return [
          [`R of ${from}`, value.nonce],
          [`additive share of ${from}`, value.publicShare],
          [`Γu of ${from}`, value.gammaU],
          [`Γv of ${from}`, value.gammaV],
        ] as [string, Point][];
      });
    const own = keyshares.get(1);
    if (own === undefined) throw new Error('no keyshare');
    const points = named([
      ['public key', own.fields.publicKey],
      ...own.fields.publicShares
        .slice(1)
        .map((share, at): [string, Point] => [`share ${at + 2}`, share]),
      ...opened,
    ]);
    expect(points.size).toBe(1 + 2 + 8);
    expect(exposed(viewOf(run.sent, 1), points)).toEqual([]);
  });

  test('positive control: a planted share is found', () => {
    const run = simulate(keygenSessions(2, 3, 'view'));
    const victim = outputs(run).get(2);
    if (victim === undefined) throw new Error('no keyshare');
    const [, share] = victim.fields.publicShares;
    if (share === undefined) throw new Error('no share');
    const body = new Uint8Array([1, 2, 3, ...victim.fields.secretShare, 4]);
    const planted = { round: 1, from: 2, to: 1, body };
    expect(exposed([planted], named([['share 2', share]]))).toEqual(['share 2']);
  });
});

test('O-13: zero shares differ between signer sets, so that additive shares cannot be combined', () => {
  const keyshares = keysharesOf(2, 3);
  const additive = (signers: readonly number[]): string[] => {
    const { sent } = simulate(signSessions(keyshares, signers, { seed: 'same' }));
    return sent
      .filter(({ round, from }) => round === 2 && from === 1)
      .map(({ body }) =>
        hex(encodePoint(signRound2.each!.decode(body.subarray(32), 'm').publicShare)),
      );
  };
  expect(additive([1, 2])[0]).not.toBe(additive([1, 2, 3])[0]);
});

test('N-11, O-10b: partial signatures that sum to zero abort and the process lives', () => {
  const keyshares = keysharesOf(2, 2);
  const honest = simulate(signSessions(keyshares, [1, 2], { seed: 'zero' }));
  const partialOf = (from: number) => {
    const message = honest.sent.find(({ round, from: sender }) => round === 3 && sender === from);
    if (message === undefined) throw new Error('no partial');
    return { message, value: signRound3.all!.decode(message.body, 'm') };
  };
  const [mine, theirs] = [partialOf(1), partialOf(2)];
  const zero = subScalars(mine.value.u, mine.value.u);
  const u = subScalars(zero, mine.value.u);
  const run = simulate(signSessions(keyshares, [1, 2], { seed: 'zero' }), {
    tamper: (message) =>
      message.round === 3 && message.from === 2
        ? [{ ...message, body: signRound3.all!.encode({ ...theirs.value, u }) }]
        : [message],
  });
  expect(run.outcomes.get(1)).toMatchObject({
    status: 'aborted',
    reason: 'invalid-partial-signature',
    culprits: [],
    bans: [],
  });
});

test('fewer than threshold shares give another key', () => {
  const keyshares = keysharesOf(3, 5);
  const [one, two] = [keyshares.get(1), keyshares.get(2)];
  if (one === undefined || two === undefined) throw new Error('no keyshares');
  const guess = addScalars(
    mulScalars(lagrange([1, 2], 1), one.fields.secretShare),
    mulScalars(lagrange([1, 2], 2), two.fields.secretShare),
  );
  expect(encodePoint(mulBase(guess))).not.toEqual(one.publicKey);
});
