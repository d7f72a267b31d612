/**
 * Proves that this cosigner wrote the content of the store: somebody who can write to the disk does not have
 * the key, which comes from the chip (E-1).
 */
import { createHmac } from 'node:crypto';
import type { Releases } from '@quorate/holder';
import { equalBytes, framed, fromHex, toHex, u64, utf8 } from '@quorate/intent';

const RECORD_LABEL = 'quorate/v1/cosigner/key-record';
const MODULUS_LABEL = 'quorate/v1/cosigner/modulus';
const END_LABEL = 'quorate/v1/cosigner/moduli-end';
const RELEASES_LABEL = 'quorate/v1/cosigner/releases';

/** Makes and checks tags, hex of 32 bytes. */
export interface RecordSeal {
  record(text: string): string;
  /** Tags a line of the history with all earlier ones; the first has an empty one before it. */
  modulus(before: string, modulus: string): string;
  /** Tags the number of lines of the history with the tag of the last. */
  end(lines: number, last: string): string;
  /** Tags the counts of a key with the tag of the record to which they belong. */
  releases(counts: CountsOf): string;
}

/** Counts of releases, and whose they are. */
interface CountsOf extends Releases {
  readonly key: string;
  readonly record: string;
}

/** The tags under a key of 32 bytes. */
export function makeRecordSeal(key: Uint8Array): RecordSeal {
  const tag = (label: string, ...fields: readonly Uint8Array[]): string =>
    toHex(
      createHmac('sha256', key)
        .update(framed(label, ...fields))
        .digest(),
    );
  return {
    record: (text) => tag(RECORD_LABEL, utf8(text)),
    modulus: (before, modulus) => tag(MODULUS_LABEL, utf8(before), utf8(modulus)),
    releases: ({ key, record, confirmed, outstanding }) =>
      tag(RELEASES_LABEL, utf8(key), utf8(record), u64(confirmed), u64(outstanding)),
    end: (lines, last) => tag(END_LABEL, utf8(`${lines}`), utf8(last)),
  };
}

/** Whether a text is the tag; reveals nothing about a partial match. */
export function isTag(text: unknown, expected: string): boolean {
  if (typeof text !== 'string' || !/^[0-9a-f]{64}$/.test(text)) return false;
  return equalBytes(fromHex(text), fromHex(expected));
}
