/** State and record objects on a token: finds, reads and creates them. docs/spec/chip.md §6.4. */
import { concat, equalBytes } from '@quorate/intent';
import { SecureElementError } from '../errors.ts';
import { CKA, CKO } from './constants.ts';
import { LABEL } from './keys.ts';
import {
  decodeRecord,
  decodeStateObject,
  encodeStateHead,
  recordDigest,
  type RecordHead,
  type Sealed,
  type StateHead,
  stateAssociatedData,
} from './objects.ts';
import type { Handle, TokenSession } from './session.ts';

/** A record object on the token. */
export interface Stored {
  readonly object: Handle;
  readonly head: RecordHead;
  readonly sealed: Sealed;
  readonly digest: Uint8Array;
}

/** A state object on the token. */
export interface State {
  readonly object: Handle;
  readonly head: StateHead;
  /** 65 bytes */
  readonly authorisationKey: Uint8Array;
}

/** The state objects of a token. */
export interface States {
  /** The valid one with the highest counter. */
  readonly current: State;
  /** Valid ones that `current` has superseded. */
  readonly superseded: readonly Handle[];
  /** Objects with a state's label that did not open, or belong to another chip: their lists are unknown. */
  readonly unread: readonly Handle[];
}

/** Reads every state; a token without a valid one is not used. */
export function readStates(
  session: TokenSession,
  sealing: Handle,
  chipKey: Uint8Array | null,
): States {
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
      'the token is refused: something else removed, changed or duplicated its state',
    );
  }
  const read = states.map(({ object }) => object);
  return {
    current,
    superseded: read.slice(1),
    unread: objects.filter((object) => !read.some((one) => one.equals(object))),
  };
}

function readState(session: TokenSession, sealing: Handle, object: Handle): State | null {
  const decoded = decodeStateObject(session.attribute(object, CKA.value) ?? new Uint8Array(0));
  if (decoded === null) return null;
  const { head, sealed } = decoded;
  const authorisationKey = session.unseal(sealing, sealed, stateAssociatedData(head));
  return authorisationKey === null ? null : { object, head, authorisationKey };
}

/** Null for an object that is no record. */
export function readRecord(session: TokenSession, object: Handle): Stored | null {
  const value = session.attribute(object, CKA.value) ?? new Uint8Array(0);
  const decoded = decodeRecord(value);
  return decoded === null ? null : { object, ...decoded, digest: recordDigest(value) };
}

/** Seals a state and creates its object. */
export function writeState(
  session: TokenSession,
  sealing: Handle,
  head: StateHead,
  authorisationKey: Uint8Array,
): Handle {
  const { nonce, body } = session.seal(sealing, authorisationKey, stateAssociatedData(head));
  return createData(session, LABEL.state, concat(encodeStateHead(head), nonce, body));
}

/** The private data objects with a label. */
export function dataObjects(session: TokenSession, label: string): Handle[] {
  return session.find([
    { type: CKA.class, value: CKO.data },
    { type: CKA.private, value: true },
    { type: CKA.label, value: label },
  ]);
}

/** Creates a private data object. */
export function createData(session: TokenSession, label: string, value: Uint8Array): Handle {
  return session.create([
    { type: CKA.class, value: CKO.data },
    { type: CKA.token, value: true },
    { type: CKA.private, value: true },
    { type: CKA.application, value: 'quorate' },
    { type: CKA.label, value: label },
    { type: CKA.value, value: Buffer.from(value) },
  ]);
}
