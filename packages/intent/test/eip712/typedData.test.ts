import fc from 'fast-check';
import { signTyped } from 'micro-eth-signer';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  formatAddress,
  IntentError,
  parsePayload,
  payloadHash,
  recoverAddress,
  fromHex,
  toHex,
} from '../../src/index.ts';
import { ADDRESS, SECRET } from '../support/keys.ts';

const MAIL = {
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 1,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
  },
  message: {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  },
};

const parse = (change: object): ReturnType<typeof parsePayload> =>
  parsePayload({ kind: 'eip712', typed_data: { ...MAIL, ...change } });

const withMember = (type: string, value: unknown): unknown => ({
  kind: 'eip712',
  typed_data: {
    types: { Thing: [{ name: 'v', type }], Other: [{ name: 'x', type: 'bool' }] },
    primaryType: 'Thing',
    domain: { name: 'd' },
    message: { v: value },
  },
});

describe('EIP-712', () => {
  test('the example of the standard has its digest, with and without the domain type', () => {
    const expected = 'be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2';
    expect(toHex(digestOf(parse({})))).toBe(expected);
    const { EIP712Domain: _, ...types } = MAIL.types;
    expect(toHex(digestOf(parse({ types })))).toBe(expected);
  });

  test('digests of random documents agree with an independent library', () => {
    const address = fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes) => formatAddress(bytes));
    const bytes = (max: number, min = 0): fc.Arbitrary<string> =>
      fc.uint8Array({ minLength: min, maxLength: max }).map((all) => `0x${toHex(all)}`);
    const text = fc.string({ unit: 'grapheme' }).filter((all) => !/\p{Surrogate}/u.test(all));
    const inner = fc.record({ who: address, big: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }) });
    const message = fc.record({
      text,
      flag: fc.boolean(),
      small: fc.bigInt({ min: -128n, max: 127n }),
      wide: fc.bigInt({ min: -(1n << 255n), max: (1n << 255n) - 1n }),
      blob: bytes(70),
      four: bytes(4, 4),
      list: fc.array(inner, { maxLength: 4 }),
      pairs: fc.array(fc.tuple(text, text), { maxLength: 3 }),
    });
    const types = {
      Zeta: [
        { name: 'who', type: 'address' },
        { name: 'big', type: 'uint256' },
      ],
      Doc: [
        { name: 'text', type: 'string' },
        { name: 'flag', type: 'bool' },
        { name: 'small', type: 'int8' },
        { name: 'wide', type: 'int256' },
        { name: 'blob', type: 'bytes' },
        { name: 'four', type: 'bytes4' },
        { name: 'list', type: 'Zeta[]' },
        { name: 'pairs', type: 'string[2][]' },
      ],
      EIP712Domain: MAIL.types.EIP712Domain,
    } as const;
    const domain = { ...MAIL.domain, chainId: 1n };
    fc.assert(
      fc.property(message, (values) => {
        const typed = { types, primaryType: 'Doc', domain, message: values };
        const theirs = signTyped(typed as never, SECRET, false);
        const json: unknown = JSON.parse(
          JSON.stringify(typed, (_, value: unknown) =>
            typeof value === 'bigint' ? value.toString() : value,
          ),
        );
        const payload = parsePayload({ kind: 'eip712', typed_data: json });
        expect(recoverAddress(digestOf(payload), fromHex(theirs))).toBe(ADDRESS);
      }),
      { numRuns: 60 },
    );
  });

  test('the canonical form is stable, and unused types are not part of it', () => {
    const payload = parse({});
    expect(parsePayload(structuredClone(payload))).toEqual(payload);
    const types = { Unused: [{ name: 'x', type: 'bool' }], ...MAIL.types };
    expect(payloadHash(parse({ types }))).toEqual(payloadHash(payload));
    const message = { ...MAIL.message, contents: 'Hello, Eve!' };
    expect(payloadHash(parse({ message }))).not.toEqual(payloadHash(payload));
  });

  test('an array of structs that contain themselves is hashed', () => {
    const types = {
      Node: [
        { name: 'v', type: 'uint8' },
        { name: 'children', type: 'Node[]' },
      ],
    };
    const message = { v: 1, children: [{ v: 2, children: [] }] };
    const payload = parse({ types, primaryType: 'Node', message, domain: { name: 'd' } });
    expect(digestOf(payload)).toHaveLength(32);
  });
});

