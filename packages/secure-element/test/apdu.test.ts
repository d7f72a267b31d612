import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeApdu, parseApdu } from '../src/apdu.ts';
import { codeOf } from '../src/status.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

test('the seven cases of ISO 7816-4 are told apart', () => {
  const cases: [string, number, number | null][] = [
    ['80020000', 0, null],
    ['8002000000', 0, 256],
    ['8002000010', 0, 16],
    ['8002000002aabb', 2, null],
    ['8002000002aabb00', 2, 256],
    ['80020000000000', 0, 65_536],
    ['80020000000102', 0, 258],
    ['80020000000002aabb', 2, null],
    ['80020000000002aabb0000', 2, 65_536],
    ['80020000000002aabb0104', 2, 260],
  ];
  for (const [text, length, le] of cases) {
    const apdu = parseApdu(hex(text));
    expect([apdu?.data.length, apdu?.le], text).toEqual([length, le]);
    expect([apdu?.cla, apdu?.ins, apdu?.p1, apdu?.p2]).toEqual([0x80, 2, 0, 0]);
  }
});

test('APDUs whose lengths do not add up are refused', () => {
  for (const text of [
    '',
    '800200',
    '8002000003aabb',
    '8002000002aabb0000',
    '80020000000000aa',
    '80020000000003aabb',
    '80020000000002aabb00',
    '80020000000002aabb000000',
    '800200000001',
  ]) {
    expect(parseApdu(hex(text)), text).toBeNull();
  }
});

test('the machine parses every command that the driver encodes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 255 }), fc.nat(255), fc.nat(255), (data, ins, p1) => {
      const apdu = encodeApdu({ cla: 0x80, ins, p1, p2: 1, data });
      expect(parseApdu(apdu)).toEqual({ cla: 0x80, ins, p1, p2: 1, data, le: 256 });
    }),
  );
  expect(() => encodeApdu({ cla: 0, ins: 0, p1: 0, p2: 0, data: new Uint8Array(256) })).toThrow(
    RangeError,
  );
});

test('random bytes parse or are refused, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      const apdu = parseApdu(bytes);
      if (apdu !== null) expect(apdu.data.length).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 2000 },
  );
});

test('every status word has a code', () => {
  for (let sw = 0; sw <= 0xffff; sw += 1) expect(typeof codeOf(sw, 0x12)).toBe('string');
});
