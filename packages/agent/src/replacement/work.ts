/** The state that every step of a replacement shares. */
import {
  type Chip,
  countedRelease,
  HolderError,
  isRenewable,
  type ReadRequest,
  type ReleaseCounter,
} from '@quorate/holder';
import { RELEASE_POLICY } from '../chip/releasePolicy.ts';
import {
  fromHex,
  type ReplacedShard,
  replacementSessionKey,
  type ReplacementStep,
  replacementStepHash,
  sessionHash,
} from '@quorate/intent';
import { certificatePayload, unusedKeys } from '../ceremonies/certificates.ts';
import type { AgentState } from '../records/state.ts';
import { type KeyRecord, keyTagOf } from '../records/keyRecord.ts';
import { type Journal, type JournalShard, writeJournal } from './journal.ts';
import type { ReplacementService } from './service.ts';

/** The most renewals of challenges and sessions that a reset took away. */
const MAX_ATTEMPTS = 4;

/** A replacement at work: its chips, its coordinator and its journal. */
export class Work {
  readonly state: AgentState;
  readonly service: ReplacementService;
  readonly username: string;
  readonly now: () => number;
  #journal: Journal;

  constructor(
    state: AgentState,
    service: ReplacementService,
    username: string,
    journal: Journal,
    now: () => number,
  ) {
    this.state = state;
    this.service = service;
    this.username = username;
    this.now = now;
    this.#journal = journal;
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** The coordinator's identifier. */
  get id(): string {
    const { id } = this.#journal;
    if (id === null) throw new TypeError('unreachable: a replacement without an identifier');
    return id;
  }

  /** Changes the journal, durably. */
  note(change: Partial<Journal>): void {
    this.#journal = writeJournal(this.state.directory, { ...this.#journal, ...change });
  }

  /** Finds a moving shard in the journal. */
  shard(keyId: string): JournalShard | undefined {
    return this.#journal.shards[keyId];
  }

  /** Notes a moving shard, durably. */
  noteShard(keyId: string, shard: JournalShard): void {
    this.note({ shards: { ...this.#journal.shards, [keyId]: shard } });
  }

  /** Binds the steps of a key's shard to this agent's own record. */
  bound(key: KeyRecord): ReplacedShard {
    return {
      replacementId: this.id,
      username: this.username,
      keyId: fromHex(key.key_id),
      address: keyTagOf(key),
      partIndex: key.part_index,
      epoch: key.epoch,
      recordId: fromHex(key.record_id),
      oldChip: fromHex(this.#journal.old_chip.public_key),
      newChip: fromHex(this.#journal.new_chip.public_key),
    };
  }

  /** A certificate of one step by one chip. */
  async certify(
    chip: Chip,
    step: ReplacementStep,
    key: KeyRecord,
    shardHash?: Uint8Array,
  ): Promise<StepCertificate> {
    const intent = replacementStepHash(step, this.bound(key), shardHash);
    const payload = certificatePayload(
      'replace',
      replacementSessionKey(this.id),
      key.part_index,
      unusedKeys(),
      intent,
      this.now(),
    );
    const der = await chip.signSession(payload);
    return {
      text: Buffer.concat([payload, der]).toString('base64'),
      sessionHash: sessionHash(chip.publicKey, payload),
      intent,
    };
  }
}

/** A certificate in the form for the coordinator and the chip. */
export interface StepCertificate {
  /** base64 */
  readonly text: string;
  readonly sessionHash: Uint8Array;
  readonly intent: Uint8Array;
}

/** Repeats a step when a reset of the chip took session or challenge away. */
export async function renewing<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (!isRenewable(error) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/**
 * Asks the chip for an opener in a step.
 * @param rolledBack - called when the chip's count is impossible
 * @throws HolderError `chip/rolled-back` when the chip's count is not the one of this agent
 */
export async function askForOpener(
  chip: Chip,
  request: ReadRequest,
  counter: ReleaseCounter,
  rolledBack: () => void,
): Promise<Uint8Array> {
  const release = await countedRelease({
    policy: RELEASE_POLICY,
    counter,
    ask: () => chip.read(request),
  });
  switch (release.outcome) {
    case 'released':
      return release.secret;
    case 'unclear':
      throw new HolderError(
        'chip/rolled-back',
        `${release.outstanding} releases of this shard have an unknown outcome: nobody can trust its count`,
      );
    case 'rolled-back':
      rolledBack();
      throw new HolderError(
        'chip/rolled-back',
        `the chip has released this shard ${release.actual} times, not ${release.least}: a state was rolled back`,
      );
  }
}
