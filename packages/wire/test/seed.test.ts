import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endingOf, parseFrame, textOf } from '../src/index.ts';
import {
  ADDRESS,
  CERTIFICATE,
  CHALLENGE,
  CPIC,
  DER,
  HASH,
  PUBLIC_KEY,
  SIGNATURE,
} from './support/values.ts';

const markdown = readFileSync(new URL('vectors/seed-messages.md', import.meta.url), 'utf8');
const blocks = [...markdown.matchAll(/```json\n([^`]*)```/g)].map((match) => match[1] ?? '');

/** Values that a person would write in place of each description in the document. */
const FILLED: Readonly<Record<string, unknown>> = {
  您的用户名: '用户1',
  协调者用户名: '用户9',
  coordinator或participant: 'participant',
  您的JWT令牌: 'a.b.c',
  唯一会话标识: 'k-1',
  会话标识: 'k-1',
  安全芯片标识符: 'chip-2',
  安全芯片唯一标识符: CPIC,
  密钥生成配置文件名: 'k-1_2.json',
  签名配置文件名: 'k-1_2.json',
  生成的账户地址: ADDRESS,
  账户地址: ADDRESS,
  Base64编码的加密密钥分片: 'AAAA',
  '要签名的数据(32字节的哈希值)': HASH,
  要签名的数据: HASH,
  '要签名的数据(Base64编码)': Buffer.alloc(32, 1).toString('base64'),
  用于从安全芯片中获取私钥分片的签名: DER,
  '参与者列表(逗号分隔的索引)': '1,2,3',
  签名结果: SIGNATURE,
  最终签名结果: SIGNATURE,
};

const peers = [1, 2, 3].map((index) => ({
  username: `用户${index}`,
  part_index: index,
  session_certificate: CERTIFICATE,
}));

/** The fields that carry security (docs/spec/wire.md §8): participants and the server always send them. */
const ADDED: Readonly<Record<string, object>> = {
  keygen_invite: { expires_at: 1 },
  keygen_response: { session_certificate: CERTIFICATE },
  keygen_params: { peers },
  keygen_result: { public_key: PUBLIC_KEY, record_id: HASH },
  sign_invite: { coordinator: 'a', threshold: 3, total_parts: 5, expires_at: 1 },
  sign_response: { session_certificate: CERTIFICATE, chip_challenge: CHALLENGE },
  sign_params: { record_id: HASH, peers, chip_challenge: CHALLENGE },
};

const FROM_CLIENT = new Set([
  'register',
  'keygen_request',
  'keygen_response',
  'keygen_result',
  'sign_request',
  'sign_response',
  'sign_result',
]);

/** Reads a block as JSON: comments away, descriptions replaced, nothing else. */
function fill(block: string): Record<string, unknown> {
  const value: unknown = JSON.parse(block.replace(/\/\/.*$/gm, ''), (_key, part: unknown) =>
    typeof part === 'string' ? (FILLED[part] ?? part) : part,
  );
  return Object(value);
}

const parse = (message: Record<string, unknown>) => {
  const text = JSON.stringify(message);
  return FROM_CLIENT.has(String(message.type))
    ? parseFrame(text, { from: 'client' })
    : parseFrame(text, { from: 'server' });
};

describe('the messages of the first document', () => {
  it('are fifteen, one of each type', () => {
    expect(new Set(blocks.map((block) => fill(block).type)).size).toBe(15);
  });

  for (const block of blocks) {
    const seed = fill(block);
    const type = String(seed.type);

    it(`${type} passes with its fields as written`, () => {
      const message = { ...seed, ...ADDED[type] };
      expect(parse(message)).toEqual({ ok: true, messages: [message], batch: false });
    });

    if (!(type in ADDED)) continue;
    it(`${type} is refused without the fields that carry security`, () => {
      for (const field of Object.keys(ADDED[type] ?? {})) {
        const message: Record<string, unknown> = { ...seed, ...ADDED[type] };
        delete message[field];
        expect(parse(message)).toMatchObject({ ok: false, error: { code: 'invalid_message' } });
      }
    });
  }

  it('says success in the words of the document', () => {
    const said = (kind: 'keygen' | 'sign') => endingOf(kind, 'completed', 'zh-CN');
    for (const text of [textOf('registered', 'zh-CN'), said('keygen'), said('sign')]) {
      expect(markdown).toContain(`"message": "${text}"`);
    }
  });
});
