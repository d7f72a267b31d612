import fc from 'fast-check';
import { Transaction } from 'micro-eth-signer';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  formatAddress,
  fromHex,
  IntentError,
  parsePayload,
  recoverAddress,
  serializeSigned,
  toHex,
} from '../src/index.ts';
import { ADDRESS, SECRET, signDigest } from './support/keys.ts';

const EIP1559 = {
  chain_id: 1,
  nonce: 7,
  max_priority_fee_per_gas: '1000000000',
  max_fee_per_gas: '0x4a817c800',
  gas_limit: 21_000,
  to: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  value: '1000000000000000000',
  data: '0x',
};
const { max_fee_per_gas: _, max_priority_fee_per_gas: __, ...common } = EIP1559;
const LEGACY = { ...common, gas_price: '20000000000' };

const eip1559 = (change: object): unknown => ({
  kind: 'eip1559',
  transaction: { ...EIP1559, ...change },
});
const legacy = (change: object): unknown => ({
  kind: 'legacy',
  transaction: { ...LEGACY, ...change },
});

const bits = (size: number): fc.Arbitrary<bigint> =>
  fc.nat(size).chain((n) => fc.bigInt({ min: 0n, max: (1n << BigInt(n)) - 1n }));
const hex = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => `0x${toHex(bytes)}`);
const fields = fc.record({
  chain: fc.integer({ min: 1, max: 2 ** 32 }),
  nonce: fc.nat(2 ** 30),
  gas: fc.integer({ min: 21_000, max: 10_000_000 }),
  value: bits(100),
  priority: bits(50),
  base: bits(50),
  to: hex(20).map((text) => formatAddress(fromHex(text))),
  data: fc.uint8Array({ maxLength: 300 }).map((bytes) => `0x${toHex(bytes)}`),
  access: fc.array(fc.tuple(hex(20), fc.array(hex(32), { maxLength: 3 })), { maxLength: 3 }),
});

describe('transactions against an independent library', () => {
  test('signed EIP-1559 transactions are byte for byte the same', () => {
    fc.assert(
      fc.property(fields, (f) => {
        const accessList = f.access.map(([address, storageKeys]) => ({
          address: formatAddress(fromHex(address)),
          storageKeys,
        }));
        const theirs = Transaction.prepare(
          {
            type: 'eip1559',
            chainId: BigInt(f.chain),
            nonce: BigInt(f.nonce),
            gasLimit: BigInt(f.gas),
            to: f.to,
            value: f.value,
            data: f.data,
            maxFeePerGas: f.base + f.priority,
            maxPriorityFeePerGas: f.priority,
            accessList,
          },
          false,
        ).signBy(SECRET, false);
        const payload = parsePayload(
          eip1559({
            chain_id: f.chain,
            nonce: f.nonce,
            gas_limit: f.gas,
            to: f.to.toLowerCase(),
            value: f.value.toString(),
            data: f.data,
            max_fee_per_gas: `0x${(f.base + f.priority).toString(16)}`,
            max_priority_fee_per_gas: f.priority.toString(),
            access_list: f.access.map(([address, storage_keys]) => ({ address, storage_keys })),
          }),
        );
        const digest = digestOf(payload);
        const ours = serializeSigned(payload, signDigest(digest));
        expect(`0x${toHex(ours)}`).toBe(theirs.toHex({ includeSignature: true }));
      }),
      { numRuns: 100 },
    );
  });

  test('signed legacy transactions are byte for byte the same', () => {
    fc.assert(
      fc.property(fields, (f) => {
        const theirs = Transaction.prepare(
          {
            type: 'legacy',
            chainId: BigInt(f.chain),
            nonce: BigInt(f.nonce),
            gasLimit: BigInt(f.gas),
            to: f.to,
            value: f.value,
            data: f.data,
            gasPrice: f.base,
          },
          false,
        ).signBy(SECRET, false);
        const payload = parsePayload(
          legacy({
            chain_id: f.chain,
            nonce: f.nonce,
            gas_limit: f.gas,
            to: f.to,
            value: f.value.toString(),
            data: f.data,
            gas_price: f.base.toString(),
          }),
        );
        const ours = serializeSigned(payload, signDigest(digestOf(payload)));
        expect(`0x${toHex(ours)}`).toBe(theirs.toHex({ includeSignature: true }));
      }),
      { numRuns: 100 },
    );
  });
});

