// A disk in memory that counts operations, dies at one of them, and afterwards has what a power cut leaves.
import type { Disk, DiskFile } from '../../src/journal/disk.ts';

/** Thrown by every operation from the one on at which the machine lost power. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

/** A write that no flush has made durable. */
interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
}

interface Inode {
  durable: Buffer;
  writes: (Write | { readonly size: number })[];
  /** Shown, and not on the disk: their flush failed, and the system believes them clean. */
  lost: Write[];
}

const SECTOR = 64;

/** `chance` gives numbers in [0, 1). */
export class ModelDisk implements Disk {
  readonly #chance: () => number;
  #names = new Map<string, Inode>();
  /** Changes of names that no flush of the folder has made durable. */
  #durableNames: Map<string, Inode>;
  #changes: ((names: Map<string, Inode>) => void)[] = [];
  /** Operations until the power is cut. */
  left: number = Number.POSITIVE_INFINITY;
  /** Thrown once by the next operation of this name. */
  failing: { readonly operation: string; readonly error: Error; skip?: number } | undefined;
  operations: string[] = [];
  /** Files that were closed while a write to them was under way. */
  closedTooEarly = 0;

  constructor(chance: () => number, content: ReadonlyMap<string, Buffer> = new Map()) {
    this.#chance = chance;
    for (const [name, durable] of content) this.#names.set(name, { durable, writes: [], lost: [] });
    this.#durableNames = new Map(this.#names);
  }

  /** The content of the disk after a power cut: what was flushed, and any part of what was not. */
  afterCut(): ModelDisk {
    const names = new Map(this.#durableNames);
    const kept = Math.floor(this.#chance() * (this.#changes.length + 1));
    for (const change of this.#changes.slice(0, kept)) change(names);
    const content = new Map<string, Buffer>();
    for (const [name, inode] of names) content.set(name, this.#torn(inode));
    return new ModelDisk(this.#chance, content);
  }

  content(path: string): Buffer {
    return this.read(path) ?? Buffer.alloc(0);
  }

  names(): string[] {
    return [...this.#names.keys()];
  }

  read(path: string): Buffer | undefined {
    const inode = this.#names.get(path);
    return inode && [...inode.lost, ...inode.writes].reduce(written, Buffer.from(inode.durable));
  }

  remove(path: string): void {
    this.#operation('remove');
    this.#rename((names) => void names.delete(path));
  }

  open(path: string, as: 'existing' | 'new'): DiskFile {
    this.#operation('open');
    const known = this.#names.get(path);
    if ((known === undefined) !== (as === 'new')) throw new Error(`unreachable: ${path} ${as}`);
    const inode = known ?? { durable: Buffer.alloc(0), writes: [], lost: [] };
    if (known === undefined) this.#rename((names) => void names.set(path, inode));
    let isBusy = false;
    return {
      write: async (bytes, at) => {
        isBusy = true;
        await this.#turns();
        isBusy = false;
        this.#put(inode, { at, bytes: Uint8Array.from(bytes) }, 'write');
      },
      flush: async () => {
        const covered = inode.writes.length;
        const before = inode.durable;
        await this.#turns();
        this.#flush(inode, 'flush');
        // A flush on the main thread may have been faster.
        if (inode.durable === before) this.#settle(inode, covered);
      },
      writeSync: (bytes, at) =>
        this.#put(inode, { at, bytes: Uint8Array.from(bytes) }, 'writeSync'),
      flushSync: () => {
        this.#flush(inode, 'flushSync');
        this.#settle(inode, inode.writes.length);
      },
      truncateSync: (size) => {
        this.#operation('truncateSync');
        inode.writes.push({ size });
      },
      close: () => {
        if (isBusy) this.closedTooEarly += 1;
      },
    };
  }

  rename(from: string, to: string): void {
    this.#operation('rename');
    this.#rename((names) => {
      const inode = names.get(from);
      if (inode === undefined) return;
      names.set(to, inode);
      names.delete(from);
    });
  }

  syncFolderOf(): void {
    this.#operation('syncFolderOf');
    this.#durableNames = new Map(this.#names);
    this.#changes = [];
  }

  #flush(inode: Inode, name: string): void {
    try {
      this.#operation(name);
    } catch (error) {
      if (error instanceof PowerCut) throw error;
      for (const write of inode.writes) if ('at' in write) inode.lost.push(write);
      inode.writes = [];
      throw error;
    }
  }

  #put(inode: Inode, write: Write, name: string): void {
    const isCut = this.left <= 1;
    // The write during which the power goes may have reached the disk in part.
    if (isCut && this.left === 1) inode.writes.push(write);
    this.#operation(name);
    inode.writes.push(write);
  }

  #settle(inode: Inode, count: number): void {
    inode.durable = inode.writes.slice(0, count).reduce(written, inode.durable);
    inode.writes = inode.writes.slice(count);
  }

  #rename(change: (names: Map<string, Inode>) => void): void {
    change(this.#names);
    this.#changes.push(change);
  }

  #operation(name: string): void {
    this.operations.push(name);
    this.left -= 1;
    if (this.left <= 0) throw new PowerCut('the power was cut');
    if (this.failing?.operation !== name) return;
    const { error, skip = 0 } = this.failing;
    if (skip > 0) {
      this.failing.skip = skip - 1;
      return;
    }
    this.failing = undefined;
    throw error;
  }

  async #turns(): Promise<void> {
    for (let turns = Math.floor(this.#chance() * 4); turns >= 0; turns -= 1)
      await Promise.resolve();
  }

  /** Each sector of a write that was not flushed is there or not. */
  #torn({ durable, writes }: Inode): Buffer {
    let content: Buffer = Buffer.from(durable);
    for (const write of writes) {
      if ('size' in write) {
        if (this.#chance() < 0.5) content = written(content, write);
        continue;
      }
      for (let from = 0; from < write.bytes.length; from += SECTOR) {
        if (this.#chance() < 0.5) continue;
        const bytes = write.bytes.subarray(from, from + SECTOR);
        content = written(content, { at: write.at + from, bytes });
      }
    }
    return content;
  }
}

function written(content: Buffer, write: Write | { readonly size: number }): Buffer {
  if ('size' in write) return Buffer.from(content.subarray(0, write.size));
  const { at, bytes } = write;
  const grown = Buffer.alloc(Math.max(content.length, at + bytes.length));
  content.copy(grown);
  grown.set(bytes, at);
  return grown;
}
