/**
 * DKLs23: t of n parties make an ECDSA key together and sign with it (docs/spec/keygen.md and sign.md).
 *
 * @module
 */
export { keygen } from './keygen.ts';
export { Keyshare, type KeyshareFields } from './keyshare.ts';
export { type KeygenParameters, MAX_PARTIES, type SignParameters } from './parameters.ts';
export { sign } from './sign.ts';
