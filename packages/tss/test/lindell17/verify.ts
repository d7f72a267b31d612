import { createHash, createPublicKey, verify } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Signature } from '../../src/index.ts';
import { DIGEST } from '../support/parties.ts';

const HALF = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** An independent verifier agrees: noble, with recovery id and low s. */
export function verifies(
  { r, s, bytes, recovery, publicKey }: Signature,
  expected: Uint8Array,
  digest: Uint8Array = DIGEST,
): boolean {
  const compact = bytes.slice(0, 64);
  const low = BigInt(`0x${Buffer.from(s).toString('hex')}`) <= HALF;
  const whole = Buffer.from(compact).equals(Buffer.from([...r, ...s]));
  const recovered = secp256k1.Signature.fromBytes(compact, 'compact')
    .addRecoveryBit(recovery)
    .recoverPublicKey(digest)
    .toBytes(true);
  return (
    low &&
    whole &&
    bytes[64] === 27 + recovery &&
    Buffer.from(publicKey).equals(Buffer.from(expected)) &&
    Buffer.from(recovered).equals(Buffer.from(expected)) &&
    secp256k1.verify(compact, digest, expected, { prehash: false })
  );
}

/** The message of the happy paths: OpenSSL verifies over a message, which it hashes itself. */
const MESSAGE: Uint8Array = new TextEncoder().encode('an order to pay');
export const MESSAGE_DIGEST: Uint8Array = new Uint8Array(
  createHash('sha256').update(MESSAGE).digest(),
);

/** OpenSSL's verdict on a signature of MESSAGE_DIGEST. */
export const opensslVerifies = ({ bytes }: Signature, point: Uint8Array): boolean => {
  const spki = Buffer.concat([Buffer.from(SPKI_HEAD, 'hex'), point]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return verify('sha256', MESSAGE, { key, dsaEncoding: 'ieee-p1363' }, bytes.subarray(0, 64));
};

const SPKI_HEAD = '3036301006072a8648ce3d020106052b8104000a032200';
