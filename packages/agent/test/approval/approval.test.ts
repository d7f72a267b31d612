import { digestOf, parsePayload, toHex } from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import { approveAll } from '../../src/approval/auto.ts';
import type { ApprovalRequest } from '../../src/approval/request.ts';
import type { DestroyApproval } from '../../src/ceremonies/destroy/approval.ts';
import type { KeygenApproval } from '../../src/ceremonies/keygen/approval.ts';
import type { SignApproval } from '../../src/ceremonies/sign/request.ts';
import { decide, parsePolicy, type Policy } from '../../src/approval/policy.ts';
import { approveByPrompt, describe as describeRequest } from '../../src/approval/prompt.ts';
import { Typist } from '../../../holder/test/support/keyboard.ts';

const RECIPIENT = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

const transaction = {
  chain_id: 1,
  nonce: 0,
  max_priority_fee_per_gas: '1000000000',
  max_fee_per_gas: '30000000000',
  gas_limit: 21000,
  to: RECIPIENT,
  value: '1000000000000000000',
  data: '0x',
};

function signRequest(payload: unknown, change: Partial<SignApproval> = {}): SignApproval {
  const parsed = payload === null ? null : parsePayload(payload);
  return {
    kind: 'sign',
    sessionKey: 's1',
    coordinator: 'carol',
    address: RECIPIENT,
    digest: parsed ? digestOf(parsed) : new Uint8Array(32).fill(5),
    payload: parsed,
    display: null,
    threshold: 2,
    totalParts: 3,
    participants: [{ username: 'alice', partIndex: 1, fingerprint: 'aaaa-bbbb' }],
    timeLeft: 120_000,
    ...change,
  };
}

const keygenRequest: KeygenApproval = {
  kind: 'keygen',
  sessionKey: 'k1',
  coordinator: 'carol',
  threshold: 2,
  totalParts: 3,
  partIndex: 1,
  participants: [{ username: 'alice', partIndex: 1, fingerprint: 'aaaa-bbbb' }],
  intent: Buffer.from('abcd'.repeat(16), 'hex'),
  timeLeft: 120_000,
};

const destroyRequest: DestroyApproval = {
  kind: 'destroy',
  sessionKey: 'd1',
  coordinator: 'carol',
  address: RECIPIENT,
  reason: 'the office is closed\u202e',
  threshold: 2,
  totalParts: 3,
  partIndex: 1,
  participants: [
    { username: 'alice', partIndex: 1, fingerprint: 'aaaa-bbbb' },
    { username: 'bob', partIndex: 2, fingerprint: 'cccc-dddd' },
  ],
  absent: [{ username: 'dave', partIndex: 3, fingerprint: 'eeee-ffff' }],
  timeLeft: 120_000,
};

const transfer = (change: object) => ({
  kind: 'eip1559',
  transaction: { ...transaction, ...change },
});

const TOKEN = '0xdAC17F958D2ee523a2206206994597C13D831ec7';
const CONTRACT = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';

const text = `
keygen: allow
sign:
  kinds: [eip1559, legacy, eip712]
  chains: [1, 11155111]
  addresses: ["${RECIPIENT}"]
  max_value: "1000000000000000000"
  max_fee: "630000000000000"
`;

const legacy = (change: object) => ({
  kind: 'legacy',
  transaction: {
    chain_id: 1,
    nonce: 0,
    gas_price: '30000000000',
    gas_limit: 21000,
    to: RECIPIENT,
    value: '1',
    data: '0x',
    ...change,
  },
});

const word = (hex: string): string => hex.replace(/^0x/, '').toLowerCase().padStart(64, '0');

const typed = (domain: object, primaryType = 'Note') => ({
  kind: 'eip712',
  typed_data: {
    types: {
      EIP712Domain: Object.keys(domain).map((name) => ({
        name,
        type: name === 'chainId' ? 'uint256' : 'address',
      })),
      [primaryType]: [{ name: 'text', type: 'string' }],
    },
    primaryType,
    domain,
    message: { text: 'hi' },
  },
});

