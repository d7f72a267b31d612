import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  certificateHash,
  certificateHashes,
  concat,
  decodeCertificate,
  encodeCertificatePayload,
  IntentError,
  OPERATION,
  sessionHash,
  sessionMessage,
  toBase64,
  toHex,
  utf8,
  verifyCertificate,
} from '../src/index.ts';
import { counting, makeChip } from './support/keys.ts';

const chip = makeChip(9);
const fields = {
  operation: 'sign',
  sessionKey: 'payroll-7',
  partIndex: 3,
  nonce: counting(32, 1),
  x25519: counting(32, 2),
  ed25519: counting(32, 3),
  intentHash: counting(32, 4),
  notAfter: 1_800_000_000_000,
} as const;
const payload = encodeCertificatePayload(fields);
const certificate = concat(payload, chip.sign(sessionMessage(chip.publicKey, payload)));

test('the payload has the fixed layout of contract 1.5a', () => {
  expect(payload).toHaveLength(171);
  expect(toHex(payload)).toBe(
    '02' +
      toHex(sha256(utf8('payroll-7'))) +
      '0003' +
      [1, 2, 3, 4].map((start) => toHex(counting(32, start))).join('') +
      '000001a3185c5000',
  );
});

test('a certificate decodes to what was encoded, from bytes and from base64', () => {
  for (const form of [certificate, toBase64(certificate)]) {
    const decoded = decodeCertificate(form);
    const { sessionKey, ...rest } = fields;
    expect(decoded).toMatchObject(rest);
    expect(decoded.sessionKeyHash).toEqual(sha256(utf8(sessionKey)));
    expect(decoded.bytes).toEqual(certificate);
    expect(verifyCertificate(form, chip.publicKey)).toBe(true);
  }
});

test('the session hash is SHA-256 of label, chip key and payload', () => {
  const expected = sha256(concat(utf8('quorate-se/v1/session'), chip.publicKey, payload));
  expect(sessionHash(chip.publicKey, payload)).toEqual(expected);
});

test('a certificate of another chip, or with any changed byte, does not verify', () => {
  expect(verifyCertificate(certificate, makeChip(10).publicKey)).toBe(false);
  fc.assert(
    fc.property(fc.nat(certificate.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = certificate.with(at, certificate[at]! ^ flip);
      expect(verifyCertificate(changed, chip.publicKey)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test('a signature that the same chip made under another label does not verify', () => {
  const other = concat(payload, chip.sign(concat(utf8('quorate-se/v1/register'), payload)));
  expect(verifyCertificate(other, chip.publicKey)).toBe(false);
});

test('truncated, extended and unknown certificates are refused', () => {
  for (const bytes of [
    certificate.subarray(0, 170),
    certificate.subarray(0, 171),
    certificate.subarray(0, -1),
    concat(certificate, Uint8Array.of(0)),
    certificate.with(0, 0),
    certificate.with(0, Math.max(...Object.values(OPERATION)) + 1),
    certificate.with(33, 0).with(34, 0),
    certificate.with(163, 255),
  ]) {
    expect(() => decodeCertificate(bytes)).toThrow(IntentError);
    expect(verifyCertificate(bytes, chip.publicKey)).toBe(false);
  }
  expect(() => decodeCertificate(`${toBase64(certificate)}\n`)).toThrow(IntentError);
});

test('J-4: bytes decode as a certificate to what encodes back, or are refused', () => {
  const mutated = fc
    .tuple(fc.nat(certificate.length - 1), fc.nat(255))
    .map(([at, byte]) => certificate.with(at, byte));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 260 })), (bytes) => {
      try {
        const decoded = decodeCertificate(bytes);
        expect(concat(decoded.payloadBytes, decoded.der)).toEqual(bytes);
        expect(decoded.payloadBytes[0]).toBe(OPERATION[decoded.operation]);
      } catch (error) {
        expect(error).toBeInstanceOf(IntentError);
      }
    }),
    { numRuns: 1000 },
  );
});

test.each(Object.keys(OPERATION) as (keyof typeof OPERATION)[])(
  'a certificate for a %s is read as one for it',
  (operation) => {
    const payload = encodeCertificatePayload({ ...fields, operation });
    const signed = concat(payload, chip.sign(sessionMessage(chip.publicKey, payload)));
    expect(decodeCertificate(signed).operation).toBe(operation);
  },
);

test.each(['keygen', 'sign', 'refresh', 'reshare'] as const)(
  'X-4: for a %s, ephemeral keys of small order are refused',
  (operation) => {
    for (const change of [{ x25519: new Uint8Array(32) }, { ed25519: new Uint8Array(32) }]) {
      const bad = encodeCertificatePayload({ ...fields, operation, ...change });
      const signed = concat(bad, chip.sign(sessionMessage(chip.publicKey, bad)));
      expect(() => decodeCertificate(signed)).toThrow(
        expect.objectContaining({ code: 'intent/public-key' }),
      );
      expect(verifyCertificate(signed, chip.publicKey)).toBe(false);
    }
  },
);

test.each(['destroy', 'replace'] as const)(
  'for a %s, whose parties send each other nothing, keys may be anything',
  (operation) => {
    const keys = { x25519: new Uint8Array(32), ed25519: new Uint8Array(32) };
    const plain = encodeCertificatePayload({ ...fields, operation, ...keys });
    const signed = concat(plain, chip.sign(sessionMessage(chip.publicKey, plain)));
    expect(decodeCertificate(signed)).toMatchObject({ operation, ...keys });
    expect(verifyCertificate(signed, chip.publicKey)).toBe(true);
  },
);

test('a payload with a field of another length or range is refused', () => {
  for (const name of ['nonce', 'x25519', 'ed25519', 'intentHash']) {
    expect(() => encodeCertificatePayload({ ...fields, [name]: counting(31) })).toThrow(
      IntentError,
    );
  }
  expect(() => encodeCertificatePayload({ ...fields, partIndex: 65_536 })).toThrow(IntentError);
  expect(() => encodeCertificatePayload({ ...fields, notAfter: 1.5 })).toThrow(IntentError);
});

test('a decoded certificate does not share memory with its input', () => {
  const input = certificate.slice();
  const decoded = decodeCertificate(input);
  input.fill(0);
  expect(decoded.bytes).toEqual(certificate);
});

test('certificate hashes cover the whole certificate, signature included', () => {
  expect(certificateHashes([certificate, toBase64(certificate)])).toEqual([
    sha256(certificate),
    sha256(certificate),
  ]);
  expect(certificateHash(certificate.with(180, 1))).not.toEqual(certificateHash(certificate));
});
