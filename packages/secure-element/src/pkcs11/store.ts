/** Authorisation key, state counter and records as sealed objects of a token. docs/spec/chip.md §6.4. */
import { concat, equalBytes } from '@quorate/intent';
import { CAPACITY, type RecordPlace, StatusError } from '../card/card.ts';
import { SecureElementError } from '../errors.ts';
import { SW } from '../status.ts';
import { CKA, CKO, CKR } from './constants.ts';
import { LABEL } from './keys.ts';
import {
  decodeRecord,
  decodeState,
  encodeRecordHead,
  encodeStateHead,
  recordAssociatedData,
  recordDigest,
  type RecordHead,
  type Sealed,
  type StateHead,
  stateAssociatedData,
} from './objects.ts';
import { type Handle, returnValue, type TokenSession } from './session.ts';

/** The record that an object on the token is. */
interface Stored {
  readonly object: Handle;
  readonly head: RecordHead;
  readonly sealed: Sealed;
  readonly digest: Uint8Array;
}

interface State {
  readonly object: Handle;
  readonly head: StateHead;
  /** 65 bytes */
  readonly authorisationKey: Uint8Array;
}

/**
 * What one logged-in session knows. Every change writes new objects first, the state object as the one that makes it
 * valid, and destroys the old ones after; a start that finds both takes the state with the highest counter.
 */
export class TokenStore {
  readonly #session: TokenSession;
  readonly #sealing: Handle;
  readonly #records: Map<number, Stored>;
  #state: State;

  private constructor(
    session: TokenSession,
    sealing: Handle,
    state: State,
    records: Map<number, Stored>,
  ) {
    this.#session = session;
    this.#sealing = sealing;
    this.#state = state;
    this.#records = records;
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
    const head = { counter: 1, refused, chipKey, records: new Map() };
    writeState(session, sealing, head, authorisationKey);
  }

  /** Reads what the token has, takes the newest state, and destroys what a cut-off write left. */
  static open(
    session: TokenSession,
    { sealing, chipKey }: { readonly sealing: Handle; readonly chipKey: Uint8Array },
  ): TokenStore {
    const { current, others } = newestState(session, sealing, chipKey);
    const records = new Map<number, Stored>();
    for (const object of dataObjects(session, LABEL.record)) {
      const stored = readRecord(session, object);
      const listed = stored === null ? undefined : current.head.records.get(stored.head.slot);
      if (stored !== null && listed !== undefined && equalBytes(listed, stored.digest)) {
        records.set(stored.head.slot, stored);
      } else {
        others.push(object);
      }
    }
    for (const object of others) session.destroy(object);
    return new TokenStore(session, sealing, current, records);
  }

  /** Whether there is a record object, valid or not. */
  static hasRecords(session: TokenSession): boolean {
    return dataObjects(session, LABEL.record).length > 0;
  }

  /** The chip key that the newest state names. */
  static chipKey(session: TokenSession, sealing: Handle): Uint8Array {
    return newestState(session, sealing, null).current.head.chipKey;
  }

  /** Destroys every state object. */
  static removeStates(session: TokenSession): void {
    for (const object of dataObjects(session, LABEL.state)) session.destroy(object);
  }

  get authorisationKey(): Uint8Array {
    return this.#state.authorisationKey;
  }

  get counter(): number {
    return this.#state.head.counter;
  }

  /** Which optional protections the token refused when the keys were made. */
  get refused(): number {
    return this.#state.head.refused;
  }

  get used(): number {
    return this.#state.head.records.size;
  }

  /** Records that the state lists and the token does not have, or has with other bytes. */
  get damaged(): number {
    return this.used - this.#records.size;
  }

  /** What is told when a record may be one of the damaged ones. */
  damage(): SecureElementError {
    const message = `${this.damaged} of the token's records were changed, swapped, rolled back or removed by something else`;
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
    const { head, sealed } = this.#record(slot);
    const data = recordAssociatedData(this.#state.head.chipKey, head);
    const secret = this.#session.unseal(this.#sealing, sealed, data);
    if (secret === null) {
      throw new SecureElementError('token-changed', `the record in slot ${slot} was changed`);
    }
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

  /** Destroys the object; gives the records that are left. */
  erase(slot: number): number {
    const { object } = this.#record(slot);
    const records = new Map(this.#state.head.records);
    records.delete(slot);
    this.#commit(records);
    this.#records.delete(slot);
    this.#session.destroy(object);
    return this.used;
  }

  replaceAuthorisationKey(authorisationKey: Uint8Array): void {
    this.#commit(this.#state.head.records, authorisationKey);
  }

  /** New record object, new state that lists it, then the old objects. */
  #replace(head: Omit<RecordHead, 'counter'>, secret: Uint8Array): void {
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
    if (before !== undefined) this.#session.destroy(before.object);
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
    this.#session.destroy(before.object);
  }

  #record(slot: number): Stored {
    const stored = this.#records.get(slot);
    if (stored === undefined) throw new StatusError(SW.recordNotFound);
    return stored;
  }
}

/** The valid state with the highest counter; a token on which none is valid is not used. */
function newestState(
  session: TokenSession,
  sealing: Handle,
  chipKey: Uint8Array | null,
): { readonly current: State; readonly others: Handle[] } {
  const objects = dataObjects(session, LABEL.state);
  const states = objects
    .map((object) => readState(session, sealing, object))
    .filter((state) => state !== null)
    .filter(({ head }) => chipKey === null || equalBytes(head.chipKey, chipKey))
    .toSorted((a, b) => b.head.counter - a.head.counter);
  const [current, second] = states;
  if (current === undefined || current.head.counter === second?.head.counter) {
    throw new SecureElementError(
      'token-changed',
      'the token is not used: its state was removed, changed or doubled by something else',
    );
  }
  return { current, others: objects.filter((object) => !object.equals(current.object)) };
}

function readState(session: TokenSession, sealing: Handle, object: Handle): State | null {
  const decoded = decodeState(session.attribute(object, CKA.value) ?? new Uint8Array(0));
  if (decoded === null) return null;
  const { head, sealed } = decoded;
  const authorisationKey = session.unseal(sealing, sealed, stateAssociatedData(head));
  return authorisationKey === null ? null : { object, head, authorisationKey };
}

function readRecord(session: TokenSession, object: Handle): Stored | null {
  const value = session.attribute(object, CKA.value) ?? new Uint8Array(0);
  const decoded = decodeRecord(value);
  return decoded === null ? null : { object, ...decoded, digest: recordDigest(value) };
}

function writeState(
  session: TokenSession,
  sealing: Handle,
  head: StateHead,
  authorisationKey: Uint8Array,
): Handle {
  const { nonce, body } = session.seal(sealing, authorisationKey, stateAssociatedData(head));
  return createData(session, LABEL.state, concat(encodeStateHead(head), nonce, body));
}

function dataObjects(session: TokenSession, label: string): Handle[] {
  return session.find([
    { type: CKA.class, value: CKO.data },
    { type: CKA.private, value: true },
    { type: CKA.label, value: label },
  ]);
}

function createData(session: TokenSession, label: string, value: Uint8Array): Handle {
  return session.create([
    { type: CKA.class, value: CKO.data },
    { type: CKA.token, value: true },
    { type: CKA.private, value: true },
    { type: CKA.application, value: 'quorate' },
    { type: CKA.label, value: label },
    { type: CKA.value, value: Buffer.from(value) },
  ]);
}
