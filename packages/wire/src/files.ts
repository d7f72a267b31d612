/** Reads the files that people name, up to a size; for Node. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { isatty } from 'node:tty';

/** More than any configuration, policy, roster, certificate or key has, bytes. */
const LARGEST = 1024 * 1024;

/** The reason to refuse a file that the system would give. */
export type UnreadableKind = 'directory' | 'not-regular' | 'too-large';

/** A file that is not read; the message says why, without its name. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
  readonly kind: UnreadableKind;

  constructor(kind: UnreadableKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** How a file is read. */
export interface ReadOptions {
  /** Bytes; a larger file is refused, a regular one before anything of it is read. */
  readonly most?: number;
  /** Looks at an open file, for instance at its mode, and throws to refuse it. */
  readonly check?: (stats: Stats) => void;
  /** Also takes a pipe, a socket or a terminal, and waits for its end: for a command that a person runs. */
  readonly streams?: boolean;
}

/**
 * Reads a file that a person or a configuration names. Refuses a device, a directory and, unless `streams` allows
 * them, a pipe and a terminal, without waiting for anything.
 * @throws UnreadableFile, and the error of the system for a file that cannot be opened
 */
export function readOperatorFile(path: string, options: ReadOptions = {}): Buffer {
  const { most = LARGEST, check, streams = false } = options;
  const descriptor = openSync(path, constants.O_RDONLY | (waitsFor(path, streams) ? 0 : NO_WAIT));
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw new UnreadableFile('directory', 'is a directory');
    const isRegular = stats.isFile();
    if (!isRegular && !(streams && isStream(stats, descriptor))) {
      throw new UnreadableFile('not-regular', 'is not a regular file');
    }
    check?.(stats);
    if (!isRegular) return readStream(descriptor, most);
    if (stats.size > most) throw tooLarge(most);
    return readWhole(descriptor, stats.size);
  } finally {
    closeSync(descriptor);
  }
}

/** Opening a pipe would wait for its writer. Windows has no such flag, and needs none. */
const NO_WAIT = constants.O_NONBLOCK ?? 0;

/** Whether this is a stream that the caller takes: without NO_WAIT its reader waits for content. */
function waitsFor(path: string, streams: boolean): boolean {
  if (!streams) return false;
  const stats = statSync(path);
  return stats.isFIFO() || stats.isCharacterDevice();
}

function isStream(stats: Stats, descriptor: number): boolean {
  return stats.isFIFO() || stats.isSocket() || isatty(descriptor);
}

function tooLarge(most: number): UnreadableFile {
  return new UnreadableFile('too-large', `is larger than ${most / 1024} KiB`);
}

/** Reads a stream up to its end; wipes what it has of one that is too large or fails. */
function readStream(descriptor: number, most: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for (;;) {
      const part = Buffer.alloc(64 * 1024);
      const read = readSync(descriptor, part, 0, part.length, null);
      if (read === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, read));
      length += read;
      if (length > most) throw tooLarge(most);
    }
  } finally {
    for (const part of parts) part.fill(0);
  }
}

/** Reads as much as the file had when it was opened; wipes a part if the disk does not give the rest. */
function readWhole(descriptor: number, size: number): Buffer {
  const content = Buffer.alloc(size);
  let length = 0;
  try {
    while (length < size) {
      const read = readSync(descriptor, content, length, size - length, length);
      if (read === 0) break;
      length += read;
    }
  } catch (error) {
    content.fill(0);
    throw error;
  }
  return content.subarray(0, length);
}
