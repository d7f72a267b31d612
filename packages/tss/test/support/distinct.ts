import { seededRng } from './rng.ts';

/** 32 bytes that belong to a name. */
export const some = (name: string): Uint8Array => seededRng(`parameters/${name}`)(32);

/** How many of the byte strings differ from all others. */
export const distinct = (all: readonly Uint8Array[]): number =>
  new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size;
