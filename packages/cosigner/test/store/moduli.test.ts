import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import type { KeyRecord, KeyRecords } from '../../src/store/keyRecords.ts';
import { KEY, openRecords, recordOf, share } from '../support/records.ts';

const OTHER = 'ef'.repeat(16);
const fileOf = (directory: string, key = KEY): string => join(directory, `${key}.json`);

describe('the history of moduli', () => {
  const withModuli = (epoch: number, ...moduli: string[]): KeyRecord['share'] => ({
    ...share(epoch),
    moduli,
  });
  const made = (): { directory: string; keys: KeyRecords } => {
    const directory = temporaryDirectory();
    const keys = openRecords(directory);
    keys.add(recordOf(1, { share: withModuli(0, 'a1', 'a2', 'a3') }));
    return { directory, keys };
  };
  const log = (directory: string): string => join(directory, 'moduli.log');

  test('P-13: keeps those of earlier epochs, of refreshes that came to nothing, and of keys that are gone', () => {
    const { directory, keys } = made();
    keys.update(KEY, (record) => ({
      ...record,
      next: { session_id: OTHER, share: withModuli(1, 'b1', 'b2', 'b3') },
    }));
    keys.update(KEY, (record) => ({ ...record, next: null }));
    keys.update(KEY, (record) => ({ ...record, share: withModuli(2, 'c1', 'c2', 'c3') }));
    keys.add(recordOf(1, { session_id: OTHER, share: withModuli(0, 'd1', 'a2') }));
    keys.remove(OTHER);
    keys.remove(KEY);
    const all = [0xa1, 0xa2, 0xa3, 0xb1, 0xb2, 0xb3, 0xc1, 0xc2, 0xc3, 0xd1].map(BigInt);
    expect(keys.moduli()).toEqual(all);
    expect(openRecords(directory).moduli()).toEqual(all);
    expect(readFileSync(log(directory), 'utf8').trimEnd().split('\n')).toHaveLength(all.length);
  });

  test('P-13: has a modulus on disk before the record of its share', () => {
    const { directory, keys } = made();
    const before = readFileSync(fileOf(directory));
    keys.update(KEY, (record) => ({ ...record, share: withModuli(1, 'b1') }));
    writeFileSync(fileOf(directory), before); // as if the process had ended in between
    expect(openRecords(directory).moduli()).toContain(0xb1n);
  });

  test.each([
    ['a changed line', (text: string) => text.replace('a2', 'a4')],
    [
      'a line less at its end',
      (text: string) => text.split('\n').slice(0, -2).join('\n').concat('\n'),
    ],
    ['a line less in the middle', (text: string) => text.replace(/a2 \w+\n/, '')],
    [
      'lines in another order',
      (text: string) => `${text.trimEnd().split('\n').toReversed().join('\n')}\n`,
    ],
    ['no lines at all', () => ''],
    ['a line of another form', (text: string) => `${text}zz 00\n`],
  ])('P-13: with %s is refused', (_, edit) => {
    const { directory } = made();
    const text = readFileSync(log(directory), 'utf8');
    expect(edit(text)).not.toBe(text);
    writeFileSync(log(directory), edit(text));
    const refusal = () => openRecords(directory);
    expect(refusal).toThrow(expect.objectContaining({ code: 'store/tampered' }));
  });

  test.each([
    ['a line less at its end', 1, true],
    ['no line', 0, true],
    ['its lines, but not what says how many', 3, false],
  ])('P-13: of a key that is gone is refused with %s', (_, lines, end) => {
    const { directory, keys } = made();
    keys.remove(KEY);
    expect(openRecords(directory).moduli()).toHaveLength(3);
    const text = readFileSync(log(directory), 'utf8').split('\n').slice(0, lines);
    writeFileSync(log(directory), text.map((line) => `${line}\n`).join(''));
    if (!end) rmSync(join(directory, 'moduli.end'));
    const refusal = () => openRecords(directory);
    expect(refusal).toThrow(expect.objectContaining({ code: 'store/tampered' }));
  });

  test('P-13: goes on with lines that a crash kept from being counted', () => {
    const { directory, keys } = made();
    const counted = readFileSync(join(directory, 'moduli.end'));
    keys.update(KEY, (record) => ({ ...record, share: withModuli(1, 'b1') }));
    writeFileSync(join(directory, 'moduli.end'), counted);
    expect(openRecords(directory).moduli()).toEqual(keys.moduli());
    expect(readFileSync(join(directory, 'moduli.end'), 'utf8')).toMatch(/^4 /);
  });

  test('P-13: goes on behind a line that a crash cut off', () => {
    const { directory, keys } = made();
    const whole = readFileSync(log(directory), 'utf8');
    writeFileSync(log(directory), `${whole}b1 0123`);
    expect(openRecords(directory).moduli()).toEqual(keys.moduli());
    const again = openRecords(directory);
    again.add(recordOf(1, { session_id: OTHER, share: withModuli(0, 'b1') }));
    expect(openRecords(directory).moduli()).toEqual([0xa1n, 0xa2n, 0xa3n, 0xb1n]);
  });
});
