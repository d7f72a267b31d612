/** Asymmetric keys of a cosigner in the forms that Node and the wire need. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { decodeSpki, encodePublicJwk } from '@quorate/intent';
import { SetupError } from './errors.ts';
import { readSecretLine } from './files.ts';

/** A new P-256 key pair: the secret as PEM, the public key as 65 bytes. */
export function makeP256(): { readonly pem: string; readonly publicKey: Uint8Array } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { pem, publicKey: p256PublicKey(privateKey) };
}

/** The uncompressed public key (65 bytes) of a P-256 private key. */
export function p256PublicKey(key: KeyObject): Uint8Array {
  return decodeSpki('P-256', createPublicKey(key).export({ format: 'der', type: 'spki' }));
}

/** A new X25519 key pair: the secret as PEM, the public key as 32 bytes. */
export function makeX25519(): { readonly pem: string; readonly publicKey: Uint8Array } {
  const { privateKey } = generateKeyPairSync('x25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { pem, publicKey: x25519Raw(privateKey) };
}

/** The raw public key (32 bytes) of an X25519 key. */
export function x25519Raw(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return decodeSpki('X25519', publicKey.export({ format: 'der', type: 'spki' }));
}

/** An X25519 public key from its 32 bytes. */
export function x25519Public(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: encodePublicJwk('X25519', raw), format: 'jwk' });
}

/** A private key from a file of PEM that only its owner may read. @throws SetupError `store/tampered` */
export function readPrivateKey(file: string): KeyObject {
  const pem = readSecretLine(file);
  try {
    return createPrivateKey(Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength));
  } catch (error) {
    throw new SetupError('store/tampered', `${file}: expected a private key in PEM`, error);
  } finally {
    pem.fill(0);
  }
}
