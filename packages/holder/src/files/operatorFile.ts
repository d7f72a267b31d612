/** Reads the files that people name: regular files only, up to a size. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

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
  /** Bytes; a larger file is refused before anything of it is read. */
  readonly most?: number;
  /** Looks at an open file, for instance at its mode, and throws to refuse it. */
  readonly check?: (stats: Stats) => void;
}

/**
 * Reads a file that a person or a configuration names. Refuses a pipe, a device or a directory without waiting for it.
 * @throws UnreadableFile, and the error of the system for a file that cannot be opened
 */
export function readOperatorFile(path: string, options: ReadOptions = {}): Buffer {
  const { most = LARGEST, check } = options;
  // Opening a pipe would wait for its writer. Windows has no such flag, and needs none.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw new UnreadableFile('directory', 'is a directory');
    if (!stats.isFile()) throw new UnreadableFile('not-regular', 'is not a regular file');
    check?.(stats);
    if (stats.size > most) {
      throw new UnreadableFile('too-large', `is larger than ${most / 1024} KiB`);
    }
    return readWhole(descriptor, stats.size);
  } finally {
    closeSync(descriptor);
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
