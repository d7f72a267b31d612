/** Authorisation key, state counter and records as sealed objects of a token. docs/spec/chip.md §6.4. */
import { concat, equalBytes } from '@quorate/intent';
import { CAPACITY, type RecordPlace, StatusError } from '../card/card.ts';
import { SecureElementError } from '../errors.ts';
import { SW } from '../status.ts';
import { CKR } from './constants.ts';
import type { ChipName } from './chipKey.ts';
import { LABEL } from './keys.ts';
import {
  encodeRecordHead,
  KEY_IN_CPLC,
  recordAssociatedData,
  recordDigest,
  type RecordHead,
} from './objects.ts';
import { returnValue } from './calls.ts';
import type { Handle, TokenSession } from './session.ts';
import {
  createData,
  dataObjects,
  readRecord,
  readStates,
  type State,
  type Stored,
  writeState,
} from './storeObjects.ts';

/**
 * The knowledge of one logged-in session. Every change first writes new objects, then the state object that
 * makes them valid, and then deletes the old ones; a start that finds both uses the state with the highest
 * counter.
 */
export class TokenStore {
  readonly #session: TokenSession;
  readonly #sealing: Handle;
  readonly #records: Map<number, Stored>;
  #state: State;
  /** Remains of a cut-off write; the first write deletes them, once the host has seen the counter. */
  #leftovers: readonly Handle[];
  /** State objects that did not open. They stay, because unreadable objects are never deleted. */
  readonly #unread: readonly Handle[];

  private constructor(
    session: TokenSession,
    sealing: Handle,
    found: {
      readonly state: State;
      readonly records: Map<number, Stored>;
      readonly leftovers: readonly Handle[];
      readonly unread: readonly Handle[];
    },
  ) {
    this.#session = session;
    this.#sealing = sealing;
    this.#state = found.state;
    this.#records = found.records;
    this.#leftovers = found.leftovers;
    this.#unread = found.unread;
  }

  /** Writes the first state of a new chip. */
  static create(
    session: TokenSession,
    chip: {
      readonly sealing: Handle;
      readonly chipKey: Uint8Array;
      readonly authorisationKey: Uint8Array;
      readonly refused: number;
    },
  ): void {
    const { sealing, chipKey, authorisationKey, refused } = chip;
    const head = { counter: 1, refused: refused | KEY_IN_CPLC, chipKey, records: new Map() };
    writeState(session, sealing, head, authorisationKey);
  }

  /** Reads the token's objects and uses the newest state. Changes nothing on the token. */
  static open(
    session: TokenSession,
    { sealing, chipKey }: { readonly sealing: Handle; readonly chipKey: Uint8Array },
  ): TokenStore {
    const { current, superseded, unread } = readStates(session, sealing, chipKey);
    const all = dataObjects(session, LABEL.record)
      .map((object) => readRecord(session, object))
      .filter((stored) => stored !== null);
    const { records: listed } = current.head;
    const isListed = ({ head, digest }: Stored): boolean => {
      const entry = listed.get(head.slot);
      return entry !== undefined && equalBytes(entry, digest);
    };
    const records = new Map(all.filter(isListed).map((stored) => [stored.head.slot, stored]));
    const isLeft = ({ object, head: { slot } }: Stored): boolean => {
      const own = records.get(slot);
      // The state lists a record for this slot that is missing: this may be it, changed by something else.
      if (own === undefined) return !listed.has(slot);
      return !own.object.equals(object);
    };
    const left = [...superseded, ...all.filter(isLeft).map(({ object }) => object)];
    // A state that did not open may be the newer one, and list objects that this one does not.
    const leftovers = unread.length > 0 ? [] : left;
    return new TokenStore(session, sealing, { state: current, records, leftovers, unread });
  }

  /** Whether there is any record object, valid or not. */
  static hasRecords(session: TokenSession): boolean {
    return dataObjects(session, LABEL.record).length > 0;
  }

  /** The chip that the newest state names. */
  static chipName(session: TokenSession, sealing: Handle): ChipName {
    const { chipKey, refused } = readStates(session, sealing, null).current.head;
    return { key: chipKey, isInCplc: (refused & KEY_IN_CPLC) !== 0 };
  }

  /** Deletes every state object. */
  static removeStates(session: TokenSession): void {
    for (const object of dataObjects(session, LABEL.state)) session.destroy(object);
  }

  get authorisationKey(): Uint8Array {
    return this.#state.authorisationKey;
  }

  get counter(): number {
    return this.#state.head.counter;
  }

  /** The optional protections that the token refused for its keys. */
  get refused(): number {
    return this.#state.head.refused;
  }

  /** Whether the CPLC contains the chip's key. */
  get isInCplc(): boolean {
    return (this.refused & KEY_IN_CPLC) !== 0;
  }

  get used(): number {
    return this.#state.head.records.size;
  }

  /** Records that the state lists but the token lacks, or has with other bytes. */
  get damaged(): number {
    return this.used - this.#records.size;
  }

