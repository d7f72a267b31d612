import fc from 'fast-check';
import { eip191Signer } from 'micro-eth-signer';
import { expect, test } from 'vitest';
import {
  canonicalPayload,
  digestOf,
  fromHex,
  IntentError,
  parsePayload,
  payloadHash,
  recoverAddress,
  toHex,
} from '../src/index.ts';
import { ADDRESS, SECRET } from './support/keys.ts';

test('EIP-191 digests agree with an independent library', () => {
  const text = fc
    .string({ unit: 'grapheme', maxLength: 200 })
    .filter((all) => !/\p{Surrogate}/u.test(all));
  fc.assert(
    fc.property(text, (message) => {
      const payload = parsePayload({ kind: 'eip191', message });
      const signature = fromHex(eip191Signer.sign(message, SECRET, false));
      expect(recoverAddress(digestOf(payload), signature)).toBe(ADDRESS);
    }),
    { numRuns: 50 },
  );
});

test('a digest is taken with and without prefix, in any case', () => {
  const digest = 'AB'.repeat(32);
  const expected = { kind: 'digest', digest: `0x${'ab'.repeat(32)}` };
  expect(parsePayload({ kind: 'digest', digest })).toEqual(expected);
  expect(parsePayload({ kind: 'digest', digest: `0x${digest}` })).toEqual(expected);
  expect(toHex(digestOf(parsePayload(expected)))).toBe('ab'.repeat(32));
});

test('N-7: a digest of zero or of another length is refused', () => {
  for (const digest of [
    '00'.repeat(32),
    'ab'.repeat(31),
    'ab'.repeat(33),
    '',
    'zz'.repeat(32),
    5,
    null,
  ]) {
    expect(() => parsePayload({ kind: 'digest', digest })).toThrow(IntentError);
  }
  expect(() => digestOf({ kind: 'digest', digest: '00'.repeat(32) })).toThrow(IntentError);
});

test('J-4: anything else than a payload is refused with a typed error', () => {
  const json = fc.oneof(
    fc.jsonValue(),
    fc.record({
      kind: fc.constantFrom('eip1559', 'legacy', 'eip712', 'eip191', 'digest', 'x'),
      transaction: fc.jsonValue(),
      typed_data: fc.jsonValue(),
    }),
    fc.record({ kind: fc.constant('eip712'), typed_data: fc.jsonValue() }),
    fc.record({ kind: fc.constant('eip1559'), transaction: fc.jsonValue() }),
  );
  fc.assert(
    fc.property(json, (value) => {
      let payload: unknown;
      try {
        payload = parsePayload(value);
      } catch (error) {
        expect(error).toBeInstanceOf(IntentError);
        return;
      }
      expect(parsePayload(payload)).toEqual(payload);
    }),
    { numRuns: 2000 },
  );
});

test('a payload with another field beside its own is refused', () => {
  expect(() => parsePayload({ kind: 'eip191', message: 'a', note: 1 })).toThrow('only the fields');
  expect(() => parsePayload({ kind: 'eip191' })).toThrow('message');
  expect(() => parsePayload(JSON.parse('{"kind":"eip191","__proto__":{"message":"x"}}'))).toThrow(
    IntentError,
  );
  expect(() => parsePayload(null)).toThrow(IntentError);
});

test('F-1: payloads of different kinds never have the same canonical bytes', () => {
  const message = parsePayload({ kind: 'eip191', message: 'a'.repeat(32) });
  const digest = parsePayload({ kind: 'digest', digest: '61'.repeat(32) });
  expect(toHex(canonicalPayload(message))).not.toBe(toHex(canonicalPayload(digest)));
  expect(payloadHash(message)).toHaveLength(32);
});
