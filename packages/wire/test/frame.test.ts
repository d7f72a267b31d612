import { describe, expect, it } from 'vitest';
import { LIMITS, parseFrame } from '../src/index.ts';
import { CLIENT_SAMPLES } from './support/samples.ts';

const parse = (text: string) => parseFrame(text, { from: 'client' });
const refused = (text: string) => {
  const result = parse(text);
  return result.ok ? undefined : result.error.code;
};
const ack = '{"type":"ack","seq":1}';

describe('a frame', () => {
  it('is refused when it is not JSON or not an object', () => {
    for (const text of ['', '{', 'null', '1', '"ack"', 'true', '[1]', '[[]]', '[null]', '{}x']) {
      expect(refused(text), text).toMatch(/invalid_message/);
    }
    expect(refused('{}')).toBe('unknown_type');
  });

  it('R-8: is refused over one MiB, counted in bytes, before it is parsed', () => {
    const pad = (text: string, fill: string) => `${text.slice(0, -1)}${fill}}`;
    expect(parse(pad(ack, ' '.repeat(LIMITS.frame - ack.length))).ok).toBe(true);
    expect(refused(pad(ack, ' '.repeat(LIMITS.frame - ack.length + 1)))).toBe('frame_too_large');
    expect(refused('字'.repeat(LIMITS.frame / 3 + 1))).toBe('frame_too_large');
    expect(refused('é'.repeat(LIMITS.frame / 2 + 1))).toBe('frame_too_large');
    expect(refused('😀'.repeat(LIMITS.frame / 4 + 1))).toBe('frame_too_large');
    expect(refused('😀'.repeat(LIMITS.frame / 4 - 1))).toBe('invalid_message');
  });

  it('R-8: is refused when it nests deeper than its bound, however deep', () => {
    const details = (text: string) => {
      const result = parse(text);
      return result.ok ? '' : result.error.details;
    };
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const within = `{"type":"nothing","a":${nested(LIMITS.depth.frame - 1)}}`;
    expect(refused(within)).toBe('unknown_type');
    for (const depth of [LIMITS.depth.frame, 400_000]) {
      expect(details(`{"type":"nothing","a":${nested(depth)}}`)).toMatch(/nested deeper than 37$/);
      expect(details('{"a":'.repeat(depth / 4 + LIMITS.depth.frame))).toMatch(/nested deeper/);
    }
  });

  it('is refused with a duplicate key, also a hidden one and inside a payload', () => {
    expect(refused('{"type":"ack","seq":1,"seq":2}')).toBe('invalid_message');
    expect(refused('{"type":"ack","seq":1,"\\u0073eq":2}')).toBe('invalid_message');
    expect(refused('{"type":"ack","seq":1,"seq" \n :2}')).toBe('invalid_message');
    const request = JSON.stringify(CLIENT_SAMPLES.find(({ type }) => type === 'sign_request'));
    expect(parse(request).ok).toBe(true);
    const twice = request.replace('"kind":"eip191"', '"kind":"digest","kind":"eip191"');
    expect(refused(twice)).toBe('invalid_message');
  });

  it('is refused with the key __proto__, also inside a payload', () => {
    for (const key of ['__proto__', '__pro\\u0074o__']) {
      expect(refused(`{"type":"ack","seq":1,"${key}":{"admin":true}}`)).toBe('invalid_message');
      const inside = `{"type":"sign_request","payload":{"kind":"digest","${key}":{}}}`;
      const result = parse(inside);
      expect(result.ok ? '' : result.error.details).toBe(
        'line 1, column 51: the key __proto__ is not allowed',
      );
    }
    expect(Reflect.get({}, 'admin')).toBeUndefined();
  });

  it('is refused with NUL or half a character in any field', () => {
    for (const part of ['\\u0000', '\\ud800', '\\udc00x']) {
      expect(
        refused(`{"type":"register","username":"a${part}","role":"coordinator","token":"a"}`),
      ).toBe('invalid_message');
    }
  });

  it('names the session and the number of the message that it refuses', () => {
    const result = parse('{"type":"keygen_request","session_key":"k1","cseq":7}');
    expect(result).toMatchObject({ ok: false, error: { sessionKey: 'k1', cseq: 7 } });
    const hostile = parse('{"type":"keygen_request","session_key":"../k1","cseq":-7}');
    expect(hostile.ok ? {} : hostile.error).not.toHaveProperty('sessionKey');
    expect(hostile.ok ? {} : hostile.error).not.toHaveProperty('cseq');
  });

  it('1.9.13: does not repeat the value that it refuses', () => {
    const result = parse(
      '{"type":"register","username":"a","role":"coordinator","token":"sécret !"}',
    );
    expect(JSON.stringify(result)).not.toContain('cret');
  });
});

describe('a batch', () => {
  it('holds 1 to 64 messages', () => {
    const batch = (count: number) => `[${Array.from({ length: count }, () => ack).join()}]`;
    expect(parse(batch(64))).toMatchObject({ ok: true, batch: true, messages: { length: 64 } });
    expect(refused(batch(65))).toBe('batch_too_large');
    expect(refused('[]')).toBe('batch_too_large');
  });

  it('is refused as a whole, and the refusal says which message', () => {
    const result = parse(`[${ack},{"type":"ack","seq":0}]`);
    expect(result).toMatchObject({ ok: false, error: { code: 'invalid_message' } });
    expect(result.ok ? '' : result.error.details).toMatch(/^message 2: ack: seq/);
  });
});
