/** The operations on files that a journal needs: tests put a disk in their place that loses power. */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  write,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { FILE_MODE, readIfPresent, removeIfPresent, syncDirectory } from '../files/files.ts';

/** An open file. Writing at an offset is the only way to write. */
export interface DiskFile {
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Everything written before the call survives a power cut once this resolves. */
  flush(): Promise<void>;
  writeSync(bytes: Uint8Array, at: number): void;
  /** Reports errors of its own: those that `flush` reported are reported here too. */
  flushSync(): void;
  truncateSync(size: number): void;
  close(): void;
}

/** The part of a file system that a journal uses. */
export interface Disk {
  /** The content; undefined when there is no file. */
  read(path: string): Uint8Array | undefined;
  remove(path: string): void;
  /** Opens a file that exists, or makes a new, empty one. */
  open(path: string, as: 'existing' | 'new'): DiskFile;
  rename(from: string, to: string): void;
  /** Makes renames in the folder of a file durable. */
  syncFolderOf(path: string): void;
}

/** The disk of this machine. */
export const machineDisk: Disk = {
  read: readIfPresent,
  remove: removeIfPresent,
  open: (path, as) => {
    const one = openSync(path, as === 'new' ? 'wx+' : 'r+', FILE_MODE);
    try {
      // The system reports an error of the disk once to each descriptor.
      return diskFile(one, openSync(path, 'r+'));
    } catch (error) {
      closeSync(one);
      throw error;
    }
  },
  rename: renameSync,
  syncFolderOf: (path) => syncDirectory(dirname(path)),
};

function diskFile(one: number, other: number): DiskFile {
  return {
    write: async (bytes, at) => {
      for (let done = 0; done < bytes.length; ) {
        done += await writeSome(one, bytes.subarray(done), at + done);
      }
    },
    flush: () =>
      new Promise((resolve, reject) => {
        fdatasync(one, (error) => (error ? reject(error) : resolve()));
      }),
    writeSync: (bytes, at) => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(other, bytes, done, bytes.length - done, at + done);
      }
    },
    flushSync: () => fdatasyncSync(other),
    truncateSync: (size) => ftruncateSync(other, size),
    close: () => {
      closeSync(one);
      closeSync(other);
    },
  };
}

/** Returns the number of bytes that were written. */
function writeSome(descriptor: number, bytes: Uint8Array, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, at, (error, done) =>
      error ? reject(error) : resolve(done),
    );
  });
}
