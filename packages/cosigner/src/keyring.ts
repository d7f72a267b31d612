/**
 * Opens keyshares for the protocol threads: once for all concurrent sessions, and only until shortly after the
 * last of them (docs/spec/cosigner.md, "Store", E-1).
 */
import {
  countedRelease,
  createMutexes,
  type Logger,
  messageOf,
  type Releases,
} from '@quorate/holder';
import { fromHex, parseAddress } from '@quorate/intent';
import { CosignerError } from './errors.ts';
import { RELEASE_POLICY } from './releases.ts';
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
  readonly #logger: Logger;
  readonly #advancing = new Set<Promise<void>>();
  #threads: Threads | undefined;
  #onRolledBack: ((sessionId: string) => void) | undefined;

  constructor(keys: KeyRecords, vault: Vault, index: 1 | 2, logger: Logger) {
    this.#keys = keys;
    this.#vault = vault;
    this.#index = index;
    this.#logger = logger;
    keys.onDue((sessionId) => this.#advance(sessionId));
  }

  /** Attaches the threads that open keyshares, and the function that ends the sessions of a rolled-back key. */
  attach(threads: Threads, onRolledBack: (sessionId: string) => void): void {
    this.#threads = threads;
    this.#onRolledBack = onRolledBack;
  }

  /**
   * Opens the key in the session's thread, unless it is open there; `release` must follow. A rolled-back key
   * is opened for a refresh, which gives it new shares and a new count.
   *
   * @throws CosignerError `key_rolled_back`
   */
  async hold(sessionId: string, port: ThreadPort, purpose: 'sign' | 'refresh'): Promise<string> {
    const record = this.#keys.find(sessionId);
    if (record === undefined) throw new CosignerError('unknown_key');
    const name = keyName(record);
    const use = this.#uses.get(name) ?? { sessions: 0, open: false, timer: undefined };
    this.#uses.set(name, use);
    clearTimeout(use.timer);
    use.sessions += 1;
    try {
      await this.#exclusive(sessionId, async () => {
        this.#checkUse(sessionId, purpose);
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

  /** A rolled-back key may only be open for a refresh. */
  #checkUse(sessionId: string, purpose: 'sign' | 'refresh'): void {
    if (purpose === 'sign' && this.#keys.find(sessionId)?.rolled_back === true) {
      throw new CosignerError('key_rolled_back');
    }
  }

  /** Counts one session less that uses the key. */
  release(name: string): void {
    const use = this.#uses.get(name);
    if (use === undefined) return;
    use.sessions -= 1;
    if (use.sessions > 0) return;
    use.timer = setTimeout(() => this.#wipe(name), LINGER_MS);
    use.timer.unref();
  }

  /** Notes that the threads lost all keys that they held open. */
  threadsLost(): void {
    for (const use of this.#uses.values()) use.open = false;
  }

  /** Finishes work that a crash interrupted after a lock. */
  resume(): Promise<void> {
    for (const { session_id: id, releases } of this.#keys.list()) {
      if (releases.due !== null) this.#advance(id);
    }
    return this.settled();
  }

  /** Waits until the chip has followed every lock, or refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#advancing);
  }

  #wipe(name: string): void {
    this.#uses.delete(name);
    const [sessionId = ''] = name.split('/');
    this.#threads?.wipe(sessionId, name);
  }

  async #unseal({ session_id: sessionId, share: held }: KeyRecord): Promise<ShareToOpen> {
    const before = this.#keys.find(sessionId);
    if (before === undefined) throw new CosignerError('unknown_key');
    if (before.share.epoch !== held.epoch) throw new CosignerError('epoch_mismatch');
    const { share } = before;
    const opener = await this.#release(before);
    return {
      publicKey: fromHex(before.public_key),
      address: parseAddress(before.address),
      keyId: fromHex(before.key_id),
      recordId: fromHex(share.record_id),
      epoch: share.epoch,
      index: this.#index,
      encryptedShard: Buffer.from(share.shard, 'base64'),
      opener,
    };
  }

  /** A count that attempts do not explain reveals an older store or chip. */
  async #release(before: KeyRecord): Promise<Uint8Array> {
    const { session_id: sessionId, share } = before;
    const name = { recordId: fromHex(share.record_id), address: parseAddress(before.address) };
    const release = await countedRelease({
      policy: RELEASE_POLICY,
      counter: {
        read: () => before.releases,
        write: (releases) => this.#count(before, releases),
        confirm: (releases) => this.#count(before, releases),
      },
      ask: () => this.#vault.release(name),
      // A key that was rolled back already is only refreshed: it stays so, whatever the chip counts.
      onUnexplained: () => (before.rolled_back ? 'give' : 'wipe'),
    });
    switch (release.outcome) {
      case 'released':
        return release.secret;
      case 'rolled-back':
        return this.#rollBack(sessionId);
      case 'unclear':
        throw new Error('unreachable: the chip is asked after any number of attempts');
    }
  }

  /** Raises the chip's count until the next one exceeds all that records from before a lock explain. */
  #advance(sessionId: string): void {
    const work = this.#exclusive(sessionId, async () => {
      for (;;) {
        const record = this.#keys.find(sessionId);
        const due = record?.releases.due ?? null;
        if (record === undefined || due === null) return;
        if (record.releases.confirmed >= due) return this.#reached(sessionId, due);
        (await this.#release(record)).fill(0);
      }
    })
      .catch((error: unknown) => {
        this.#logger.error(
          { key: sessionId, error: messageOf(error) },
          'the chip did not follow a lock',
        );
      })
      .finally(() => this.#advancing.delete(work));
    this.#advancing.add(work);
  }

  #reached(sessionId: string, due: number): void {
    this.#keys.update(sessionId, (record) =>
      record.releases.due === due
        ? { ...record, releases: { ...record.releases, due: null } }
        : record,
    );
  }

  /** A refresh activated meanwhile has a count of its own; a lock set meanwhile stays due. */
  #count({ session_id: sessionId, share }: KeyRecord, releases: Releases): void {
    if (this.#keys.find(sessionId)?.share.epoch !== share.epoch) return;
    this.#keys.count(sessionId, releases);
  }

  #rollBack(sessionId: string): never {
    this.#keys.update(sessionId, (record) => ({ ...record, rolled_back: true }));
    this.#onRolledBack?.(sessionId);
    throw new CosignerError('key_rolled_back');
  }
}
