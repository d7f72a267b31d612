/**
 * Signs the head of the log: only entries that this process has written or verified, and only if the log
 * continues from the last signed head. docs/spec/audit.md §3.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { AuditEvent } from './event.ts';
import type { Database, Tx } from '../store/database.ts';
import { Serial } from '../store/serial.ts';
import { type Chain, chainProblem, EMPTY, type Head, headOf } from './chain.ts';
import { type Checkpoint, publicKeyHex, signCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import type { HeadFile } from './headFile.ts';

/** Refuses to sign a log that differs from the one written. */
export class AuditBrokenError extends Error {
  override readonly name = 'AuditBrokenError';
  readonly code = 'audit_broken';
}

/** Options of {@link Signer}. */
export interface SignerOptions {
  readonly database: Database;
  readonly chain: Chain;
  /** Ed25519. */
  readonly key: KeyObject;
  readonly clock: Clock;
  /** Keeps the last checkpoint outside the database as well. */
  readonly headFile?: HeadFile | undefined;
  /** Told of each new checkpoint. */
  readonly onSigned?: ((checkpoint: Checkpoint) => void) | undefined;
  /** Told when the last checkpoint could not be kept outside the database. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The last entry of a server that stops: only a start may follow it. */
export const STOPPED = 'server.stop';

/** The checkpoints of one log. */
export class Signer {
  readonly #options: SignerOptions;
  readonly #publicKey: string;
  readonly #queue = new Serial();
  /** The database was compared with the written log up to here. */
  #verified: Head | undefined;
  #signed: Checkpoint | undefined;
  #isKept = true;

  constructor(options: SignerOptions) {
    this.#options = options;
    this.#publicKey = publicKeyHex(options.key);
  }

  /** Whether the last checkpoint is also kept outside the database. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Compares the log with the last checkpoint; undefined if it continues from there. */
  async open(formerKey?: string): Promise<string | undefined> {
    const { database, chain, headFile } = this.#options;
    const kept = (await headFile?.read()) ?? { state: 'none' };
    const stored = await database.read(async (tx) => ({
      last: await lastCheckpoint(tx),
      head: await headOf(tx),
    }));
    if (kept.state === 'unreadable') {
      return this.#broken(`${headFile?.path ?? ''} is not a signed checkpoint`);
    }
    const outside = kept.state === 'kept' ? kept.checkpoint : undefined;
    const problem =
      (await this.#checkpointProblem(outside, stored.last, formerKey)) ??
      (await chainProblem(database, outside ?? stored.last ?? EMPTY, stored.head)) ??
      (await this.#afterStop(outside ?? stored.last, stored.head));
    if (problem !== undefined) return this.#broken(problem);
    this.#verified = stored.head;
    this.#signed = stored.last;
    this.#isKept = headFile === undefined || outside?.seq === stored.last?.seq;
    chain.continueFrom(stored.head);
    return undefined;
  }

  /** Continues from the log as it is, by an operator's order; `entry` records the order. */
  async adopt(entry: AuditEvent): Promise<void> {
    const { database, chain } = this.#options;
    await database.transaction(async (tx) => {
      const head = await headOf(tx);
      // They name entries that do not exist.
      await tx.run('DELETE FROM audit_checkpoints WHERE seq > ?', [head.seq]);
      chain.continueFrom(head);
      await chain.append(tx, entry);
      tx.onCommit(() => {
        this.#verified = head;
        this.#signed = undefined;
      });
    });
    await this.checkpoint();
  }

  /** Signs the last durable entry, unless it is signed already; nothing for an empty log. */
  checkpoint(): Promise<Checkpoint | undefined> {
    return this.#queue.run(() => this.#checkpoint());
  }

  async #checkpoint(): Promise<Checkpoint | undefined> {
    const { database, chain, key, clock } = this.#options;
    const to = chain.committed ?? (await database.read(headOf));
    this.#verified ??= (await database.read(lastCheckpoint)) ?? EMPTY;
    const problem = chain.problem ?? (await chainProblem(database, this.#verified, to));
    if (problem !== undefined) throw new AuditBrokenError(this.#broken(problem));
    this.#verified = to;
    if (to.seq === 0) return undefined;
    const signed = this.#signed ?? (await database.read(lastCheckpoint));
    if (signed?.seq === to.seq) return this.#kept(signed);
    const made = signCheckpoint(key, { seq: to.seq, at: clock.now(), hash: to.hash });
    await database.transaction((tx) => insert(tx, made));
    this.#isKept = false;
    this.#options.onSigned?.(made);
    return this.#kept(made);
  }

  /**
   * Keeps a checkpoint outside the database. If that fails the checkpoint still counts, and the next one tries
   * again.
   */
  async #kept(checkpoint: Checkpoint): Promise<Checkpoint> {
    const { headFile, onError } = this.#options;
    this.#signed = checkpoint;
    if (this.#isKept) return checkpoint;
    try {
      await headFile?.write(checkpoint, this.#publicKey);
      this.#isKept = true;
    } catch (error) {
      onError?.(error);
    }
    return checkpoint;
  }

  async #checkpointProblem(
    outside: Checkpoint | undefined,
    last: Checkpoint | undefined,
    formerKey: string | undefined,
  ): Promise<string | undefined> {
    if (outside !== undefined) {
      const stored = await this.#options.database.read((tx) => checkpointAt(tx, outside.seq));
      if (stored?.hash !== outside.hash) {
        return `the checkpoint at entry ${outside.seq} is not in the database`;
      }
    }
    if (last === undefined || last.seq === outside?.seq) return undefined;
    const keys = [this.#publicKey, ...(formerKey === undefined ? [] : [formerKey])];
    if (keys.some((publicKey) => verifyCheckpoint(last, publicKey))) return undefined;
    return `the checkpoint at entry ${last.seq} is not signed by the audit key`;
  }

  /** Detects entries after an orderly stop: the server signed its last entry, so somebody else wrote them. */
  async #afterStop(signed: Checkpoint | undefined, head: Head): Promise<string | undefined> {
    if (signed === undefined || signed.seq === head.seq) return undefined;
    const sql = 'SELECT action FROM audit_entries WHERE seq = ?';
    const row = await this.#options.database.read((tx) =>
      tx.get<{ action: string }>(sql, [signed.seq]),
    );
    if (row?.action !== STOPPED) return undefined;
    return `entry ${signed.seq + 1} was written after the server had stopped`;
  }

  #broken(problem: string): string {
    this.#options.chain.broken(problem);
    return problem;
  }
}

/** The last checkpoint of the database. */
function lastCheckpoint(tx: Tx): Promise<Checkpoint | undefined> {
  return tx.get<Checkpoint>(
    'SELECT seq, at, hash, signature FROM audit_checkpoints ORDER BY seq DESC LIMIT 1',
    [],
  );
}

function checkpointAt(tx: Tx, seq: number): Promise<Checkpoint | undefined> {
  return tx.get<Checkpoint>(
    'SELECT seq, at, hash, signature FROM audit_checkpoints WHERE seq = ?',
    [seq],
  );
}

async function insert(tx: Tx, { seq, at, hash, signature }: Checkpoint): Promise<void> {
  await tx.run('INSERT INTO audit_checkpoints (seq, at, hash, signature) VALUES (?, ?, ?, ?)', [
    seq,
    at,
    hash,
    signature,
  ]);
}
