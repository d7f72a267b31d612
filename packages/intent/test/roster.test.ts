import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  encodeRosterForSigning,
  IntentError,
  parseRoster,
  type Roster,
  signRoster,
  toBase64,
  toHex,
  verifyRoster,
} from '../src/index.ts';
import { makeChip } from './support/keys.ts';

const secret = new Uint8Array(32).fill(3);
const key = ed25519.getPublicKey(secret);
const roster: Roster = {
  serial: 4,
  issuedAt: 1_700_000_000_000,
  entries: [
    { username: 'bob', chipPublicKey: makeChip(2).publicKey },
    { username: 'ann', chipPublicKey: makeChip(1).publicKey },
  ],
};
const signed = signRoster(roster, secret);

test('a signed roster verifies under its key', () => {
  const sorted = { ...roster, entries: roster.entries.toReversed() };
  expect(verifyRoster(signed, key)).toEqual(sorted);
  expect(verifyRoster(parseRoster(JSON.parse(JSON.stringify(signed))), key)).toEqual(sorted);
});

test('R-15: a roster signed by another key is refused, whatever key it names', () => {
  const other = signRoster(roster, new Uint8Array(32).fill(4));
  expect(() => verifyRoster(other, key)).toThrow('the pinned key');
  expect(() => verifyRoster({ ...other, public_key: toHex(key) }, key)).toThrow('signature');
});

test('R-15: a roster with a changed serial, time, name, chip or signature is refused', () => {
  const [first, second] = signed.entries;
  const chip = toHex(makeChip(3).publicKey);
  const flipped = Buffer.from(signed.signature, 'base64').map((byte, at) =>
    at === 9 ? byte ^ 1 : byte,
  );
  const changes = [
    { serial: 5 },
    { issued_at: 1 },
    { entries: [first] },
    { entries: [{ ...first, username: 'eve' }, second] },
    { entries: [{ ...first, chip_public_key: chip }, second] },
    {
      entries: [
        { ...first, username: 'bob' },
        { ...second, username: 'ann' },
      ],
    },
    { entries: [first, second, { username: 'eve', chip_public_key: chip }] },
    { signature: toBase64(flipped) },
  ];
  for (const change of changes) {
    expect(() => verifyRoster({ ...signed, ...change }, key), JSON.stringify(change)).toThrow(
      IntentError,
    );
  }
});

test('1.9.14 a roster with one chip for two people, or one person with two chips, is refused', () => {
  const [first] = roster.entries;
  const twice = [first!, { ...first!, username: 'eve' }];
  expect(() => encodeRosterForSigning({ ...roster, entries: twice })).toThrow('each chip once');
  const both = [first!, { ...first!, chipPublicKey: makeChip(7).publicKey }];
  expect(() => encodeRosterForSigning({ ...roster, entries: both })).toThrow('each username once');
  expect(() => encodeRosterForSigning({ ...roster, entries: [] })).toThrow('entries');
});

test('R-16: usernames with control or bidirectional characters, or not in NFC, are refused', () => {
  for (const username of ['', 'a\nb', 'a\u202eb', 'e\u0301', 'x'.repeat(129), 'a\u0000']) {
    const entries = [{ username, chipPublicKey: makeChip(1).publicKey }];
    expect(() => encodeRosterForSigning({ ...roster, entries }), username).toThrow(IntentError);
  }
});

test('J-4: files with missing, unknown or ill-typed fields, and text that is no JSON, are refused', () => {
  const bad: unknown[] = [
    null,
    [],
    'x',
    '{',
    { ...signed, extra: 1 },
    { ...signed, format: 'quorate-roster/v2' },
    { ...signed, serial: '4' },
    { ...signed, serial: -1 },
    { ...signed, entries: {} },
    { ...signed, entries: [null] },
    { ...signed, entries: [{ username: 'ann' }] },
    { ...signed, public_key: 5 },
  ];
  for (const file of bad) {
    expect(() => parseRoster(file), JSON.stringify(file)).toThrow(IntentError);
    expect(() => verifyRoster(file, key)).toThrow(IntentError);
  }
  expect(() => verifyRoster({ ...signed, signature: 'AAAA' }, key)).toThrow(IntentError);
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.jsonValue()), (file) => {
      expect(() => verifyRoster(file, key)).toThrow(IntentError);
    }),
  );
});

test('X-1: a username of a mebibyte is refused by its length, before it is normalised', () => {
  const normalize = vi.spyOn(String.prototype, 'normalize');
  const username = `a${'\u0315'.repeat(512 * 1024)}${'\u0300'.repeat(512 * 1024)}`;
  const [first, second] = signed.entries;
  const file = { ...signed, entries: [{ ...first, username }, second] };
  expect(() => verifyRoster(file, key)).toThrow('usernames of 1 to 128 printable characters');
  const lengths = normalize.mock.contexts.map((text) => String(text).length);
  normalize.mockRestore();
  expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(128);
});
