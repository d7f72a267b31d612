// W-6: every scalar that is made from a secret ends as zeros, unless it was said to everybody or is the output.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { invert } from '@noble/curves/abstract/modular.js';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { Q, type Scalar } from '../src/arith/scalar.ts';
import type { Message, Session } from '../src/index.ts';
import type { Rows } from '../src/ot/rows/types.ts';
import { keygenSessions, keysharesOf, signSessions } from './support/parties.ts';
import { rememberPowers } from './support/memo.ts';
import { outputs, simulate } from './support/simulate.ts';
import {
  frozenShares,
  keygenSessions as pairKeygenSessions,
  refreshSessions,
  signSessions as pairSignSessions,
} from './support/twoParty.ts';

/** Values that were drawn, read out of a secret, or computed from others in here. */
const tainted = vi.hoisted(() => new Map<Uint8Array, string>());

vi.mock(import('../src/arith/scalar.ts'), async (original) => {
  const real = await original();
  const following = <A extends readonly unknown[]>(
    name: string,
    compute: (...args: A) => Scalar,
  ): ((...args: A) => Scalar) => {
    const followed = (...args: A): Scalar => {
      const result = compute(...args);
      if (args.some((arg) => tainted.has(arg as Uint8Array))) tainted.set(result, name);
      return result;
    };
    return followed;
  };
  return {
    ...real,
    randomScalar: (rng) => {
      const drawn = real.randomScalar(rng);
      tainted.set(drawn, 'randomScalar');
      return drawn;
    },
    addScalars: following('addScalars', real.addScalars),
    subScalars: following('subScalars', real.subScalars),
    mulScalars: following('mulScalars', real.mulScalars),
    negateScalar: following('negateScalar', real.negateScalar),
    invertScalar: following('invertScalar', real.invertScalar),
    scalarFromBytes: (bytes) => {
      const read = real.scalarFromBytes(bytes);
      if (read !== null && tainted.has(bytes)) tainted.set(read, 'scalarFromBytes');
      return read;
    },
  };
});

vi.mock(import('../src/ot/rows/rows.ts'), async (original) => {
  const real = (await original()).rows();
  const secret =
    <A extends readonly unknown[]>(name: string, compute: (...args: A) => Uint8Array) =>
    (...args: A): Uint8Array => {
      const result = compute(...args);
      tainted.set(result, name);
      return result;
    };
  const followed = {
    ...real,
    selectedSum: secret('selectedSum', (...args: Parameters<Rows['selectedSum']>) =>
      real.selectedSum(...args),
    ),
    dotColumn: secret('dotColumn', (...args: Parameters<Rows['dotColumn']>) =>
      real.dotColumn(...args),
    ),
  };
  return { rows: () => followed };
});

rememberPowers();
keysharesOf(2, 3); // made once, before anything is followed
beforeEach(() => tainted.clear());

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The names of the functions whose results are still there. */
function leftovers(allowed: readonly Uint8Array[], sent: readonly Message[]): string[] {
  const outputs = new Set(allowed.map(hex));
  const said = sent.map(({ body }) => hex(body));
  return [...tainted]
    .filter(([bytes]) => bytes.some((byte) => byte !== 0))
    .filter(([bytes]) => !outputs.has(hex(bytes)))
    .filter(([bytes]) => !said.some((body) => body.includes(hex(bytes))))
    .map(([, name]) => name);
}

const broadcasts = (sent: readonly Message[]): Message[] => sent.filter(({ to }) => to === null);

/** Fails where nothing is followed, for then nothing is shown. */
function expectFollowed(): void {
  expect(tainted.size).toBeGreaterThan(3);
}

