/** The version of a store, and its owner. */
import { createFile, readIfPresent, replaceFile } from '@quorate/holder';
import { z } from 'zod';
import type { CosignerRoleName } from '../configShape.ts';
import { SetupError } from '../errors.ts';
import { parsedJson } from '../json.ts';

const FORMAT = 'quorate-cosigner-store';

/** The version that this program writes: raise it with every change of a store's content. */
const STORE_VERSION = 4;
/**
 * The oldest version that it reads. Version 3 has permits of keys (docs/spec/cosigner.md, "Locks"), version 4 keeps its
 * sessions in a journal ("Store").
 */
const OLDEST = 2;
/** From this version on a store has a journal, from its beginning. */
export const JOURNAL_SINCE = 4;

const versionSchema = z.object({
  format: z.literal(FORMAT),
  version: z.int().min(1),
  role: z.enum(['enterprise', 'mobile-app']),
  name: z.string(),
});

/** Marks a new store. */
export function createVersion(path: string, role: CosignerRoleName, name: string): void {
  createFile(path, versionFile(role, name));
}

/**
 * Marks an older store with this version, before anything in it is changed: no older program opens a store
 * that this one has changed. Each file's own form shows whether it was changed already.
 */
export function raiseVersion(path: string, role: CosignerRoleName, name: string): void {
  if (checkVersion(path, role, name) < STORE_VERSION) replaceFile(path, versionFile(role, name));
}

function versionFile(role: CosignerRoleName, name: string): string {
  return `${JSON.stringify({ format: FORMAT, version: STORE_VERSION, role, name })}\n`;
}

/**
 * Refuses a store of a newer or much older program, and one of the other side; returns its version.
 *
 * @throws SetupError `store/not-found`, `store/tampered`, `store/newer-version`, `store/older-version`,
 * `store/wrong-role`
 */
export function checkVersion(path: string, role: CosignerRoleName, name: string): number {
  const content = readIfPresent(path)?.toString('utf8');
  if (content === undefined) {
    throw new SetupError('store/not-found', `${path} is missing; run quorate cosigner init first`);
  }
  const parsed = versionSchema.safeParse(parsedJson(content));
  if (!parsed.success) throw new SetupError('store/tampered', `${path} is not a store's version`);
  const { version, role: owner, name: ownerName } = parsed.data;
  if (version > STORE_VERSION) {
    throw new SetupError(
      'store/newer-version',
      `${path}: version ${version}, this program knows up to ${STORE_VERSION}; use the newer program`,
    );
  }
  if (version < OLDEST) {
    throw new SetupError(
      'store/older-version',
      `${path}: version ${version}, this program reads from ${OLDEST} on; use the older program`,
    );
  }
  if (owner !== role || ownerName !== name) {
    throw new SetupError(
      'store/wrong-role',
      `${path} belongs to ${ownerName} (${owner}), the configuration is of ${name} (${role})`,
    );
  }
  return version;
}