describe('EIP-712 refusals', () => {
  test('missing, unknown and ill-typed members are refused: nothing is shown that is not signed', () => {
    const { contents: _, ...missing } = MAIL.message;
    expect(() => parse({ message: missing })).toThrow('contents');
    expect(() => parse({ message: { ...MAIL.message, note: 'hidden' } })).toThrow(
      'only the fields',
    );
    expect(() => parse({ message: { ...MAIL.message, contents: 1 } })).toThrow('contents');
    expect(() => parse({ message: { ...MAIL.message, from: null } })).toThrow('from');
    expect(() => parse({ domain: { ...MAIL.domain, salt: '0x' } })).toThrow('domain');
    expect(() => parse({ domain: { name: 'x' } })).toThrow('domain');
  });

  test('values outside of their type are refused', () => {
    const bad: [string, unknown][] = [
      ['uint8', 256],
      ['uint8', -1],
      ['int8', 128],
      ['int8', '-129'],
      ['uint256', (1n << 256n).toString()],
      ['bool', 'true'],
      ['bool', 1],
      ['address', '0x12'],
      ['address', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD'],
      ['bytes4', '0x0011'],
      ['bytes', '0x0'],
      ['bytes', 'text'],
      ['string', '\ud800'],
      ['bool[2]', [true]],
      ['bool[]', true],
      ['bool[]', { 0: true, length: 1 }],
      ['Other', { x: true, y: 1 }],
    ];
    for (const [type, value] of bad) {
      expect(() => parsePayload(withMember(type, value)), `${type} ${String(value)}`).toThrow(
        IntentError,
      );
    }
  });

  test('types that do not exist, are aliases or are malformed are refused, inside empty arrays too', () => {
    for (const type of [
      'uint',
      'int',
      'uint7',
      'uint264',
      'bytes0',
      'bytes33',
      'Nope',
      'Nope[]',
      'bool[0]',
      'bool[-1]',
      'bool[]x',
      '',
      'uint08',
    ]) {
      expect(() => parsePayload(withMember(type, [])), type).toThrow(IntentError);
    }
    for (const name of ['uint256', 'address', 'uint7', '__proto__', 'a b', 'A(', '1A', '']) {
      const types = JSON.parse(`{${JSON.stringify(name)}:[{"name":"v","type":"bool"}]}`) as object;
      expect(() => parse({ types: { ...MAIL.types, ...types, [`${name}`]: [] } }), name).toThrow(
        IntentError,
      );
    }
    const twice = [
      { name: 'x', type: 'bool' },
      { name: 'x', type: 'bool' },
    ];
    expect(() => parse({ types: { ...MAIL.types, Twice: twice } })).toThrow('each member once');
  });

  test('a domain with other members than the standard, or as the message, is refused', () => {
    const EIP712Domain = [{ name: 'chainId', type: 'string' }];
    expect(() => parse({ types: { ...MAIL.types, EIP712Domain } })).toThrow('EIP712Domain');
    expect(() => parse({ primaryType: 'EIP712Domain', message: MAIL.domain })).toThrow(
      'primaryType',
    );
    expect(() => parse({ primaryType: 'toString' })).toThrow('primaryType');
  });

  test('documents whose types are too many, too large or too nested are refused', () => {
    const members = Array.from({ length: 300 }, (_, at) => ({ name: `m${at}`, type: 'bool' }));
    expect(() => parse({ types: { ...MAIL.types, A: members, B: members } })).toThrow('members');
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`T${at}`, []]));
    expect(() => parse({ types: { ...MAIL.types, ...many } })).toThrow('types');
    expect(() => parsePayload(withMember(`bool${'[]'.repeat(5000)}`, []))).toThrow('256 units');
  });

  test('documents that are too deep or too large are refused', () => {
    const deep = (levels: number): object => ({ v: 1, c: levels === 0 ? [] : [deep(levels - 1)] });
    const types = {
      N: [
        { name: 'v', type: 'uint8' },
        { name: 'c', type: 'N[]' },
      ],
    };
    const read = (message: object): unknown =>
      parse({ types, primaryType: 'N', message, domain: { name: 'd' } });
    expect(() => read(deep(40))).toThrow('levels');
    expect(() => read({ v: 1, c: Array.from({ length: 9000 }, () => ({ v: 1, c: [] })) })).toThrow(
      'values',
    );
  });
});