test('the example of EIP-155 has its signing hash', () => {
  const payload = parsePayload({
    kind: 'legacy',
    transaction: {
      chain_id: 1,
      nonce: 9,
      gas_price: '20000000000',
      gas_limit: 21_000,
      to: `0x${'35'.repeat(20)}`,
      value: '1000000000000000000',
      data: '0x',
    },
  });
  expect(toHex(digestOf(payload))).toBe(
    'daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53',
  );
  const secret = new Uint8Array(32).fill(0x46);
  const raw = serializeSigned(payload, signDigest(digestOf(payload), secret));
  expect(toHex(raw)).toMatch(
    /^f86c098504a817c800825208943535.*25a028ef61340bd939bc2195fe537567866/,
  );
});

test('a contract creation has an empty recipient', () => {
  const payload = parsePayload(eip1559({ to: null, data: '0x6000' }));
  const signature = signDigest(digestOf(payload));
  expect(recoverAddress(digestOf(payload), signature)).toBe(ADDRESS);
  expect(toHex(serializeSigned(payload, signature))).toContain(
    '825208' + '80' + '880de0b6b3a7640000',
  );
});

test('every spelling of a transaction has one canonical form', () => {
  const spelled = parsePayload(
    eip1559({ nonce: '0x7', value: '0xde0b6b3a7640000', to: EIP1559.to.toLowerCase() }),
  );
  expect(spelled).toEqual(parsePayload(eip1559({})));
  expect(parsePayload(structuredClone(spelled))).toEqual(spelled);
});

test('N-14: a legacy transaction without a chain id is refused', () => {
  const { chain_id: _chain, ...without } = LEGACY;
  expect(() => parsePayload({ kind: 'legacy', transaction: without })).toThrow('chain_id');
  for (const chain_id of [0, '0', null, '', '0x']) {
    expect(() => parsePayload(legacy({ chain_id }))).toThrow('chain_id');
  }
});

test('W-10: hex quantities with leading zeros are the numbers that they are, as in wallets', () => {
  const padded = { value: `0x${'1'.padStart(64, '0')}`, nonce: '0x00', gas_limit: '0x05208' };
  const short = { value: '1', nonce: '0', gas_limit: '21000' };
  const payload = parsePayload(eip1559(padded));
  expect(payload).toEqual(parsePayload(eip1559(short)));
  expect(digestOf(payload)).toEqual(digestOf(parsePayload(eip1559(short))));
});

test('J-4: quantities that are empty, negative, padded, spaced, unsafe or too large are refused', () => {
  const bad = [
    '',
    '0x',
    '-1',
    '01',
    '00x1',
    `0x${'0'.repeat(65)}`,
    ' 1',
    '1 ',
    '1e3',
    '1_0',
    '+1',
    1.5,
    -1,
    2 ** 53,
  ];
  for (const value of [
    ...bad,
    NaN,
    null,
    true,
    [],
    {},
    '1'.repeat(10_000),
    (1n << 256n).toString(),
  ]) {
    for (const name of ['value', 'max_fee_per_gas', 'nonce', 'gas_limit', 'chain_id']) {
      expect(
        () => parsePayload(eip1559({ [name]: value })),
        `${name} ${JSON.stringify(value)}`,
      ).toThrow(IntentError);
    }
  }
  expect(() => parsePayload(eip1559({ nonce: (1n << 64n).toString() }))).toThrow('64 bits');
});

test('a transaction with a missing, unknown or ill-typed field is refused', () => {
  for (const name of Object.keys(EIP1559)) {
    const { [name]: _gone, ...rest } = EIP1559 as Record<string, unknown>;
    expect(() => parsePayload({ kind: 'eip1559', transaction: rest }), name).toThrow(IntentError);
  }
  expect(() => parsePayload(eip1559({ gas_price: '1' }))).toThrow('only the fields');
  expect(() => parsePayload(eip1559(JSON.parse('{"__proto__x":1}')))).toThrow('only the fields');
  expect(() => parsePayload(eip1559({ data: '0x0' }))).toThrow('data');
  expect(() => parsePayload(eip1559({ data: '00' }))).toThrow('data');
  expect(() => parsePayload(eip1559({ data: `0x${'00'.repeat(131_073)}` }))).toThrow('data');
  expect(() => parsePayload(eip1559({ to: undefined }))).toThrow(IntentError);
  expect(() => parsePayload(eip1559({ to: null }))).toThrow('contract code');
  expect(() => parsePayload(eip1559({ access_list: [{ address: EIP1559.to }] }))).toThrow(
    'storage',
  );
  expect(() => parsePayload(eip1559({ max_fee_per_gas: '1' }))).toThrow('max_fee_per_gas');
});

test('only transactions can be serialised, and only with a canonical signature', () => {
  const digest = parsePayload({ kind: 'digest', digest: 'ab'.repeat(32) });
  expect(() => serializeSigned(digest, signDigest(digestOf(digest)))).toThrow('a transaction');
  expect(() => serializeSigned(parsePayload(eip1559({})), new Uint8Array(65))).toThrow(IntentError);
});
