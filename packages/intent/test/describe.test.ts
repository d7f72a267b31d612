import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describePayload,
  type Description,
  escapeForDisplay,
  parsePayload,
  printable,
} from '../src/index.ts';

const TOKEN = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
const OTHER = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
const word = (value: bigint | string): string =>
  (typeof value === 'string' ? value.slice(2).toLowerCase() : value.toString(16)).padStart(64, '0');

const transaction = (change: object): Description =>
  describePayload(
    parsePayload({
      kind: 'eip1559',
      transaction: {
        chain_id: 1,
        nonce: 0,
        max_priority_fee_per_gas: 1,
        max_fee_per_gas: '2000000000',
        gas_limit: 21_000,
        to: TOKEN,
        value: '1500000000000000000',
        data: '0x',
        ...change,
      },
    }),
  );

const typed = (change: object, type = 'Permit'): Parameters<typeof describePayload>[0] =>
  parsePayload({
    kind: 'eip712',
    typed_data: {
      types: {
        [type]: [
          { name: 'owner', type: 'address' },
          { name: 'spender', type: 'address' },
          { name: 'value', type: 'uint256' },
        ],
      },
      primaryType: type,
      domain: { name: 'Token', version: '1', chainId: 1, verifyingContract: TOKEN },
      message: { owner: TOKEN, spender: OTHER, value: '5' },
      ...change,
    },
  });

const lineOf = (description: Description, label: string): string | undefined =>
  description.lines.find((line) => line.label === label)?.value;

describe('decoding', () => {
  test('a transfer of coins shows chain, recipient, exact value and the largest fee, without warnings', () => {
    const shown = transaction({});
    expect(lineOf(shown, 'chain')).toBe('1 (Ethereum main chain)');
    expect(lineOf(shown, 'to')).toBe(TOKEN);
    expect(lineOf(shown, 'value')).toBe('1.5 coins (1500000000000000000 wei)');
    expect(lineOf(shown, 'fee at most')).toBe('0.000042 coins (42000000000000 wei)');
    expect(shown.warnings).toEqual([]);
  });

  test('token calls are shown with their arguments', () => {
    const transfer = transaction({ data: `0xa9059cbb${word(OTHER)}${word(25n)}` });
    expect(lineOf(transfer, 'call')).toBe('transfer(address,uint256)');
    expect(lineOf(transfer, 'call to')).toBe(OTHER);
    expect(lineOf(transfer, 'call amount')).toBe('25');
    expect(transfer.warnings).toEqual([]);
    const from = transaction({ data: `0x23b872dd${word(TOKEN)}${word(OTHER)}${word(1n)}` });
    expect(lineOf(from, 'call from')).toBe(TOKEN);
  });

  test('calldata that is not exactly a known call is shown raw, with a warning', () => {
    const call = `0xa9059cbb${word(OTHER)}${word(25n)}`;
    const dirty = `0xa9059cbb${'01'.padEnd(24, '0')}${OTHER.slice(2)}${word(25n)}`;
    for (const data of [`${call}00`, call.slice(0, -2), dirty, '0x12345678', '0xa9059cbb']) {
      const shown = transaction({ data });
      expect(lineOf(shown, 'call')).toBeUndefined();
      expect(shown.warnings.join()).toContain('unknown contract call');
    }
  });

  test('a contract creation is warned about', () => {
    expect(transaction({ to: null, data: '0x60' }).warnings.join()).toContain('creates a contract');
  });

  test('N-7: a bare digest is shown as such, with a warning', () => {
    const shown = describePayload(parsePayload({ kind: 'digest', digest: 'ab'.repeat(32) }));
    expect(shown.title).toBe('Bare digest');
    expect(shown.warnings.join()).toContain('nobody can see');
  });
});

