import { deriveSessionId as derivedByIntent } from '@quorate/intent';
import { deriveSessionId as derivedByProtocol } from '@quorate/tss';
import { expect, test } from 'vitest';

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 17) % 256);

test.each([2, 3, 32])(
  '1.5a the coordinator and the protocol make one session id of %i certificates',
  (parties) => {
    const certificates = Array.from({ length: parties }, (_, at) => bytes(171 + 70 + (at % 3), at));
    for (const keyId of [null, bytes(32, 99), new Uint8Array(32)]) {
      const expected = Buffer.from(derivedByProtocol(keyId, certificates));
      expect(Buffer.from(derivedByIntent(keyId, certificates))).toEqual(expected);
      const base64 = certificates.map((certificate) => Buffer.from(certificate).toString('base64'));
      expect(Buffer.from(derivedByIntent(keyId, base64))).toEqual(expected);
    }
  },
);
