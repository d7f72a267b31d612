import { readFileSync } from 'node:fs';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../src/index.ts';
import { Keyshare } from '../../src/dkls23/index.ts';
import { DIGEST, signSessions } from '../support/parties.ts';
import { outputs, simulate } from '../support/simulate.ts';

const frozen = (party: number): Uint8Array => {
  const file = new URL(`../vectors/keyshare/v1-2-of-3-party-${party}.hex`, import.meta.url);
  return new Uint8Array(Buffer.from(readFileSync(file, 'utf8').replaceAll('\n', ''), 'hex'));
};

describe('keyshares of version 1', () => {
  const keyshares = new Map([1, 2, 3].map((party) => [party, Keyshare.decode(frozen(party))]));

  test('are still read, and written to the same bytes', () => {
    for (const [party, keyshare] of keyshares) {
      expect(keyshare.index).toBe(party);
      expect(keyshare.encode()).toEqual(frozen(party));
    }
  });

  test('still sign', () => {
    const [signature] = outputs(simulate(signSessions(keyshares, [1, 3]))).values();
    const [share] = keyshares.values();
    if (signature === undefined || share === undefined) throw new Error('no signature');
    const compact = signature.bytes.slice(0, 64);
    expect(secp256k1.verify(compact, DIGEST, share.publicKey, { prehash: false })).toBe(true);
  });
});

describe('a keyshare is refused', () => {
  const altered = (at: number, value: number): Uint8Array => {
    const bytes = frozen(1);
    bytes[at] = value;
    return bytes;
  };

  test.each([
    ['another magic', 0, 0x50],
    ['another version', 3, 2],
    ['another protocol', 4, 2],
    ['threshold one', 6, 1],
    ['threshold above the parties', 6, 4],
    ['another number of parties', 8, 4],
    ['no parties', 8, 0],
    ['index zero', 10, 0],
    ['an index beyond the parties', 10, 4],
    ['another index', 10, 2],
  ])('for %s', (_, at, value) => {
    expect(() => Keyshare.decode(altered(at, value))).toThrow(DecodeError);
  });

  test('for every truncation of its head and for a trailing byte', () => {
    for (let length = 0; length < 400; length++) {
      expect(() => Keyshare.decode(frozen(1).slice(0, length))).toThrow(DecodeError);
    }
    expect(() => Keyshare.decode(new Uint8Array([...frozen(1), 0]))).toThrow(DecodeError);
  });
});

describe('W-9: an OT set-up that serves twice is refused', () => {
  const { fields } = Keyshare.decode(frozen(1));
  const [first, second] = fields.pairs;
  if (first === undefined || second === undefined) throw new Error('a keyshare of three');
  const { sid } = first.builder;
  test.each([
    ['for two peers as builder', [first, { ...second, builder: { ...second.builder, sid } }]],
    ['for two peers as evaluator', [{ ...first, evaluator: second.evaluator }, second]],
    [
      'in both directions of a pair',
      [{ ...first, evaluator: { ...first.evaluator, sid } }, second],
    ],
    [
      'across pairs and directions',
      [first, { ...second, evaluator: { ...second.evaluator, sid } }],
    ],
  ])('%s', (_, pairs) => {
    expect(() => Keyshare.validate({ ...fields, pairs })).toThrow(
      expect.objectContaining({ path: 'keyshare.pairs' }),
    );
  });
});

test('J-3: wipe leaves no secret behind', () => {
  const keyshare = Keyshare.decode(frozen(1));
  const { fields } = keyshare;
  keyshare.wipe();
  const { secretShare, pairs } = fields;
  expect(secretShare.every((byte) => byte === 0)).toBe(true);
  for (const { zeroSeed, builder, evaluator } of pairs) {
    for (const secret of [zeroSeed, builder.seeds, evaluator.delta, evaluator.seeds]) {
      expect(secret.every((byte) => byte === 0)).toBe(true);
    }
  }
});