describe('N-14', () => {
  test('N-14: unlimited approvals are warned about, limited ones named, revocations quiet', () => {
    const approve = (value: bigint): string =>
      transaction({ data: `0x095ea7b3${word(OTHER)}${word(value)}` }).warnings.join();
    expect(approve((1n << 256n) - 1n)).toContain('unlimited approval');
    expect(approve((1n << 160n) - 1n)).toContain('unlimited approval');
    expect(approve(1n << 255n)).toContain('unlimited approval');
    expect(approve(1000n)).toContain('approval: the spender');
    expect(approve(0n)).toBe('');
    const all = transaction({ data: `0xa22cb465${word(OTHER)}${word(1n)}` });
    expect(all.warnings.join()).toContain('approval for all');
    const increase = transaction({ data: `0x39509351${word(OTHER)}${word((1n << 256n) - 1n)}` });
    expect(increase.warnings.join()).toContain('unlimited approval');
  });

  test('N-14: a permit is warned about, and more loudly when it is unlimited', () => {
    expect(describePayload(typed({})).warnings).toEqual([
      'permit: this signature alone lets the spender take tokens',
    ]);
    const unlimited = { owner: TOKEN, spender: OTHER, value: ((1n << 256n) - 1n).toString() };
    expect(describePayload(typed({ message: unlimited })).warnings.join()).toContain(
      'unlimited amount',
    );
    const dai = parsePayload({
      kind: 'eip712',
      typed_data: {
        types: {
          Permit: [
            { name: 'holder', type: 'address' },
            { name: 'allowed', type: 'bool' },
          ],
        },
        primaryType: 'Permit',
        domain: { name: 'Dai', chainId: 1, verifyingContract: TOKEN },
        message: { holder: TOKEN, allowed: true },
      },
    });
    expect(describePayload(dai).warnings.join()).toContain('unlimited amount');
  });

  test('N-14: a permit hidden in a nested type is found', () => {
    const nested = parsePayload({
      kind: 'eip712',
      typed_data: {
        types: {
          Order: [{ name: 'inner', type: 'PermitDetails[]' }],
          PermitDetails: [{ name: 'amount', type: 'uint160' }],
        },
        primaryType: 'Order',
        domain: { name: 'x', chainId: 1, verifyingContract: TOKEN },
        message: { inner: [{ amount: ((1n << 160n) - 1n).toString() }] },
      },
    });
    const warnings = describePayload(nested).warnings.join();
    expect(warnings).toContain('permit');
    expect(warnings).toContain('unlimited');
  });

  test('N-14: typed data for another chain, for every chain or for every contract is warned about', () => {
    const domain = { name: 'Token', version: '1', chainId: 137, verifyingContract: TOKEN };
    expect(describePayload(typed({ domain })).warnings.join()).toContain('another chain: 137');
    const expected = describePayload(typed({ domain }), { expectedChains: [137] });
    expect(expected.warnings.join()).not.toContain('another chain');
    const bare = describePayload(typed({ domain: { name: 'Token' } })).warnings.join();
    expect(bare).toContain('every chain');
    expect(bare).toContain('every contract');
  });

  test('N-14: a transaction for another chain than the expected one is warned about', () => {
    const payload = parsePayload({
      kind: 'legacy',
      transaction: {
        chain_id: 5,
        nonce: 0,
        gas_price: 1,
        gas_limit: 1,
        to: TOKEN,
        value: 0,
        data: '0x',
      },
    });
    const shown = describePayload(payload, { expectedChains: ['1', 10n] });
    expect(shown.warnings.join()).toContain('another chain: 5');
    expect(describePayload(payload).warnings).toEqual([]);
  });
});

