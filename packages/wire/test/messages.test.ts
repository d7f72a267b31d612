import { describe, expect, it } from 'vitest';
import { ClientMessage, LIMITS, parseFrame, ServerMessage } from '../src/index.ts';
import { CLIENT_SAMPLES, SERVER_SAMPLES } from './support/samples.ts';

const client = (message: unknown) => parseFrame(JSON.stringify(message), { from: 'client' });
const server = (message: unknown) => parseFrame(JSON.stringify(message), { from: 'server' });
const both = [
  ...CLIENT_SAMPLES.map((sample) => [client, sample] as const),
  ...SERVER_SAMPLES.map((sample) => [server, sample] as const),
];
const typesIn = (samples: readonly Record<string, unknown>[]) =>
  new Set(samples.map((sample) => String(sample.type)));
const sampleOf = (type: string): Record<string, unknown> => ({
  ...CLIENT_SAMPLES.find((sample) => sample.type === type),
});

describe('every message', () => {
  it('has a sample in its direction', () => {
    expect(typesIn(CLIENT_SAMPLES).size).toBe(ClientMessage.options.length);
    expect(typesIn(SERVER_SAMPLES).size).toBe(ServerMessage.options.length);
  });

  it('passes unchanged', () => {
    for (const [parse, sample] of both) {
      expect(parse(sample)).toEqual({ ok: true, messages: [sample], batch: false });
    }
  });

  it('C6: is refused with a field that it does not know', () => {
    for (const [parse, sample] of both) {
      const result = parse({ ...sample, surprise: 1 });
      expect(result).toMatchObject({ ok: false, error: { code: 'invalid_message' } });
      expect(result.ok ? '' : result.error.details).toContain('unknown field surprise');
    }
  });

  it('1.9.1 is refused when any field has a value of another kind', () => {
    for (const [parse, sample] of both) {
      for (const field of Object.keys(sample)) {
        for (const value of [{}, [null], 1.5, -1, '\u0000', 2 ** 60]) {
          const result = parse({ ...sample, [field]: value });
          expect(result.ok, `${String(sample.type)}.${field} = ${JSON.stringify(value)}`).toBe(
            false,
          );
        }
      }
    }
  });

  it('E-1: is refused with a signature of a chip that is shorter than any DER signature', () => {
    const sample = SERVER_SAMPLES.find(({ type }) => type === 'chip_authorisation');
    const signed = (bytes: number): unknown => ({
      ...sample,
      signature: Buffer.alloc(bytes, 0x30).toString('base64'),
    });
    expect(server(signed(8)).ok).toBe(true);
    expect(server(signed(7))).toMatchObject({ ok: false, error: { code: 'invalid_message' } });
  });

  it('is refused in the other direction, except an acknowledgement or a round without a number', () => {
    for (const sample of CLIENT_SAMPLES.filter(({ type }) => type !== 'round' && type !== 'ack')) {
      expect(server(sample)).toMatchObject({ error: { code: 'unknown_type' } });
    }
    expect(server({ type: 'ack', seq: 1 }).ok).toBe(false);
    expect(client({ type: 'ack', cseq: 1 }).ok).toBe(false);
    expect(server({ ...sampleOf('round') }).ok).toBe(false);
  });
});

describe('the fields', () => {
  it('1.9.1 refuses a part index that is not 1 to 32', () => {
    for (const part_index of [0, 33, -1, 1.5, '2', null]) {
      expect(client({ ...sampleOf('chip_challenge'), part_index }).ok).toBe(false);
    }
    expect(client({ ...sampleOf('chip_challenge'), part_index: 32 }).ok).toBe(true);
  });

  it('refuses a session key with anything but its alphabet, or that is too long', () => {
    for (const session_key of ['', '../x', 'a b', '会话', 'a/b', 'a'.repeat(129), 'a\n']) {
      expect(client({ ...sampleOf('chip_challenge'), session_key }).ok).toBe(false);
    }
    expect(client({ ...sampleOf('chip_challenge'), session_key: 'a'.repeat(128) }).ok).toBe(true);
  });

  it('R-16: refuses a username with control, bidirectional or invisible characters, or not NFC', () => {
    const names = [
      '',
      'a\nb',
      'a\u202eb',
      'a\u200bb',
      'a\u2066b',
      'e\u0301',
      ' a',
      '\u001b[31m',
      'a\u0085',
    ];
    for (const username of [...names, '\ud800', 'a'.repeat(65)]) {
      expect(client({ ...sampleOf('register'), username }).ok, JSON.stringify(username)).toBe(
        false,
      );
    }
    for (const username of ['é', '用户1', 'Zoë O’Neill', 'שלום']) {
      expect(client({ ...sampleOf('register'), username }).ok, username).toBe(true);
    }
  });

  it('refuses base64 that is not canonical in form', () => {
    for (const body of ['', 'AAA', 'AA=A', 'AAAA=', 'A-_A', 'AAAA\n', '====']) {
      expect(client({ ...sampleOf('round'), body }).ok, body).toBe(false);
    }
  });

  it('T4: holds a broadcast body to 8 KiB and a pairwise body to 128 KiB', () => {
    const { pairwise, broadcast } = LIMITS.roundBody;
    for (const [to, max] of [
      [null, broadcast],
      [2, pairwise],
    ] as const) {
      expect(client({ ...sampleOf('round'), to, body: 'A'.repeat(max) }).ok).toBe(true);
      expect(client({ ...sampleOf('round'), to, body: 'A'.repeat(max + 4) }).ok).toBe(false);
    }
  });

  it('takes a payload with line breaks and refuses one with NUL, half a character or too much', () => {
    const withMessage = (message: string) =>
      client({ ...sampleOf('sign_request'), payload: { kind: 'eip191', message } }).ok;
    expect(withMessage('two\nlines\u202e')).toBe(true);
    expect(withMessage('\\u0000 written out')).toBe(true);
    expect(withMessage('\u0000')).toBe(false);
    expect(withMessage('\ud800')).toBe(false);
    expect(withMessage('a'.repeat(LIMITS.payload))).toBe(false);
  });

  it('refuses an accepting answer without its certificate and a decline without its reason', () => {
    const accept = sampleOf('sign_response');
    expect(client({ ...accept, chip_challenge: undefined }).ok).toBe(false);
    expect(client({ ...accept, session_certificate: undefined }).ok).toBe(false);
    const decline = {
      type: 'sign_response',
      session_key: 'k',
      part_index: 1,
      cpic: '',
      accept: false,
    };
    expect(client({ ...decline, reason: '' }).ok).toBe(false);
    expect(client({ ...decline, reason: 'no' }).ok).toBe(true);
  });
});
