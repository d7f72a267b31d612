import { expect, test } from 'vitest';
import { encodeIntent, type Intent, intentHash, IntentError, toHex } from '../src/index.ts';
import { ADDRESS, counting } from './support/keys.ts';

const intent: Intent = {
  sessionKey: 's-1',
  keyId: counting(32),
  epoch: 2,
  threshold: 2,
  parties: 3,
  holders: [
    { index: 1, username: 'ann', fingerprint: counting(32, 1) },
    { index: 2, username: 'bob', fingerprint: counting(32, 2) },
    { index: 3, username: 'cy', fingerprint: counting(32, 3) },
  ],
  signers: [1, 3],
  path: [0, 7],
  digest: counting(32, 5),
  payloadHash: counting(32, 6),
  address: ADDRESS,
};

test('the order in which holders are listed does not matter, their indexes do', () => {
  const hash = toHex(intentHash(intent));
  expect(toHex(intentHash({ ...intent, holders: intent.holders.toReversed() }))).toBe(hash);
  const swapped = intent.holders.map((holder) => ({ ...holder, index: 4 - holder.index }));
  expect(toHex(intentHash({ ...intent, holders: swapped }))).not.toBe(hash);
});

test('every field of an intent changes its hash', () => {
  const holder = intent.holders[0]!;
  const others = intent.holders.slice(1);
  const changes: Partial<Intent>[] = [
    { sessionKey: 's-2' },
    { keyId: counting(32, 9) },
    { epoch: 3 },
    { threshold: 1 },
    { signers: [1, 2] },
    { signers: [1, 2, 3] },
    { path: [] },
    { path: [7, 0] },
    { path: [0, 0x80000007] },
    { digest: counting(32, 9) },
    { digest: null },
    { payloadHash: null },
    { address: null },
    { address: `0x${'11'.repeat(20)}` },
    { holders: [{ ...holder, username: 'anna' }, ...others] },
    { holders: [{ ...holder, fingerprint: counting(32, 9) }, ...others] },
    { parties: 2, holders: intent.holders.slice(0, 2), signers: [1, 2] },
  ];
  const hashes = [{}, ...changes].map((change) => toHex(intentHash({ ...intent, ...change })));
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('the address is taken in any case', () => {
  const lower = { ...intent, address: ADDRESS.toLowerCase() };
  expect(encodeIntent(lower)).toEqual(encodeIntent(intent));
});

test('parties that do not fit together are refused', () => {
  const twin = { index: 2, username: 'ann', fingerprint: counting(32) };
  const changes: Partial<Intent>[] = [
    { holders: intent.holders.slice(0, 2) },
    { holders: [...intent.holders.slice(0, 2), { ...intent.holders[2]!, index: 2 }] },
    { holders: [...intent.holders.slice(0, 2), { ...intent.holders[2]!, index: 4 }] },
    { holders: [intent.holders[0]!, twin, intent.holders[2]!] },
    { signers: [1] },
    { signers: [3, 1] },
    { signers: [1, 1] },
    { signers: [0, 1] },
    { signers: [1, 4] },
    { threshold: 0 },
    { keyId: counting(31) },
    { digest: counting(33) },
    { address: '0x12' },
    { path: [2 ** 32] },
  ];
  for (const change of changes) {
    expect(() => encodeIntent({ ...intent, ...change }), JSON.stringify(change)).toThrow(
      IntentError,
    );
  }
});

test('an intent has frozen bytes', () => {
  const small = { ...intent, parties: 2, holders: intent.holders.slice(0, 2), signers: [1, 2] };
  expect(toHex(intentHash(small))).toBe(
    '1125ff1e1eca6f9d8cfbef5629c71bf246e7b3c0994e5b01f0bfb099be746095',
  );
});