describe('R-16', () => {
  test('R-16: a message cannot forge a second line, reverse an amount or hide text', () => {
    const message = 'Pay 1\nto: 0xMALLORY\u202e001 \u001b[2K\rdone\u200b\u0000\u2028';
    const shown = describePayload(parsePayload({ kind: 'eip191', message }));
    const text = shown.lines.map(({ label, value }) => label + value).join('');
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(shown.lines.map(({ label }) => label)).toEqual(['message line 1', 'message line 2']);
    expect(text).toContain('\\u{202e}');
    expect(text).toContain('\\u{1b}[2K\\u{d}done');
    expect(shown.warnings).toEqual(['the message has invisible characters, shown escaped']);
  });

  test('W-12: a message of several lines, or with a backslash, is no attack', () => {
    const shown = describePayload(parsePayload({ kind: 'eip191', message: 'C:\\a\n\nb' }));
    expect(shown.lines.map(({ value }) => value)).toEqual(['C:\\\\a', '', 'b']);
    expect(shown.warnings).toEqual([]);
  });

  test('W-12: a sign-in (EIP-4361) is warned about when it names another site, and only then', () => {
    const signIn = (changes: { site?: string; uri?: string; more?: string } = {}): string => {
      const { site = 'example.com:8443', uri = 'https://Example.com:8443/login', more } = changes;
      return [
        `${site} wants you to sign in with your Ethereum account:`,
        TOKEN,
        '',
        'I accept the terms: https://other.example/terms',
        '',
        ...(uri === '' ? [] : [`URI: ${uri}`]),
        'Version: 1',
        'Chain ID: 1',
        'Nonce: 32891756',
        'Issued At: 2026-01-01T00:00:00Z',
        'Resources:',
        '- ipfs://bafy/',
        ...(more === undefined ? [] : [more]),
      ].join('\n');
    };
    const warnings = (message: string) =>
      describePayload(parsePayload({ kind: 'eip191', message })).warnings;
    expect(warnings(signIn())).toEqual([]);
    expect(warnings(signIn({ site: 'https://example.com:8443' }))).toEqual([]);
    for (const uri of [
      'https://evil.example/',
      'https://example.com/',
      'https://example.com:8443@e/',
    ]) {
      expect(warnings(signIn({ uri })), uri).toEqual([
        expect.stringMatching(/^sign-in at example\.com:8443: .* belongs to another site, /),
      ]);
    }
    expect(warnings(signIn({ more: 'URI: https://evil.example' }))).toHaveLength(1);
    expect(warnings(signIn({ uri: '' }))).toEqual([
      'sign-in at example.com:8443: the message names no address of the site',
    ]);
    expect(warnings(signIn({ more: 'a\u202eb' }))).toHaveLength(1);
  });

  test('R-16: names and values of typed data are escaped', () => {
    const domain = { name: 'To\u202eken\n', version: '1', chainId: 1, verifyingContract: TOKEN };
    const shown = describePayload(typed({ domain }));
    expect(lineOf(shown, 'domain.name')).toBe('To\\u{202e}ken\\u{a}');
  });

  test('R-16: a message that is a hash is warned about', () => {
    const shown = describePayload(
      parsePayload({ kind: 'eip191', message: `0x${'ab'.repeat(32)}` }),
    );
    expect(shown.warnings.join()).toContain('hash');
  });

  test('R-16: escaped text is one line of visible characters and cannot imitate an escape', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeForDisplay(text);
        expect(escaped).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f]/u);
        const unescaped = escaped.replace(/\\\\|\\u\{([0-9a-f]+)\}/g, (_, code?: string) =>
          code === undefined ? '\\' : String.fromCodePoint(Number.parseInt(code, 16)),
        );
        expect(unescaped).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('R-16: plain text of any script stays as it is; odd spaces and piled-up marks do not', () => {
    for (const text of ['Zahlung an Böb', '支付给李雷', 'оплата', 'दान', 'a b', '😀']) {
      expect(escapeForDisplay(text)).toBe(text);
    }
    for (const text of ['\u009b\\', '\u202e\\u{7}', 'plain \\ text']) {
      const escaped = escapeForDisplay(text);
      expect(printable(escaped)).toBe(escaped);
    }
    expect(escapeForDisplay('a\u00a0b\u3000c\u2800')).toBe('a\\u{a0}b\\u{3000}c\\u{2800}');
    expect(escapeForDisplay(`a${'\u0301'.repeat(4)}`)).toContain('\\u{301}');
    expect(escapeForDisplay('\u{e0041}\ufe0f\u3164')).toBe('\\u{e0041}\\u{fe0f}\\u{3164}');
  });
});
