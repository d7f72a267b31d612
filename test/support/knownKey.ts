/** Signatures of the private key 1, whose public key is the generator: nobody has to be asked for one. */

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** The x of the generator, whose y is even. */
const R = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;

/** The address of the private key 1. */
export const ADDRESS_OF_ONE = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';

/** r, s, v of a digest, with the ephemeral key 1: s = m + r. */
export function signedByOne(digest: string): Uint8Array {
  const sum = (BigInt(digest) + R) % ORDER;
  const low = sum <= ORDER / 2n;
  const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
  const s = low ? sum : ORDER - sum;
  return Buffer.from(`${hex(R)}${hex(s)}${low ? '1b' : '1c'}`, 'hex');
}
