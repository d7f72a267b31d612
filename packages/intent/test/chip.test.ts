import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import {
  type Authorisation,
  authorisationMessage,
  chipFingerprint,
  concat,
  framed,
  IntentError,
  recordId,
  registrationMessage,
  rotateMessage,
  roundSigningInput,
  shardAssociatedData,
  shortFingerprint,
  toHex,
  u16,
  u32,
  utf8,
} from '../src/index.ts';
import { counting } from './support/keys.ts';

const authorisation: Authorisation = {
  operation: 'read',
  chipPublicKey: counting(65),
  recordId: counting(32, 1),
  address: counting(20, 2),
  sessionHash: counting(32, 3),
  digest: counting(32, 4),
  challenge: counting(16, 5),
};

test('an authorisation has the layout of contract 1.6', () => {
  expect(authorisationMessage(authorisation)).toEqual(
    concat(
      utf8('quorate-se/v1'),
      Uint8Array.of(0x12),
      counting(65),
      counting(32, 1),
      counting(20, 2),
      counting(32, 3),
      counting(32, 4),
      counting(16, 5),
    ),
  );
});

test('1.9.10 every field and the operation change an authorisation', () => {
  const changes: Partial<Authorisation>[] = [
    { operation: 'delete' },
    { chipPublicKey: counting(65, 1) },
    { recordId: counting(32, 9) },
    { address: counting(20, 9) },
    { sessionHash: counting(32, 9) },
    { digest: counting(32, 9) },
    { challenge: counting(16, 9) },
  ];
  const all = [{}, ...changes].map((change) =>
    toHex(authorisationMessage({ ...authorisation, ...change })),
  );
  expect(new Set(all).size).toBe(all.length);
});

test('F-1: fixed layouts refuse fields of another length', () => {
  for (const name of [
    'chipPublicKey',
    'recordId',
    'address',
    'sessionHash',
    'digest',
    'challenge',
  ]) {
    expect(() => authorisationMessage({ ...authorisation, [name]: counting(15) })).toThrow(
      IntentError,
    );
  }
  const rotation = {
    chipPublicKey: counting(65),
    newAuthorisationKey: counting(65),
    challenge: counting(16),
  };
  expect(rotateMessage(rotation)).toHaveLength(20 + 65 + 65 + 16);
  expect(() => rotateMessage({ ...rotation, newAuthorisationKey: counting(33) })).toThrow(
    IntentError,
  );
  const registration = { chipPublicKey: counting(65), cplc: counting(42), nonce: counting(32) };
  expect(registrationMessage(registration)).toHaveLength(22 + 65 + 42 + 32);
  expect(() => registrationMessage({ ...registration, nonce: counting(16) })).toThrow(IntentError);
});

test('fingerprints are SHA-256, and people compare 8 groups of 4 digits', () => {
  const fingerprint = chipFingerprint(counting(65));
  expect(fingerprint).toEqual(sha256(counting(65)));
  expect(shortFingerprint(fingerprint)).toMatch(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/);
  expect(shortFingerprint(fingerprint).replaceAll('-', '')).toBe(
    toHex(fingerprint.subarray(0, 16)),
  );
});

test('a record is named after key, part and epoch', () => {
  const id = recordId(counting(32), 2, 0);
  expect(id).toEqual(sha256(framed('quorate/v1/record', counting(32), u16(2), u32(0))));
  const all = [
    id,
    recordId(counting(32, 1), 2, 0),
    recordId(counting(32), 3, 0),
    recordId(counting(32), 2, 1),
  ];
  expect(new Set(all.map(toHex)).size).toBe(4);
});

test('E-2: associated data of a shard change with every field', () => {
  const shard = {
    version: 1,
    publicKey: counting(33),
    address: counting(20),
    partIndex: 1,
    epoch: 0,
    recordId: counting(32),
  };
  const changes = [
    {},
    { version: 2 },
    { publicKey: counting(33, 1) },
    { address: counting(20, 1) },
    { partIndex: 2 },
    { epoch: 1 },
    { recordId: counting(32, 1) },
  ];
  const all = changes.map((change) => toHex(shardAssociatedData({ ...shard, ...change })));
  expect(new Set(all).size).toBe(all.length);
});

test('round signatures cover session, round, sender, recipient and body', () => {
  const sid = counting(32);
  const body = counting(32, 1);
  expect(roundSigningInput(sid, 2, 1, null, body)).toEqual(
    framed('quorate/v1/round', sid, u16(2), u16(1), u16(0), body),
  );
  const all = [
    roundSigningInput(sid, 2, 1, null, body),
    roundSigningInput(sid, 2, 1, 2, body),
    roundSigningInput(sid, 1, 2, null, body),
    roundSigningInput(counting(32, 9), 2, 1, null, body),
    roundSigningInput(sid, 2, 1, null, counting(32, 9)),
  ];
  expect(new Set(all.map(toHex)).size).toBe(all.length);
  expect(() => roundSigningInput(sid, 2, 1, null, counting(31))).toThrow(IntentError);
});