describe('policy', () => {
  const policy = parsePolicy('policy.yaml', text);
  const accepts = (request: ApprovalRequest, rules: Policy = policy): boolean =>
    decide(rules, request).accept;

  test('allows what it lists, up to the limit and not a wei more', () => {
    expect(accepts(signRequest(transfer({})))).toBe(true);
    expect(accepts(signRequest(transfer({ value: '1000000000000000001' })))).toBe(false);
    expect(accepts(keygenRequest)).toBe(true);
  });

  test('refuses another chain, recipient, kind, a contract call and a contract creation', () => {
    expect(accepts(signRequest(transfer({ chain_id: 2 })))).toBe(false);
    expect(
      accepts(signRequest(transfer({ to: '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359' }))),
    ).toBe(false);
    expect(accepts(signRequest(transfer({ to: RECIPIENT.toLowerCase() })))).toBe(true);
    expect(accepts(signRequest(transfer({ data: '0xa9059cbb' })))).toBe(false);
    expect(accepts(signRequest(transfer({ to: null, data: '0x00' })))).toBe(false);
    expect(accepts(signRequest({ kind: 'eip191', message: 'hello' }))).toBe(false);
  });

  test('refuses a bare digest unless it says otherwise', () => {
    const digest = { kind: 'digest', digest: '05'.repeat(32) };
    expect(accepts(signRequest(null))).toBe(false);
    expect(accepts(signRequest(digest))).toBe(false);
    const open = parsePolicy('policy.yaml', `${text}  allow_digest: true\n`);
    expect(accepts(signRequest(null), open)).toBe(true);
    expect(accepts(signRequest(digest), open)).toBe(true);
  });

  test('the fee is bounded, whatever the gas limit and price', () => {
    expect(accepts(signRequest(transfer({ gas_limit: 21001 })))).toBe(false);
    expect(accepts(signRequest(transfer({ max_fee_per_gas: '30000000001' })))).toBe(false);
    expect(accepts(signRequest(legacy({})))).toBe(true);
    expect(accepts(signRequest(legacy({ gas_price: '30000000001' })))).toBe(false);
    expect(accepts(signRequest(legacy({ gas_limit: '4294967296' })))).toBe(false);
  });

  describe('with calldata', () => {
    const rules = parsePolicy(
      'policy.yaml',
      `${text.replace('630000000000000', '1630000000000000')}  allow_calldata: true
  max_token_amount: { "${TOKEN}": "1000" }
  allow_calldata_to: ["${CONTRACT}", "${TOKEN}"]
`,
    );
    const call = (data: string, change: object = {}): boolean =>
      accepts(
        signRequest(transfer({ to: TOKEN, value: '0', gas_limit: 50000, data, ...change })),
        rules,
      );
    const amount = (value: number): string => word(value.toString(16));
    const calls: Record<string, (to: string, value: number) => string> = {
      transfer: (to, value) => `0xa9059cbb${word(to)}${amount(value)}`,
      transferFrom: (to, value) => `0x23b872dd${word(CONTRACT)}${word(to)}${amount(value)}`,
      approve: (to, value) => `0x095ea7b3${word(to)}${amount(value)}`,
      increaseAllowance: (to, value) => `0x39509351${word(to)}${amount(value)}`,
    };

    test.each(Object.keys(calls))('%s is bound to its recipient, amount and token', (name) => {
      const data = calls[name]!;
      expect(call(data(RECIPIENT, 1000))).toBe(true);
      expect(call(data(RECIPIENT, 1001))).toBe(false);
      expect(call(data(CONTRACT, 1))).toBe(false);
      expect(call(data(RECIPIENT, 1), { to: CONTRACT })).toBe(false);
      expect(call(data(RECIPIENT, 1), { to: RECIPIENT })).toBe(false);
      expect(call(data(RECIPIENT, 1), { value: '1' })).toBe(false);
      expect(call(`${data(RECIPIENT, 1)}00`)).toBe(false);
      expect(call(data(RECIPIENT, 1).slice(0, -2))).toBe(false);
      expect(call(data(`0x01${RECIPIENT.slice(2).padStart(62, '0')}`, 1))).toBe(false);
    });

    test('any other call goes to the listed contracts only', () => {
      expect(call('0x12345678', { to: CONTRACT })).toBe(true);
      expect(call('0x12345678')).toBe(true);
      expect(call('0x12345678', { to: RECIPIENT })).toBe(false);
      expect(call('0x12345678', { to: CONTRACT, value: '1' })).toBe(false);
    });

    test('without it no call is allowed, whatever is listed', () => {
      const closed = { ...rules, sign: { ...rules.sign, allow_calldata: false } };
      const data = calls['transfer']!(RECIPIENT, 1);
      const request = signRequest(transfer({ to: TOKEN, value: '0', gas_limit: 50000, data }));
      expect(accepts(request, rules)).toBe(true);
      expect(accepts(request, closed)).toBe(false);
    });
  });

  describe('with typed data', () => {
    const listed = (types: string, more = ''): Policy =>
      parsePolicy(
        'policy.yaml',
        `${text}  typed_data: [${types}]
${more}`,
      );
    const entry = (type: string): string => `{ contract: "${RECIPIENT}", primary_type: ${type} }`;
    const domain = { chainId: 1, verifyingContract: RECIPIENT };

    test('N-14: contract, type and chain must be listed', () => {
      const rules = listed(entry('Note'));
      expect(accepts(signRequest(typed(domain)), rules)).toBe(true);
      expect(accepts(signRequest(typed(domain)))).toBe(false);
      expect(accepts(signRequest(typed(domain, 'Order')), rules)).toBe(false);
      expect(accepts(signRequest(typed({ ...domain, verifyingContract: TOKEN })), rules)).toBe(
        false,
      );
      expect(accepts(signRequest(typed({ ...domain, chainId: 5 })), rules)).toBe(false);
      expect(accepts(signRequest(typed({ verifyingContract: RECIPIENT })), rules)).toBe(false);
      expect(accepts(signRequest(typed({ chainId: 1 })), rules)).toBe(false);
    });

    test.each([
      'Permit',
      'PermitSingle',
      'PermitBatch',
      'PermitWitnessTransferFrom',
      'TransferWithAuthorization',
      'ReceiveWithAuthorization',
    ])('N-14: %s is refused, also when it is listed, unless permits are allowed', (type) => {
      expect(accepts(signRequest(typed(domain, type)), listed(entry(type)))).toBe(false);
      const open = listed(entry(type), '  allow_permits: true\n');
      expect(accepts(signRequest(typed(domain, type)), open)).toBe(true);
    });
  });

  test('a message is refused unless messages are allowed besides their kind', () => {
    const message = signRequest({ kind: 'eip191', message: 'hello' });
    const kind = text.replace('eip712]', 'eip712, eip191]');
    expect(accepts(message, parsePolicy('p', kind))).toBe(false);
    expect(accepts(message, parsePolicy('p', `${kind}  allow_messages: true\n`))).toBe(true);
  });

  test('a key is destroyed by a policy only when it says so', () => {
    expect(decide(parsePolicy('p', text), destroyRequest)).toEqual({
      accept: false,
      reason: 'policy: destroying a key is not allowed',
    });
    const allowing = parsePolicy('p', `destroy: allow\n${text}`);
    expect(decide(allowing, destroyRequest)).toEqual({ accept: true });
    expect(() => parsePolicy('p', `destroy: yes\n${text}`)).toThrow(/destroy/);
  });

  test('auto destroys nothing unless the configuration says so, and approves the rest', async () => {
    const { signal } = new AbortController();
    expect((await approveAll({ destroy: false })(destroyRequest, signal)).accept).toBe(false);
    expect((await approveAll({ destroy: false })(keygenRequest, signal)).accept).toBe(true);
    expect((await approveAll({ destroy: true })(destroyRequest, signal)).accept).toBe(true);
  });

  test('an unknown key is refused and the nearest known one is named', () => {
    expect(() => parsePolicy('p', `${text}  alow_digest: true\n`)).toThrow(
      /unknown key "sign.alow_digest"; did you mean allow_digest/,
    );
    expect(() => parsePolicy('p', text.replace('chains', 'chain'))).toThrow(/did you mean chains/);
  });

  test('what limits a signature must be written out; nothing is unlimited by omission', () => {
    for (const key of ['kinds', 'chains', 'addresses', 'max_value', 'max_fee']) {
      const without = text.split('\n').filter((line) => !line.includes(`${key}:`));
      expect(() => parsePolicy('p', without.join('\n')), key).toThrow(new RegExp(key));
    }
    expect(() => parsePolicy('p', text.replace('"1000000000000000000"', '1e18'))).toThrow(
      /max_value: expected text/,
    );
    expect(() => parsePolicy('p', 'a: &x [1]\nb: *x')).toThrow('p: Alias resolution is disabled');
  });
});

