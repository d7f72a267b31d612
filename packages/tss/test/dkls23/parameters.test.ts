import { describe, expect, test } from 'vitest';
import type { Keyshare } from '../../src/dkls23/index.ts';
import { setupPairId, signPairId, zeroShare } from '../../src/dkls23/pairs.ts';
import { keygenSid, signSid } from '../../src/dkls23/parameters.ts';
import { addScalars, isZeroScalar } from '../../src/arith/scalar.ts';
import { distinct, some } from '../support/distinct.ts';
import { parametersOf } from '../support/parties.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('session id of a signature', () => {
  const { keyshare, ...base } = parametersOf(1);
  const { keyId, epoch, threshold, parties } = keyshare;
  const sidOf = (
    key: Partial<Pick<Keyshare, 'keyId' | 'epoch' | 'threshold' | 'parties'>> = {},
    over: Partial<typeof base> = {},
  ): Uint8Array => {
    const fields = { keyId, epoch, threshold, parties, ...key };
    return signSid({ ...base, ...over, keyshare: Object.create(keyshare, asValues(fields)) });
  };
  const asValues = (fields: object): PropertyDescriptorMap =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { value }]));

  test.each([
    ['session id', sidOf({}, { sessionId: some('session') })],
    ['R-10: key id', sidOf({ keyId: some('key') })],
    ['S3, D-11: epoch', sidOf({ epoch: epoch + 1 })],
    ['threshold', sidOf({ threshold: threshold + 1 })],
    ['number of parties', sidOf({ parties: parties + 1 })],
    ['threshold and parties exchanged', sidOf({ threshold: parties, parties: threshold })],
    ['O-13: signer set', sidOf({}, { signers: [1, 2] })],
    ['O-13: another signer set of that size', sidOf({}, { signers: [1, 2, 4] })],
    ['N-2: path', sidOf({}, { path: [0] })],
    ['N-2: longer path', sidOf({}, { path: [0, 0] })],
    ['N-3: digest', sidOf({}, { digest: some('digest') })],
  ])('is another for another %s', (_, changed) => {
    expect(hex(changed)).not.toBe(hex(sidOf()));
  });

  test('is the same for the same statement, whichever party computes it', () => {
    expect(hex(sidOf())).toBe(hex(signSid(parametersOf(2))));
    expect(hex(sidOf({}, { path: [] }))).toBe(hex(sidOf()));
  });

  test('F-1: two signers moved into the path give another id', () => {
    const left = sidOf({}, { signers: [1, 2, 3, 4], path: [5] });
    const right = sidOf({}, { signers: [1, 2], path: [0x00030004, 5] });
    expect(hex(left)).not.toBe(hex(right));
  });
});

test('session id of a key generation is another for another session id, threshold and number of parties', () => {
  const base = { sessionId: some('keygen'), threshold: 2, parties: 3, index: 1 };
  const all = [
    keygenSid(base),
    keygenSid({ ...base, sessionId: some('other') }),
    keygenSid({ ...base, threshold: 3 }),
    keygenSid({ ...base, parties: 4 }),
    keygenSid({ ...base, threshold: 3, parties: 2 }),
  ];
  expect(distinct(all)).toBe(all.length);
  expect(keygenSid({ ...base, index: 2 })).toEqual(keygenSid(base));
});

test('M4, D-15, O-3: no two pairs, roles or uses have one session id', () => {
  const indices = Array.from({ length: 32 }, (_, at) => at + 1);
  const sids = [some('one'), some('two')];
  const ids = sids.flatMap((sid) =>
    indices.flatMap((i) =>
      indices.flatMap((j) => (i === j ? [] : [setupPairId(sid, i, j), signPairId(sid, i, j)])),
    ),
  );
  expect(distinct(ids)).toBe(2 * 2 * 32 * 31);
});

describe('zero shares', () => {
  const seedOf = (i: number, j: number): Uint8Array =>
    some(`seed/${Math.min(i, j)}/${Math.max(i, j)}`);
  const shareOf = (sid: Uint8Array, signers: readonly number[], index: number) =>
    zeroShare(
      sid,
      index,
      new Map(signers.filter((j) => j !== index).map((j) => [j, seedOf(index, j)])),
    );

  test.each([[[1, 2]], [[1, 2, 3]], [[2, 5, 9, 31]]])('of signers %j add up to zero', (signers) => {
    const shares = signers.map((index) => shareOf(some('sid'), signers, index));
    expect(isZeroScalar(addScalars(...shares))).toBe(true);
    expect(shares.some(isZeroScalar)).toBe(false);
  });

  test('O-13: are others in another session, and between other pairs with one seed', () => {
    const seed = some('seed');
    const all = [
      zeroShare(some('sid'), 1, new Map([[2, seed]])),
      zeroShare(some('other'), 1, new Map([[2, seed]])),
      zeroShare(some('sid'), 1, new Map([[3, seed]])),
      zeroShare(some('sid'), 2, new Map([[3, seed]])),
    ];
    expect(distinct(all)).toBe(all.length);
  });

  test('F-7: seed and session id are hashed as two fields, so that a difference in both does not cancel', () => {
    const [seed, sid, difference] = [some('seed'), some('sid'), some('difference')];
    const masked = (bytes: Uint8Array) => bytes.map((byte, at) => byte ^ (difference[at] ?? 0));
    const left = zeroShare(sid, 1, new Map([[2, seed]]));
    const right = zeroShare(masked(sid), 1, new Map([[2, masked(seed)]]));
    const swapped = zeroShare(seed, 1, new Map([[2, sid]]));
    expect(distinct([left, right, swapped])).toBe(3);
  });
});
