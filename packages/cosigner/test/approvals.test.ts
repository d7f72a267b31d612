// What a person approves at a cosigner, over REST and at its terminal.
import { createAsker } from '@quorate/holder';
import type { Question } from '../../holder/src/approval/asker.ts';
import { describe, expect, test } from 'vitest';
import { Typist } from '../../holder/test/support/keyboard.ts';
import { Approvals, describeRequest } from '../src/approvals.ts';

const never = (): AbortSignal => new AbortController().signal;

describe('what a person approves', () => {
  const request = {
    sessionId: 'ab',
    type: 'sign',
    partner: 'enterprise\u202e',
    address: null,
    message: 'pay 5\n\u001b[2Jpay 500',
    hash: 'keccak256',
    digest: '0x12',
    intent: Buffer.from('ab'.repeat(32), 'hex'),
    timeLeft: 120_000,
  } as const;

  test('has text, hash and digest, without characters that rule the terminal', () => {
    const text = describeRequest(request).join('\n');
    expect(text).toContain('Keccak-256 of the text');
    expect(text).toContain('0x12');
    for (const ruling of ['\u001b', '\u202e', '5\npay']) expect(text).not.toContain(ruling);
  });

  test('is asked for once; a refusal when nobody answers in time', async () => {
    const approvals = new Approvals('prompt', undefined);
    const late = new AbortController();
    const decision = approvals.decide(request, late.signal);
    expect(() => approvals.approve('other', '0x12')).toThrow('no request waits for this decision');
    late.abort();
    expect(await decision).toEqual({ accept: false, reason: 'no answer in time' });
    expect(() => approvals.approve('ab', '0x12')).toThrow('no request waits for this decision');
  });

  test('is approved by the digest that was looked at, and by nothing else', async () => {
    const approvals = new Approvals('prompt', undefined);
    const decision = approvals.decide(request, new AbortController().signal);
    expect(() => approvals.approve('ab', '0x13')).toThrow(
      'the digest does not belong to this session',
    );
    expect(() => approvals.approve('ab', undefined)).toThrow('by the digest that was looked at');
    approvals.approve('ab', '0x12');
    expect(await decision).toEqual({ accept: true });
  });

  test('of a new key has no digest, and takes none', async () => {
    const approvals = new Approvals('prompt', undefined);
    const keygen = { ...request, type: 'keygen', message: null, hash: null, digest: null } as const;
    const decision = approvals.decide(keygen, new AbortController().signal);
    expect(() => approvals.approve('ab', '0x12')).toThrow(
      'the digest does not belong to this session',
    );
    approvals.approve('ab', undefined);
    expect(await decision).toEqual({ accept: true });
  });
});

describe('a person at the terminal of a cosigner', () => {
  const digest = `0x02ec${'0'.repeat(60)}`;
  const intent = Buffer.from('ab12'.repeat(16), 'hex');
  const common = { sessionId: 'cd', partner: 'enterprise', timeLeft: 120_000, intent };
  const nothing = { address: null, message: null, hash: null, digest: null };
  const address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

  test.each([
    ['digest', { ...common, ...nothing, type: 'sign', address, digest }, '02ec'],
    ['address', { ...common, ...nothing, type: 'refresh', address }, '5aae'],
    ['digest of this request', { ...common, ...nothing, type: 'keygen' }, 'ab12'],
  ] as const)('Y-12: types digits of the %s and fresh ones', async (name, request, digits) => {
    const asked: Question[] = [];
    const approvals = new Approvals('prompt', (question) => {
      asked.push(question);
      return Promise.resolve({ accept: true });
    });
    expect(await approvals.decide(request, new AbortController().signal)).toEqual({ accept: true });
    expect(asked).toMatchObject([{ subject: { name }, timeLeft: 120_000 }]);
    const [{ subject, lines } = { subject: { hex: '' }, lines: [''] }] = asked;
    expect(subject.hex.toLowerCase().replace('0x', '').slice(0, 4)).toBe(digits);
    expect(lines.join('\n')).toContain(subject.hex);
  });

  test('Y-2: a closed terminal declines nothing: REST still decides', async () => {
    const approvals = new Approvals('prompt', () => Promise.resolve('closed'));
    const decision = approvals.decide({ ...common, ...nothing, type: 'keygen' }, never());
    await new Promise((resolve) => setImmediate(resolve));
    approvals.approve('cd', undefined);
    expect(await decision).toEqual({ accept: true });
  });

  test('X-2: a terminal that fails ends nothing: REST still decides', async () => {
    const approvals = new Approvals('prompt', () => Promise.reject(new Error('no terminal')));
    const decision = approvals.decide({ ...common, ...nothing, type: 'keygen' }, never());
    await new Promise((resolve) => setImmediate(resolve));
    approvals.approve('cd', undefined);
    expect(await decision).toEqual({ accept: true });
  });

  test('Y-1: a question that REST decided is void at the terminal, and says why', async () => {
    const typist = new Typist('terminal');
    const approvals = new Approvals('prompt', createAsker(typist.terminal));
    const decision = approvals.decide({ ...common, ...nothing, type: 'sign', digest }, never());
    const old = await typist.question();
    approvals.decline('cd', 'no');
    expect(await decision).toEqual({ accept: false, reason: 'no' });
    const second = approvals.decide({ ...common, ...nothing, type: 'sign', digest }, never());
    const fresh = await typist.question(2);
    expect(typist.shown).toContain('── Signature ── void: it was decided over REST.');
    typist.type(`02ec${old}\r`);
    await typist.question(3);
    typist.type(`02ec${fresh}\r`);
    expect(await second).toEqual({ accept: true });
    typist.terminal.release();
  });
});
