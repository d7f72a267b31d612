// A disk whose flushes of one file wait until they are let go.
import fs from 'node:fs';
import { vi } from 'vitest';
import { publishBuiltinSpies } from '../../../../test/support/builtinSpies.ts';

/** The file whose flushes wait, and those that do. */
let held: string | undefined;
/** Whether the main thread has flushed it meanwhile: an acknowledgement does. */
let isOvertaken = false;
const waiting: (() => void)[] = [];
const told: (() => void)[] = [];
/** The flushes of every file since it was asked for. */
const counted = new Map<string, number>();

/** Lets `holdFlushes` reach everybody in this file who flushes. */
export function useHeldDisk(): void {
  const { fdatasync } = fs;
  vi.spyOn(fs, 'fdatasync').mockImplementation((descriptor, done) => {
    const path = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
    counted.set(path, (counted.get(path) ?? 0) + 1);
    if (path !== held) {
      return fdatasync(descriptor, done);
    }
    waiting.push(() => fdatasync(descriptor, done));
    for (const tell of told.splice(0)) tell();
  });
  const { fdatasyncSync } = fs;
  vi.spyOn(fs, 'fdatasyncSync').mockImplementation((descriptor) => {
    const path = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
    counted.set(path, (counted.get(path) ?? 0) + 1);
    isOvertaken ||= path === held;
    fdatasyncSync(descriptor);
  });
  publishBuiltinSpies();
}

/** Flushes that do not end. */
export interface HeldFlushes {
  /** Resolves when one waits, and everybody has had the time to act all the same. */
  reached(): Promise<void>;
  /** Lets them end; returns whether one on the main thread came before them. */
  letGo(): boolean;
}

/** From now on no flush of this file ends. */
export function holdFlushes(path: string): HeldFlushes {
  held = path;
  isOvertaken = false;
  return {
    reached: async () => {
      if (waiting.length === 0) await new Promise<void>((resolve) => told.push(resolve));
      for (let turn = 0; turn < 50; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
    },
    letGo: () => {
      held = undefined;
      for (const flush of waiting.splice(0)) flush();
      return isOvertaken;
    },
  };
}

/** Counts the flushes of a file from now on. */
export function countFlushes(path: string): () => number {
  counted.set(path, 0);
  return () => counted.get(path) ?? 0;
}