describe('prompt', () => {
  /** `DIGITS` in the answer stands for the fresh digits of the question. */
  async function prompt(request: ApprovalRequest, answer: string | null) {
    const typist = new Typist('terminal');
    const answered = approveByPrompt(typist.terminal)(request, new AbortController().signal);
    if (answer === null) typist.input.end();
    else typist.type(answer.replace('DIGITS', await typist.question()));
    const approval = await answered;
    typist.terminal.release();
    return { approval, shown: typist.shown };
  }

  const request = signRequest(transfer({}));
  const code = toHex(request.digest).slice(0, 4);

  test('shows the decoded transaction, and takes digits of its digest for consent', async () => {
    const { approval, shown } = await prompt(request, `${code}DIGITS\n`);
    expect(approval).toEqual({ accept: true });
    expect(shown).toContain(RECIPIENT);
    expect(shown).toMatch(/1(\.0)? ?ETH|1000000000000000000/);
    expect(shown).toContain('To approve, type the first 4 digits of the digest, then ');
  });

  test('Y-12: a key generation is approved by digits of what every participant agrees on', async () => {
    const { approval, shown } = await prompt(keygenRequest, 'abcdDIGITS\n');
    expect(approval).toEqual({ accept: true });
    expect(shown).toContain(`digest of this request: 0x${'abcd'.repeat(16)}`);
    expect(shown).toContain('type the first 4 digits of the digest of this request, then ');
  });

  test('a destruction says what it is, who takes part and who is not asked, and takes the address for consent', async () => {
    const digits = RECIPIENT.slice(2, 6);
    const { approval, shown } = await prompt(destroyRequest, `${digits}DIGITS\n`);
    expect(approval).toEqual({ accept: true });
    expect(shown).toContain('DESTROY A KEY, for ever');
    expect(shown).toContain(RECIPIENT);
    expect(shown).toContain('the office is closed\\u{202e} (unverified)');
    expect(shown).toMatch(/destroys part 2: bob \(cccc-dddd\)/);
    expect(shown).toMatch(
      /not asked, since the coordinator says that its chip is gone: part 3: dave \(eeee-ffff\)/,
    );
    expect(shown).toContain('type the first 4 digits of the address, then ');
  });

  test('an end of the input is a refusal that says so', async () => {
    expect((await prompt(signRequest(null), null)).approval).toEqual({
      accept: false,
      reason: 'declined: the terminal is closed, nobody can answer there',
    });
  });

  test('the reason that a person types reaches the others, escaped', async () => {
    const { approval } = await prompt(signRequest(null), 'no way \u202e\n');
    expect(approval).toEqual({ accept: false, reason: 'declined: way \\u{202e}' });
  });

  test('a bare digest carries a warning', async () => {
    const { shown } = await prompt(signRequest(null), 'no\n');
    expect(shown).toMatch(/WARNING/);
    expect(shown).toContain('05'.repeat(32));
  });

  test('R-16: nothing that others wrote can move the cursor, reorder text or add a line', () => {
    const evil = 'x\n  value: 0 ETH\u001b[2J\u202eHTE 1\u2066\u0000\r\u0085\u2028';
    const requests: ApprovalRequest[] = [
      signRequest({ kind: 'eip191', message: evil.replaceAll('\u0000', '') }),
      signRequest(transfer({}), { coordinator: evil, display: evil }),
      signRequest(transfer({}), {
        participants: [{ username: evil, partIndex: 1, fingerprint: 'aaaa' }],
      }),
      { ...keygenRequest, coordinator: evil, sessionKey: evil },
    ];
    for (const request of requests) {
      const lines = describeRequest(request);
      for (const line of lines) {
        expect(line).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u);
      }
      expect(lines.some((line) => /^\s*value: 0 ETH/.test(line))).toBe(false);
    }
  });

  test('who asks is labelled as unverified: only the coordinator says so', () => {
    for (const one of [request, keygenRequest]) {
      expect(describeRequest(one)).toContain('Requested by: carol (unverified)');
    }
  });

  test('the note of the requester is labelled as unverified', () => {
    const lines = describeRequest(signRequest(transfer({}), { display: 'pay rent' }));
    expect(lines.at(-1)).toBe('  unverified note of the requester: pay rent');
  });
});
