/**
 * Opens keyshares for the protocol threads: once for all sessions that run at the same time, and not
 * longer than a moment after the last of them (contract.md §1.6, attacks.md E-1).
 */
import { createMutexes } from '@quorate/agent';
import { fromHex, parseAddress } from '@quorate/intent';
import { CosignerError } from './errors.ts';
import { attempted, isBeforeCount, isExplained, type Releases } from './releases.ts';
import type { KeyRecord, KeyRecords } from './store/keyRecords.ts';
import type { Vault } from './vault.ts';
import type { ShareToOpen } from './worker/protocol.ts';
import type { Threads, ThreadPort } from './worker/threads.ts';

/** How long a keyshare stays open after its last session, milliseconds. */
const LINGER_MS = 2000;

interface Use {
  sessions: number;
  open: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** The name of one epoch of a key in the threads. */
function keyName(record: KeyRecord): string {
  return `${record.session_id}/${record.share.epoch}`;
}

/** The keyshares in use. */
export class Keyring {
  readonly #keys: KeyRecords;
  readonly #vault: Vault;
  readonly #index: 1 | 2;
  readonly #uses = new Map<string, Use>();
  readonly #exclusive = createMutexes();
  #threads: Threads | undefined;
  #onRolledBack: ((sessionId: string) => void) | undefined;

  constructor(keys: KeyRecords, vault: Vault, index: 1 | 2) {
    this.#keys = keys;
    this.#vault = vault;
    this.#index = index;
  }

  /** The threads that keyshares are opened in, and who ends the sessions of a key that was rolled back. */
  attach(threads: Threads, onRolledBack: (sessionId: string) => void): void {
    this.#threads = threads;
    this.#onRolledBack = onRolledBack;
  }

  /** Opens the key in the session's thread, if it is not open there; `release` must follow. */
  async hold(sessionId: string, port: ThreadPort): Promise<string> {
    const record = this.#keys.find(sessionId);
    if (record === undefined) throw new CosignerError('unknown_key');
    const name = keyName(record);
    const use = this.#uses.get(name) ?? { sessions: 0, open: false, timer: undefined };
    this.#uses.set(name, use);
    clearTimeout(use.timer);
    use.sessions += 1;
    try {
      await this.#exclusive(sessionId, async () => {
        if (use.open) return;
        const share = await this.#unseal(record);
        port.hold(name, share);
        use.open = true;
      });
      return name;
    } catch (error) {
      this.release(name);
      throw error;
    }
  }

  /** One session less uses the key. */
  release(name: string): void {
    const use = this.#uses.get(name);
    if (use === undefined) return;
    use.sessions -= 1;
    if (use.sessions > 0) return;
    use.timer = setTimeout(() => this.#wipe(name), LINGER_MS);
    use.timer.unref();
  }

  /** The threads lost everything that they held open. */
  forget(): void {
    for (const use of this.#uses.values()) use.open = false;
  }

  #wipe(name: string): void {
    this.#uses.delete(name);
    const [sessionId = ''] = name.split('/');
    this.#threads?.wipe(sessionId, name);
  }

  /** The attempt is on disk before the chip is asked; a count that it does not explain tells of an older store or chip. */
  async #unseal({ session_id: sessionId, share: held }: KeyRecord): Promise<ShareToOpen> {
    const before = this.#keys.find(sessionId);
    if (before === undefined) throw new CosignerError('unknown_key');
    if (before.rolled_back) throw new CosignerError('key_rolled_back');
    if (before.share.epoch !== held.epoch) throw new CosignerError('epoch_mismatch');
    const { releases, share } = before;
    this.#count(before, attempted(releases));
    const address = parseAddress(before.address);
    const recordId = fromHex(share.record_id);
    const { secret, releaseCount } = await this.#vault
      .release({ recordId, address })
      .catch((error: unknown) => {
        if (isBeforeCount(error)) this.#count(before, releases);
        throw error;
      });
    try {
      if (!isExplained(releases, releaseCount)) this.#rollBack(sessionId);
      this.#count(before, { confirmed: releaseCount, outstanding: 0 });
    } catch (error) {
      secret.fill(0);
      throw error;
    }
    return {
      publicKey: fromHex(before.public_key),
      address,
      keyId: fromHex(before.key_id),
      recordId,
      epoch: share.epoch,
      index: this.#index,
      encryptedShard: Buffer.from(share.shard, 'base64'),
      opener: secret,
    };
  }

  /** A refresh that was activated in between has a count of its own. */
  #count({ session_id: sessionId, share }: KeyRecord, releases: Releases): void {
    this.#keys.update(sessionId, (record) =>
      record.share.epoch === share.epoch ? { ...record, releases } : record,
    );
  }

  #rollBack(sessionId: string): never {
    this.#keys.update(sessionId, (record) => ({ ...record, rolled_back: true }));
    this.#onRolledBack?.(sessionId);
    throw new CosignerError('key_rolled_back');
  }
}
