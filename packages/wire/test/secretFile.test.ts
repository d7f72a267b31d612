import { expect, test } from 'vitest';
import { secretInFile } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const MARK = [0xef, 0xbb, 0xbf];

test('W-10: marks and line ends of editors around a secret are removed, and its content stays', () => {
  for (const [content, secret] of [
    ['1234', '1234'],
    ['1234\n', '1234'],
    ['1234\r\n', '1234'],
    ['1234\n\n', '1234'],
    [' 12 34 \n', ' 12 34 '],
    ['line\nline\n', 'line\nline'],
  ] as const) {
    for (const before of [[], MARK]) {
      const read = secretInFile(Uint8Array.of(...before, ...bytes(content)));
      expect(read).toEqual({ ok: true, secret: bytes(secret) });
    }
  }
});

test('W-10: the secret lies in memory of its own, so that both can be wiped', () => {
  const content = bytes('1234\n');
  const read = secretInFile(content);
  content.fill(0);
  expect(read).toEqual({ ok: true, secret: bytes('1234') });
});

test('W-10: a file that holds no secret says why', () => {
  const problem = (content: Uint8Array) => secretInFile(content);
  for (const content of ['', '\n', '\r\n\r\n']) {
    for (const before of [[], MARK]) {
      expect(problem(Uint8Array.of(...before, ...bytes(content)))).toEqual({
        ok: false,
        problem: 'is empty',
      });
    }
  }
  for (const mark of [
    [0xff, 0xfe],
    [0xfe, 0xff],
  ]) {
    expect(problem(Uint8Array.of(...mark, 0x31, 0, 0x32, 0))).toEqual({
      ok: false,
      problem: 'is written in UTF-16; save it as UTF-8',
    });
  }
  expect(problem(bytes('12\u000034'))).toEqual({
    ok: false,
    problem: 'holds the character U+0000 (NUL)',
  });
});
