import { generateKeyPairSync } from 'node:crypto';

/** A fresh P-256 public key, 65 bytes, as a chip has. */
export function chipPublicKey(): Uint8Array {
  const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    format: 'jwk',
  });
  return Uint8Array.from(
    Buffer.concat([Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]),
  );
}