  /** The error when a missing record may be one of the unreadable ones; null if it cannot be. */
  damage(): SecureElementError | null {
    if (this.damaged > 0) {
      const message = `${this.damaged} of the token's records were changed, swapped, rolled back or removed by something else`;
      return new SecureElementError('token-changed', message);
    }
    if (this.#unread.length === 0) return null;
    const message = 'the token has a state object that does not open; its list is unknown';
    return new SecureElementError('token-changed', message);
  }

  find(recordId: Uint8Array): RecordPlace | null {
    const stored = [...this.#records.values()].find(({ head }) =>
      equalBytes(head.recordId, recordId),
    );
    return stored === undefined ? null : { slot: stored.head.slot, address: stored.head.address };
  }

  insert(record: {
    readonly recordId: Uint8Array;
    readonly address: Uint8Array;
    /** Secret. */
    readonly secret: Uint8Array;
  }): { readonly slot: number; readonly used: number } {
    const { records } = this.#state.head;
    const slot = Array.from({ length: CAPACITY }, (_, at) => at).find((at) => !records.has(at));
    if (slot === undefined) throw new StatusError(SW.full);
    const { recordId, address, secret } = record;
    this.#replace({ slot, recordId, address, releaseCount: 0 }, secret);
    return { slot, used: this.used };
  }

  release(slot: number): { readonly secret: Uint8Array; readonly releaseCount: number } {
    const { head } = this.#record(slot);
    const secret = this.#open(slot);
    try {
      const releaseCount = head.releaseCount + 1;
      if (releaseCount > 0xffffffff) throw new StatusError(SW.failure);
      this.#replace({ ...head, releaseCount }, secret);
      return { secret, releaseCount };
    } catch (error) {
      secret.fill(0);
      throw error;
    }
  }

  /** Security: the caller wipes the secret. */
  #open(slot: number): Uint8Array {
    const { head, sealed } = this.#record(slot);
    const data = recordAssociatedData(this.#state.head.chipKey, head);
    try {
      const secret = this.#session.unseal(this.#sealing, sealed, data);
      if (secret !== null) return secret;
    } catch (error) {
      if (!(error instanceof SecureElementError)) throw error;
      // Nothing was counted, so the host may retry.
      throw new SecureElementError(error.code, error.message, { unsent: true, cause: error });
    }
    throw new SecureElementError('token-changed', `the record in slot ${slot} was changed`);
  }

  /** Deletes the object; returns the number of records left. */
  delete(slot: number): number {
    const { object } = this.#record(slot);
    this.#prepare();
    const records = new Map(this.#state.head.records);
    records.delete(slot);
    this.#commit(records);
    this.#records.delete(slot);
    this.#session.destroySuperseded(object);
    return this.used;
  }

  replaceAuthorisationKey(authorisationKey: Uint8Array): void {
    this.#prepare();
    this.#commit(this.#state.head.records, authorisationKey);
  }

  /** Writes the new record object and the new state that lists it, then deletes the old objects. */
  #replace(head: Omit<RecordHead, 'counter'>, secret: Uint8Array): void {
    this.#prepare();
    const { chipKey, records } = this.#state.head;
    const next = { ...head, counter: this.counter + 1 };
    const data = recordAssociatedData(chipKey, next);
    const sealed = this.#session.seal(this.#sealing, secret, data);
    const value = concat(encodeRecordHead(next), sealed.nonce, sealed.body);
    const object = this.#create(value);
    const digest = recordDigest(value);
    const before = this.#records.get(head.slot);
    this.#commit(new Map(records).set(head.slot, digest));
    this.#records.set(head.slot, { object, head: next, sealed, digest });
    if (before !== undefined) this.#session.destroySuperseded(before.object);
  }

  /** Deletes the remains of a cut-off write, so that a record that is not found is not on the token either. */
  clean(): void {
    if (this.#leftovers.length > 0) this.#prepare();
  }

  /**
   * Checks before every change that our state is still the only one. Otherwise another program writes to this
   * token, and each would delete objects that the other needs.
   */
  #prepare(): void {
    const known = [this.#state.object, ...this.#leftovers, ...this.#unread];
    const states = dataObjects(this.#session, LABEL.state);
    const isOurs = states.some((object) => object.equals(this.#state.object));
    if (!isOurs || !states.every((object) => known.some((one) => one.equals(object)))) {
      const message = 'the token was not written: something else wrote a state to it';
      throw new SecureElementError('token-changed', message);
    }
    for (const object of this.#leftovers) this.#session.destroySuperseded(object);
    this.#leftovers = [];
  }

  /** Nothing was written yet: a token without room is full, not broken. */
  #create(value: Uint8Array): Handle {
    try {
      return createData(this.#session, LABEL.record, value);
    } catch (error) {
      if (returnValue(error) === CKR.deviceMemory) throw new StatusError(SW.full);
      throw error;
    }
  }

  #commit(
    records: ReadonlyMap<number, Uint8Array>,
    authorisationKey: Uint8Array = this.#state.authorisationKey,
  ): void {
    const before = this.#state;
    const counter = before.head.counter + 1;
    if (counter > 0xffffffff) throw new StatusError(SW.failure);
    const head = { ...before.head, counter, records };
    const object = writeState(this.#session, this.#sealing, head, authorisationKey);
    this.#state = { object, head, authorisationKey };
    this.#session.destroySuperseded(before.object);
  }

  #record(slot: number): Stored {
    const stored = this.#records.get(slot);
    if (stored === undefined) throw new StatusError(SW.recordNotFound);
    return stored;
  }
}
