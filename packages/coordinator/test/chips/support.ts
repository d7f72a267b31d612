import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { registrationMessage, sessionMessage } from '@quorate/intent';

/** A chip as registration sees it: a CPLC, a P-256 key, and a signature over the server's nonce. */
export interface TestChip {
  readonly cpic: string;
  readonly publicKey: string;
  prove(nonce: string): string;
  /** A session certificate over a payload, base64. */
  certify(payload: Uint8Array): string;
}

export function testChip(cplc: Uint8Array = new Uint8Array(randomBytes(42))): TestChip {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const chipPublicKey = new Uint8Array(spki.subarray(-65));
  return {
    cpic: Buffer.from(cplc).toString('hex'),
    publicKey: Buffer.from(chipPublicKey).toString('hex'),
    prove: (nonce) => {
      const message = registrationMessage({
        chipPublicKey,
        cplc,
        nonce: new Uint8Array(Buffer.from(nonce, 'hex')),
      });
      return sign('sha256', message, { key: privateKey, dsaEncoding: 'der' }).toString('base64');
    },
    certify: (payload) => {
      const message = sessionMessage(chipPublicKey, payload);
      const der = sign('sha256', message, { key: privateKey, dsaEncoding: 'der' });
      return Buffer.concat([payload, der]).toString('base64');
    },
  };
}
