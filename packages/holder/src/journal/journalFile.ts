/** One file of a journal as it is written: a frame a flush, and never a second one before the first is durable. */
import type { Disk, DiskFile } from './disk.ts';
import {
  encodeFrame,
  encodeHeader,
  HEADER_LENGTH,
  type JournalOwner,
  MAX_PAYLOAD,
} from './frames.ts';

/** A frame takes no more groups beyond this size of its payload, bytes. */
const FULL = 1024 * 1024;

/** Where writing goes on in a file. */
interface Place {
  readonly file: DiskFile;
  readonly id: Uint8Array;
  /** The end of everything that was written. */
  readonly end: number;
  /** Whether nothing of it is durable yet. */
  readonly isNew: boolean;
}

/** A file that groups of entries are added to; each group ends up in one frame. */
export class JournalFile {
  readonly #file: DiskFile;
  readonly #id: Uint8Array;
  #end: number;
  #waiting: Uint8Array[] = [];
  /** Being written at the end of what is durable. */
  #inFlight: { readonly frame: Uint8Array; readonly groups: number } | undefined;
  #durable = 0;
  #added = 0;
  #busy: Promise<unknown> | undefined;
  #hasUnflushedHeader: boolean;

  constructor({ file, id, end, isNew }: Place) {
    this.#hasUnflushedHeader = isNew;
    this.#file = file;
    this.#id = id;
    this.#end = end;
  }

  /** Makes a new file with its header; nothing of it is durable yet. */
  static create(disk: Disk, path: string, owner: JournalOwner): JournalFile {
    const { header, id } = encodeHeader(owner);
    const file = disk.open(path, 'new');
    try {
      file.writeSync(header, 0);
      return new JournalFile({ file, id, end: HEADER_LENGTH, isNew: true });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes that are durable. */
  get size(): number {
    return this.#end;
  }

  /** Groups that were added and are durable. */
  get durable(): number {
    return this.#durable;
  }

  get isDurable(): boolean {
    return this.#durable === this.#added;
  }

  add(group: Uint8Array): void {
    this.#waiting.push(group);
    this.#added += 1;
  }

  /** Makes the next frame durable. One call at a time. */
  async flush(): Promise<void> {
    const next = this.#take();
    if (next === undefined) return;
    this.#inFlight = next;
    const writing = this.#file.write(next.frame, this.#end).then(() => this.#file.flush());
    this.#busy = writing;
    try {
      await writing;
    } finally {
      this.#busy = undefined;
    }
    // A flush on the main thread may have been faster.
    if (this.#inFlight === next) this.#done(next);
  }

  /** Makes everything durable on the main thread, the frame that is in flight first. */
  flushSync(): void {
    if (this.#inFlight !== undefined) this.#writeSync(this.#inFlight);
    for (let next = this.#take(); next !== undefined; next = this.#take()) this.#writeSync(next);
    if (this.#hasUnflushedHeader) this.#file.flushSync();
    this.#hasUnflushedHeader = false;
  }

  /** Closes the file once no write is under way: its descriptor might be another file's by then. */
  close(): void {
    const close = (): void => this.#file.close();
    if (this.#busy === undefined) close();
    else void this.#busy.then(close, close);
  }

  #writeSync(next: { readonly frame: Uint8Array; readonly groups: number }): void {
    this.#inFlight = next;
    this.#file.writeSync(next.frame, this.#end);
    this.#file.flushSync();
    this.#done(next);
  }

  #done({ frame, groups }: { readonly frame: Uint8Array; readonly groups: number }): void {
    this.#inFlight = undefined;
    this.#hasUnflushedHeader = false;
    this.#end += frame.length;
    this.#durable += groups;
  }

  /** Takes the groups of the next frame. */
  #take(): { readonly frame: Uint8Array; readonly groups: number } | undefined {
    if (this.#waiting.length === 0) return undefined;
    let [bytes, groups] = [0, 0];
    for (const { length } of this.#waiting) {
      if (groups > 0 && (bytes >= FULL || bytes + length > MAX_PAYLOAD)) break;
      bytes += length;
      groups += 1;
    }
    const parts = this.#waiting.splice(0, groups);
    return { frame: encodeFrame(this.#id, this.#end, parts), groups };
  }
}
