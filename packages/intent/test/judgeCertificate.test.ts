import { describe, expect, test } from 'vitest';
import {
  type CertificateProblem,
  CERTIFICATE_TIMES,
  concat,
  encodeCertificatePayload,
  type ExpectedCertificate,
  judgeCertificate,
  sessionMessage,
  toBase64,
} from '../src/index.ts';
import { counting, makeChip } from './support/keys.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const chip = makeChip(9);
const fields = {
  operation: 'sign',
  sessionKey: 'payroll-7',
  partIndex: 3,
  nonce: counting(32, 1),
  x25519: counting(32, 2),
  ed25519: counting(32, 3),
  intentHash: counting(32, 4),
  notAfter: NOW + CERTIFICATE_TIMES.lifetime,
} as const;
const expected: ExpectedCertificate = {
  operation: 'sign',
  sessionKey: 'payroll-7',
  partIndex: 3,
  chipPublicKey: chip.publicKey,
  intentHash: fields.intentHash,
  now: NOW,
};

type Change = Partial<Parameters<typeof encodeCertificatePayload>[0]>;

function certificate(change: Change = {}, signer = chip): Uint8Array {
  const payload = encodeCertificatePayload({ ...fields, ...change });
  return concat(payload, signer.sign(sessionMessage(signer.publicKey, payload)));
}

const kindOf = (
  received: Uint8Array | string,
  change: Partial<ExpectedCertificate> = {},
): CertificateProblem['kind'] | 'ok' => {
  const judged = judgeCertificate(received, { ...expected, ...change });
  return judged.ok ? 'ok' : judged.problem.kind;
};

describe('a session certificate', () => {
  test('for this session, party, chip and intent is valid, as bytes and as base64', () => {
    const bytes = certificate();
    for (const received of [bytes, toBase64(bytes)]) {
      const judged = judgeCertificate(received, expected);
      expect(judged).toMatchObject({ ok: true, certificate: { partIndex: 3, bytes } });
    }
  });

  test.each<[string, Change, CertificateProblem['kind']]>([
    ['another operation', { operation: 'refresh' }, 'operation'],
    ['another party', { partIndex: 4 }, 'part-index'],
    ['another session', { sessionKey: 'payroll-8' }, 'session'],
    ['another intent', { intentHash: counting(32, 5) }, 'intent'],
    ['an unusable key', { x25519: new Uint8Array(32) }, 'malformed'],
  ])('R-10, R-14, X-4: for %s is refused', (_, change, kind) => {
    expect(kindOf(certificate(change))).toBe(kind);
  });

  test('R-15: by another chip, or with a changed signature, is refused', () => {
    expect(kindOf(certificate({}, makeChip(10)))).toBe('chip');
    const bytes = certificate();
    const other = certificate({ nonce: counting(32, 9) });
    expect(kindOf(concat(bytes.subarray(0, 171), other.subarray(171)))).toBe('chip');
    expect(kindOf(bytes, { chipPublicKey: chip.publicKey.subarray(1) })).toBe('chip');
  });

  test('of another form is refused with the expected form', () => {
    expect(judgeCertificate('AAAA', expected)).toEqual({
      ok: false,
      problem: { kind: 'malformed', expected: 'a payload of 171 bytes and a signature' },
    });
  });

  test.each([
    ['ended a minute ago', NOW - MINUTE, 'expired'],
    ['ended less than a minute ago', NOW - MINUTE + 1, 'ok'],
    ['ends in 15 minutes', NOW + 15 * MINUTE, 'ok'],
    ['ends in more than 15 minutes', NOW + 15 * MINUTE + 1, 'too-long'],
  ])('R-13: is judged by clocks a minute apart at most: it %s', (_, notAfter, kind) => {
    expect(kindOf(certificate({ notAfter }))).toBe(kind);
  });

  test('R-13: of a date that does not fit is told with both times', () => {
    const notAfter = NOW + 3_600_000;
    expect(judgeCertificate(certificate({ notAfter }), expected)).toEqual({
      ok: false,
      problem: { kind: 'too-long', notAfter, now: NOW },
    });
  });

  test('does not age where its consent is for ever', () => {
    for (const notAfter of [0, NOW + 3_600_000]) {
      expect(kindOf(certificate({ notAfter }), { now: undefined })).toBe('ok');
    }
  });

  test('of several problems the first is told: its party and session, its chip, what it is for, its date', () => {
    const stranger = makeChip(10);
    const late = { intentHash: counting(32, 5), notAfter: 0 };
    const other = { ...late, operation: 'keygen' } as const;
    expect(kindOf(certificate({ ...other, partIndex: 4 }, stranger))).toBe('part-index');
    expect(kindOf(certificate({ ...other, sessionKey: 's' }, stranger))).toBe('session');
    expect(kindOf(certificate(other, stranger))).toBe('chip');
    expect(kindOf(certificate(other))).toBe('operation');
    expect(kindOf(certificate(late))).toBe('intent');
  });
});
