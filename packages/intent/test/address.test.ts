import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { addr } from 'micro-eth-signer';
import { expect, test } from 'vitest';
import { addressOf, formatAddress, IntentError, parseAddress } from '../src/index.ts';

test('addresses of compressed and uncompressed keys agree with an independent library', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const secret = new Uint8Array(32).fill(seed);
    const expected = addr.fromPrivateKey(secret);
    expect(addressOf(secp256k1.getPublicKey(secret, true))).toBe(expected);
    expect(addressOf(secp256k1.getPublicKey(secret, false))).toBe(expected);
  }
});

test('bytes that are no point of the curve have no address', () => {
  for (const length of [0, 20, 32, 33, 64, 65]) {
    expect(() => addressOf(new Uint8Array(length).fill(5))).toThrow(IntentError);
  }
});

test('the examples of EIP-55 keep their checksum, in any case that is not mixed', () => {
  for (const address of [
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ]) {
    expect(formatAddress(parseAddress(address))).toBe(address);
    expect(formatAddress(parseAddress(address.toLowerCase()))).toBe(address);
    expect(formatAddress(parseAddress(`0x${address.slice(2).toUpperCase()}`))).toBe(address);
  }
});

test('an address with a wrong checksum, length or prefix is refused', () => {
  for (const text of [
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD',
    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae',
    '5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
    '0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed ',
    '',
  ]) {
    expect(() => parseAddress(text), text).toThrow(IntentError);
  }
});

test('J-4: every address that is read is one spelling of the address that is written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
      expect(parseAddress(formatAddress(bytes))).toEqual(bytes);
    }),
  );
});