describe('W-6: nothing that was computed from a secret is left behind', () => {
  /** A copy of a share, so that computing with it counts. */
  function follow(secretShare: Uint8Array): void {
    tainted.set(secretShare, 'secretShare');
  }

  test('by a signature', () => {
    const keyshares = keysharesOf(2, 3);
    const shares = [...keyshares.values()].map(({ fields }) => fields.secretShare);
    shares.forEach(follow);
    // Said to one peer: η, a masked sum of what Alice brought. ψ, masked too, is overwritten all the same.
    const { sent, outcomes } = simulate(signSessions(keyshares, [1, 2], { path: [7] }));
    const [signature] = outputs({ sent, outcomes, bytes: 0 }).values();
    if (signature === undefined) throw new Error('no signature');
    expectFollowed();
    const masked = sent.filter(({ round }) => round === 2).map(etaOf);
    const allowed = [...shares, signature.s, ...masked, ...sumsOf(sent)];
    expect(leftovers(allowed, broadcasts(sent))).toEqual([]);
  });

  test('by a signature that fails', () => {
    const keyshares = keysharesOf(2, 3);
    const shares = [...keyshares.values()].map(({ fields }) => fields.secretShare);
    shares.forEach(follow);
    const spoilt = ({ body, ...message }: Message): Message => ({
      ...message,
      body: body.map((byte, at) => (message.round === 2 && at === 63 ? byte ^ 1 : byte)),
    });
    const { sent, outcomes } = simulate(signSessions(keyshares, [1, 2]), {
      tamper: (message) => [spoilt(message)],
    });
    expect([...outcomes.values()].map((outcome) => outcome?.status)).toEqual([
      'aborted',
      'aborted',
    ]);
    expectFollowed();
    const masked = sent.filter(({ round }) => round === 2).map(etaOf);
    expect(leftovers([...shares, ...masked, ...psisOf(sent)], broadcasts(sent))).toEqual([]);
  });

  test('by a key generation, dealt shares included', () => {
    const run = simulate(keygenSessions(2, 3, 'temporaries'));
    const shares = [...outputs(run).values()].map(({ fields }) => fields.secretShare);
    expectFollowed();
    expect(leftovers(shares, broadcasts(run.sent))).toEqual([]);
  });

  /** Between two everything is said to one peer; what is said is no secret of the one who says it. */
  test.each<[string, () => Map<number, Session<unknown>>]>([
    ['key generation', pairKeygenSessions],
    ['refresh', () => refreshSessions(frozenShares())],
    ['signature', () => pairSignSessions(frozenShares())],
  ])('by a two-party %s', (_, open) => {
    const run = simulate(open());
    const made = [...outputs(run).values()].flatMap((output) =>
      isShare(output) ? [output.fields.secretShare] : [],
    );
    expectFollowed();
    expect(leftovers(made, run.sent)).toEqual([]);
  });
});

const isShare = (value: unknown): value is { fields: { secretShare: Uint8Array } } =>
  typeof value === 'object' && value !== null && 'fields' in value;

/** The values that everybody computes from the broadcasts of round 3: Σu, Σw, 1/Σu and their quotient. */
const sumsOf = (sent: readonly Message[]): Uint8Array[] => {
  const said = sent.filter(({ round }) => round === 3).map(({ body }) => body);
  const sum = (start: number): bigint =>
    said.reduce((total, body) => (total + numberAt(body, start)) % Q, 0n);
  const [u, w] = [sum(0), sum(32)];
  const inverse = invert(u, Q);
  return [u, w, inverse, (w * inverse) % Q].map((n) => numberToBytesBE(n, 32));
};
const numberAt = (body: Uint8Array, start: number): bigint =>
  bytesToNumberBE(body.slice(start, start + 32));

/** η of a round-2 message: after the echo and ã. */
const etaOf = ({ body }: Message): Uint8Array => body.slice(32 + 49_152, 32 + 49_152 + 32);

/** ψ of round-2 messages as received by a party that stopped before it used them. */
const psisOf = (sent: readonly Message[]): Uint8Array[] =>
  sent
    .filter(({ round }) => round === 2)
    .map(({ body }) => {
      const at = 32 + 49_216 + 66;
      return body.slice(at, at + 32);
    });
