/**
 * The permits of P1 for a key, each a file of its own. A lock deletes one: that needs no room on the disk, so
 * a lock holds however full the disk is and whatever becomes of the process (docs/spec/cosigner.md, "Locks").
 */
import { makePrivateDirectory, removeIfPresent, replaceFile, syncDirectory } from '@quorate/holder';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** For people who look at the file; also, empty files get lost too easily. */
const CONTENT = 'This file lets its key be used. A lock deletes it; nobody else may.\n';

/** The reach of a lock: signing until a refresh, or the refresh too. */
export type Withdrawn = 'refreshable' | 'terminal';

/** A key and its epoch, as its record names them. */
interface PermitOf {
  readonly session_id: string;
  readonly share: { readonly epoch: number };
}

/** The permits of one store. */
export interface Permits {
  /** Whether the folder exists. */
  exist(): boolean;
  /** The state of a key by its files. */
  lockOf(key: PermitOf): 'none' | Withdrawn;
  /** Allows what a lock leaves; on disk when the call returns, before the record that makes it so. */
  grant(key: PermitOf, lock: 'none' | Withdrawn): void;
  /** Withdraws it; on disk when the call returns. */
  withdraw(key: PermitOf, lock: Withdrawn): void;
  /** Removes the files of all other keys. */
  keepOnly(keys: readonly PermitOf[]): void;
  /** Whether files can be deleted there; false on a read-only disk. */
  areDeletable(): boolean;
}

/** Opens the folder. */
export function openPermits(directory: string): Permits {
  const sign = ({ session_id: id, share }: PermitOf): string => `${id}-${share.epoch}.sign`;
  const refresh = ({ session_id: id }: PermitOf): string => `${id}.refresh`;
  const at = (name: string): string => join(directory, name);
  const allow = (name: string): void => {
    if (!existsSync(at(name))) replaceFile(at(name), CONTENT);
  };
  return {
    exist: () => existsSync(directory),
    lockOf: (key) => {
      if (!existsSync(at(refresh(key)))) return 'terminal';
      return existsSync(at(sign(key))) ? 'none' : 'refreshable';
    },
    grant: (key, lock) => {
      makePrivateDirectory(directory);
      if (lock === 'terminal') return;
      allow(refresh(key));
      if (lock === 'none') allow(sign(key));
    },
    withdraw: (key, lock) => {
      removeIfPresent(at(lock === 'terminal' ? refresh(key) : sign(key)));
      syncDirectory(directory);
    },
    keepOnly: (keys) => {
      if (!existsSync(directory)) return;
      const wanted = new Set(keys.flatMap((key) => [sign(key), refresh(key)]));
      for (const name of readdirSync(directory)) if (!wanted.has(name)) removeIfPresent(at(name));
    },
    areDeletable: () => {
      try {
        accessSync(directory, constants.W_OK);
        return true;
      } catch {
        return false;
      }
    },
  };
}
