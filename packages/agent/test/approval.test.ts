import { PassThrough } from 'node:stream';
import { digestOf, parsePayload } from '@quorate/intent';
import { describe, expect, test } from 'vitest';
import type { ApprovalRequest, KeygenApproval, SignApproval } from '../src/approval/index.ts';
import { decide, parsePolicy, type Policy } from '../src/approval/policy.ts';
import { approveByPrompt, describe as describeRequest } from '../src/approval/prompt.ts';
import { eventually } from './support/eventually.ts';

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
};

const transfer = (change: object) => ({
  kind: 'eip1559',
  transaction: { ...transaction, ...change },
});

const text = `
keygen: allow
sign:
  kinds: [eip1559, legacy, eip712]
  chains: [1, 11155111]
  addresses: ["${RECIPIENT}"]
  max_value: "1000000000000000000"
`;

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

  test('N-14: typed data must name an allowed chain and contract', () => {
    const typed = (domain: object) => ({
      kind: 'eip712',
      typed_data: {
        types: {
          EIP712Domain: Object.keys(domain).map((name) => ({
            name,
            type: name === 'chainId' ? 'uint256' : 'address',
          })),
          Note: [{ name: 'text', type: 'string' }],
        },
        primaryType: 'Note',
        domain,
        message: { text: 'hi' },
      },
    });
    const verifyingContract = RECIPIENT;
    expect(accepts(signRequest(typed({ chainId: 1, verifyingContract })))).toBe(true);
    expect(accepts(signRequest(typed({ chainId: 5, verifyingContract })))).toBe(false);
    expect(accepts(signRequest(typed({ verifyingContract })))).toBe(false);
    expect(accepts(signRequest(typed({ chainId: 1 })))).toBe(false);
  });

  test('an unknown key is refused and the nearest known one is named', () => {
    expect(() => parsePolicy('p', `${text}  alow_digest: true\n`)).toThrow(
      /unknown key "sign.alow_digest"; did you mean allow_digest/,
    );
    expect(() => parsePolicy('p', text.replace('chains', 'chain'))).toThrow(/did you mean chains/);
  });

  test('what limits a signature must be written out; nothing is unlimited by omission', () => {
    for (const key of ['kinds', 'chains', 'addresses', 'max_value']) {
      const without = text.split('\n').filter((line) => !line.includes(`${key}:`));
      expect(() => parsePolicy('p', without.join('\n')), key).toThrow();
    }
    expect(() => parsePolicy('p', text.replace('"1000000000000000000"', '1e18'))).toThrow();
    expect(() => parsePolicy('p', 'a: &x [1]\nb: *x')).toThrow(/YAML/);
  });
});

describe('prompt', () => {
  async function prompt(
    request: ApprovalRequest,
    answer: string | null,
    signal: AbortSignal = new AbortController().signal,
  ) {
    const input = new PassThrough();
    const output = new PassThrough();
    const shown: Buffer[] = [];
    output.on('data', (chunk: Buffer) => shown.push(chunk));
    if (answer === null) input.end();
    else input.write(answer);
    const approval = await approveByPrompt({ input, output })(request, signal);
    return { approval, shown: Buffer.concat(shown).toString('utf8') };
  }

  test('shows the decoded transaction and takes only yes for yes', async () => {
    const { approval, shown } = await prompt(signRequest(transfer({})), 'yes\n');
    expect(approval).toEqual({ accept: true });
    expect(shown).toContain(RECIPIENT);
    expect(shown).toMatch(/1(\.0)? ?ETH|1000000000000000000/);
    expect((await prompt(signRequest(transfer({})), 'y\n')).approval.accept).toBe(false);
    expect((await prompt(signRequest(transfer({})), '\n')).approval.accept).toBe(false);
    expect((await prompt(keygenRequest, 'YES\n')).approval.accept).toBe(true);
  });

  test('an end of input or a session that ended is a refusal', async () => {
    expect((await prompt(signRequest(null), null)).approval.accept).toBe(false);
    const over = AbortSignal.abort();
    expect((await prompt(signRequest(null), 'yes\n', over)).approval.accept).toBe(false);
  });

  test('the reason that a person types reaches the others, escaped', async () => {
    const { approval } = await prompt(signRequest(null), 'no way \u202e\u0007\n');
    expect(approval).toEqual({ accept: false, reason: 'declined: no way \\u{202e}\\u{7}' });
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

  test('the note of the requester is labelled as unverified', () => {
    const lines = describeRequest(signRequest(transfer({}), { display: 'pay rent' }));
    expect(lines.at(-1)).toBe('  unverified note of the requester: pay rent');
  });

  test('two sessions are asked one after the other', async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const shown: string[] = [];
    output.on('data', (chunk: Buffer) => shown.push(chunk.toString('utf8')));
    const approve = approveByPrompt({ input, output });
    const { signal } = new AbortController();
    const first = approve({ ...keygenRequest, sessionKey: 'first' }, signal);
    const second = approve({ ...keygenRequest, sessionKey: 'second' }, signal);
    await eventually(() => shown.join('').includes('first'));
    expect(shown.join('')).not.toContain('second');
    input.write('yes\n');
    expect(await first).toEqual({ accept: true });
    input.write('no\n');
    expect((await second).accept).toBe(false);
  });
});
