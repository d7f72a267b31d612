import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  AUTHORISATION_OPERATION,
  authorisationMessage,
  registrationMessage,
  rotateMessage,
  roundSigningInput,
  sessionMessage,
  unblockMessage,
  verifyP256,
} from '../src/index.ts';
import { counting } from './support/keys.ts';

/** One message of each purpose, with fields that a stranger may choose: the server its nonce, a peer its payload. */
const fields = { chipPublicKey: counting(65), recordId: counting(32), address: counting(20) };
const authorised = { ...fields, sessionHash: counting(32), digest: counting(32) };
const challenge = counting(16);
const MESSAGES = {
  session: sessionMessage(fields.chipPublicKey, counting(171)),
  registration: registrationMessage({
    chipPublicKey: fields.chipPublicKey,
    cplc: counting(42),
    nonce: counting(32),
  }),
  rotation: rotateMessage({
    chipPublicKey: fields.chipPublicKey,
    newAuthorisationKey: counting(65),
    challenge,
  }),
  unblocking: unblockMessage({ chipPublicKey: fields.chipPublicKey, challenge }),
  read: authorisationMessage({ ...authorised, operation: 'read', challenge }),
  deletion: authorisationMessage({ ...authorised, operation: 'delete', challenge }),
  round: roundSigningInput(counting(32), 1, 1, 2, counting(32)),
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** The bytes before everything that a stranger may choose. */
const FIXED: Record<keyof typeof MESSAGES, string> = {
  session: 'quorate-se/v1/session',
  registration: 'quorate-se/v1/register',
  rotation: 'quorate-se/v1/rotate',
  unblocking: 'quorate-se/v1/unblock',
  read: `quorate-se/v1${String.fromCharCode(AUTHORISATION_OPERATION.read)}`,
  deletion: `quorate-se/v1${String.fromCharCode(AUTHORISATION_OPERATION.delete)}`,
  round: `${'\0'.repeat(7)}${String.fromCharCode(16)}quorate/v1/round`,
};

describe('R-11: a signature for one purpose serves no other', () => {
  test.each(Object.keys(MESSAGES) as (keyof typeof MESSAGES)[])(
    'what is signed for a %s begins with a label that begins nothing else',
    (purpose) => {
      expect(text(MESSAGES[purpose]).startsWith(FIXED[purpose])).toBe(true);
      for (const [other, message] of Object.entries(MESSAGES)) {
        if (other !== purpose) expect(text(message).startsWith(FIXED[purpose])).toBe(false);
      }
    },
  );

  test('the answer to a registration is not that of a session certificate, nor an authorisation', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = createSign('sha256').update(MESSAGES.registration).sign(privateKey);
    const verifies = Object.entries(MESSAGES).filter(([, message]) =>
      verifyP256(rawOf(publicKey), message, der),
    );
    expect(verifies.map(([purpose]) => purpose)).toEqual(['registration']);
  });
});

function rawOf(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([
    Uint8Array.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
}
