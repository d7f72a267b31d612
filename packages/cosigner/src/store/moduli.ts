/**
 * Every modulus that was ever part of a stored share, of both sides: none may come again, in whatever role,
 * key or epoch (P-13). An append-only file whose lines are each bound to all earlier ones.
 */
import { readIfPresent, replaceFile, syncDirectory } from '@quorate/holder';
import { closeSync, fsyncSync, ftruncateSync, openSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupError } from '../errors.ts';
import { isTag, type RecordSeal } from './recordSeal.ts';

/** The moduli of one store. */
export interface ModulusHistory {
  all(): bigint[];
  has(modulus: string): boolean;
  /** Whether all of them share no factor with the stored ones, nor with each other. */
  isNew(moduli: readonly bigint[]): boolean;
  /** Adds the new ones, in hex; on disk when the call returns. */
  add(moduli: readonly string[]): void;
}

/** Opens the history. @throws SetupError `store/tampered` */
export function openModulusHistory(file: string, seal: RecordSeal): ModulusHistory {
  const known = new Set<string>();
  const tags: string[] = [''];
  let last = '';
  const content = readIfPresent(file)?.toString('utf8') ?? '';
  // A line without its end was being written when the process ended; its share was not stored.
  const whole = content.slice(0, content.lastIndexOf('\n') + 1);
  let size = Buffer.byteLength(whole);
  if (whole.length < content.length) truncateSync(file, size);
  for (const line of whole.split('\n').slice(0, -1)) {
    const [modulus = '', tag] = line.split(' ');
    const expected = seal.modulus(last, modulus);
    if (!/^[0-9a-f]+$/.test(modulus) || !isTag(tag, expected)) {
      throw new SetupError('store/tampered', `${file}: line ${known.size + 1} was altered`);
    }
    known.add(modulus);
    tags.push(expected);
    last = expected;
  }
  const end = file.replace(/\.log$/, '.end');
  let counted = checkEnd(end, tags, seal);
  const writeEnd = (): void => {
    if (counted === known.size) return;
    replaceFile(end, `${known.size} ${seal.end(known.size, last)}\n`);
    counted = known.size;
  };
  writeEnd();
  return {
    all: () => [...known].map((modulus) => BigInt(`0x${modulus}`)),
    has: (modulus) => known.has(modulus),
    isNew: (moduli) => {
      const others = [...known].map((modulus) => BigInt(`0x${modulus}`));
      return moduli.every((modulus, at) => isCoprime(modulus, [...others, ...moduli.slice(0, at)]));
    },
    add: (moduli) => {
      const lines: string[] = [];
      const fresh = [...new Set(moduli)].filter((modulus) => !known.has(modulus));
      let tag = last;
      for (const modulus of fresh) {
        tag = seal.modulus(tag, modulus);
        lines.push(`${modulus} ${tag}\n`);
      }
      if (lines.length > 0) size = append(file, size, lines.join(''));
      for (const modulus of fresh) known.add(modulus);
      last = tag;
      writeEnd();
    },
  };
}

/**
 * Checks that the history has at least as many lines as noted; it has more if the process ended between a line
 * and its note. Only a new history has neither note nor line. Returns the number.
 *
 * @throws SetupError `store/tampered`
 */
function checkEnd(file: string, tags: readonly string[], seal: RecordSeal): number {
  const content = readIfPresent(file)?.toString('utf8');
  if (content === undefined && tags.length === 1) return -1;
  const [, lines = '', tag] = /^(\d+) (\w+)\n$/.exec(content ?? '') ?? [];
  const last = tags[Number(lines)];
  const known = last !== undefined && isTag(tag, seal.end(Number(lines), last));
  if (!known) throw new SetupError('store/tampered', `${file}: moduli are missing`);
  return Number(lines);
}

/** One division for all of them: takes their product modulo the one. */
function isCoprime(modulus: bigint, others: readonly bigint[]): boolean {
  let [a, b] = [modulus, others.reduce((product, other) => (product * other) % modulus, 1n)];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 1n;
}

/** Returns the new size; an incomplete write leaves nothing behind. */
function append(file: string, size: number, text: string): number {
  const descriptor = openSync(file, 'a', 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
    syncDirectory(dirname(file));
    return size + bytes.length;
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
