/**
 * Keeps the last signed checkpoint outside the database, beside the keys: somebody who can write only the
 * database cannot cut the log back to an older checkpoint.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { z } from 'zod';
import { type Checkpoint, CheckpointSchema, verifyCheckpoint } from './checkpoint.ts';

const HeadSchema = z.strictObject({
  format: z.literal('quorate-audit-head/v1'),
  public_key: z.string().regex(/^[0-9a-f]{64}$/),
  checkpoint: CheckpointSchema,
});

/** The content of a file with the last checkpoint. */
export type KeptHead =
  | { readonly state: 'none' | 'unreadable' }
  | { readonly state: 'kept'; readonly checkpoint: Checkpoint };

/** The file with the last checkpoint. */
export class HeadFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async read(): Promise<KeptHead> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      return { state: missing ? 'none' : 'unreadable' };
    }
    const head = HeadSchema.safeParse(parsed(text));
    if (!head.success) return { state: 'unreadable' };
    const { checkpoint, public_key: publicKey } = head.data;
    if (!verifyCheckpoint(checkpoint, publicKey)) return { state: 'unreadable' };
    return { state: 'kept', checkpoint };
  }

  /** Replaces it durably. */
  async write(checkpoint: Checkpoint, publicKey: string): Promise<void> {
    const { seq, at, hash, signature } = checkpoint;
    const head = {
      format: 'quorate-audit-head/v1',
      public_key: publicKey,
      checkpoint: { seq, at, hash, signature },
    };
    const folder = dirname(this.path);
    makeDirectories(folder);
    const temporary = `${this.path}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(head)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
    await syncFolder(folder);
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
