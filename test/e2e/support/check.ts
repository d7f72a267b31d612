// A second opinion on keys and signatures: node:crypto (OpenSSL) and micro-eth-signer, no code of ours.
import { createPublicKey, ECDH, verify } from 'node:crypto';
import { addr } from 'micro-eth-signer';

/** The address of a public key (0x and 66 hex digits). */
export function addressOfKey(publicKey: string): string {
  return addr.fromPublicKey(publicKey.replace(/^0x/, ''));
}

/** Whether OpenSSL accepts r ‖ s as a signature of SHA-256(message) under the key. */
export function opensslAccepts(message: string, signature: string, publicKey: string): boolean {
  const point = Buffer.from(
    ECDH.convertKey(
      publicKey.replace(/^0x/, ''),
      'secp256k1',
      'hex',
      undefined,
      'uncompressed',
    ) as Buffer,
  );
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'secp256k1',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
  });
  const bytes = Buffer.from(signature.replace(/^0x/, ''), 'hex').subarray(0, 64);
  return verify('sha256', Buffer.from(message), { key, dsaEncoding: 'ieee-p1363' }, bytes);
}
