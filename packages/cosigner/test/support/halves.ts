/**
 * Two session managers with real identities, certificates and stores, joined without a network. In the
 * place of the protocol thread stands a record of what reaches it, so that a test decides what it says.
 */
import { type Logger, prepare, type RoundFrame } from '@quorate/holder';
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { join } from 'node:path';
import { sessionMessage, toHex } from '@quorate/intent';
import type { TwoPartySession as SessionView } from '@quorate/wire';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { Approvals } from '../../src/approvals.ts';
import { p256PublicKey } from '../../src/keys.ts';
import type { PublicIdentity } from '../../src/partner.ts';
import type { PeerMessage } from '../../src/peer/connection.ts';
import { encodeMail } from '@quorate/two-party';
import { type ManagerContext, SessionManager } from '../../src/session/manager.ts';
import type { KeyRecord, KeyRecords } from '../../src/store/keyRecords.ts';
import type { Keep } from '../../src/store/retention.ts';
import { Turns } from '../../src/session/turns.ts';
import { openSessionRecords, type SessionRecords } from '../../src/store/sessionRecords.ts';
import { openUnwanted, type Unwanted } from '../../src/store/unwanted.ts';
import type { RecordName, Vault } from '../../src/vault.ts';
import type {
  KeygenStart,
  RefreshStart,
  SessionEvent,
  SignStart,
} from '../../src/worker/protocol.ts';
import type { ThreadPort } from '../../src/worker/threads.ts';
import { openJournalIn } from './journals.ts';
import { openRecords, recordOf } from './records.ts';

/** What the thread of one session was told. */
export interface Line {
  readonly frames: RoundFrame[];
  readonly starts: (KeygenStart | SignStart | RefreshStart)[];
  /** Lets the thread say something. */
  readonly say: (event: SessionEvent) => void;
  ended: boolean;
}

/** Somebody with an identity. */
export interface Party {
  readonly key: KeyObject;
  readonly identity: PublicIdentity;
}

/** Makes a party. */
export function makeParty(index: 1 | 2, name: string): Party {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const identity: PublicIdentity = {
    name,
    role: index === 1 ? 'enterprise' : 'mobile-app',
    identity: p256PublicKey(key),
    agreement: randomBytes(32),
  };
  return { key, identity };
}

/** One side. */
export interface Side {
  readonly party: Party;
  readonly manager: SessionManager;
  readonly keys: KeyRecords;
  readonly sessions: SessionRecords;
  readonly unwanted: Unwanted;
  readonly sent: PeerMessage[];
  readonly lines: Map<string, Line>;
  readonly log: string[];
  /** Whether what it says reaches the other side; a test may look at it and keep it. */
  carries: (message: PeerMessage) => boolean;
  /** Looks for primes until a test gives them. */
  givePrimes: () => void;
  view(id: string): SessionView | undefined;
}

/** What a test changes of a side. */
export interface Wishes {
  readonly records?: readonly KeyRecord[];
  readonly deadlines?: { step: number; setup_step: number; approval: number; session: number };
  readonly approvals?: Approvals;
  /** Primes have to be looked for. */
  readonly slow?: boolean;
  /** Where the store is; one of its own if not given. */
  readonly directory?: string;
  /** A real chip, or one that fails. */
  readonly vault?: Pick<Vault, 'delete' | 'keep'> & Partial<Pick<Vault, 'room'>>;
  readonly keep?: Keep;
  /** Sessions of its own that run at once with one partner. */
  readonly maxRunning?: number;
  /** Until then the chip does not open the key. */
  readonly opened?: Promise<void>;
  /** Takes primes back. */
  readonly putBack?: (pairs: readonly unknown[]) => void;
  /** The store, or a part that fails. */
  readonly keys?: (keys: KeyRecords) => KeyRecords;
  readonly sessions?: (sessions: SessionRecords) => SessionRecords;
  readonly keepEvidence?: () => void;
  /** Whether the disk has no room for the journal. */
  readonly isFull?: () => boolean;
}

const DEADLINES = { step: 10, setup_step: 60, approval: 120, session: 180 };

/** A key record of one side that names both identities. */
export function keyBetween(index: 1 | 2, [one, two]: readonly [Party, Party]): KeyRecord {
  const [own, partner] = index === 1 ? [one, two] : [two, one];
  return recordOf(index, {
    partner: partner.identity.name,
    partner_identity: toHex(partner.identity.identity),
    own_identity: toHex(own.identity.identity),
  });
}

/** Makes one side; `others` are its partners. */
export function makeSide(
  index: 1 | 2,
  party: Party,
  others: readonly Party[],
  wishes: Wishes = {},
): Side {
  const directory = wishes.directory ?? temporaryDirectory();
  const unwanted = openUnwanted(join(directory, 'unwanted'));
  const vault = wishes.vault ?? { delete: () => Promise.resolve(), keep: () => Promise.resolve() };
  const records = openRecords(join(directory, 'keys'));
  for (const record of wishes.records ?? []) records.add(record);
  const keys = wishes.keys?.(records) ?? records;
  const sessions = openSessionRecords(openJournalIn(directory, [], wishes.isFull), index, () =>
    Date.now(),
  );
  const shown = wishes.sessions?.(sessions) ?? sessions;
  const log: string[] = [];
  const logs = (_: unknown, message: string): void => void log.push(message);
  const logger: Logger = { debug: logs, info: logs, warn: logs, error: logs };
  const lines = new Map<string, Line>();
  const sent: PeerMessage[] = [];
  let givePrimes = (): void => undefined;
  const open = (id: string, _: string, say: (event: SessionEvent) => void): ThreadPort => {
    const line: Line = { frames: [], starts: [], say, ended: false };
    lines.set(id, line);
    return {
      prepare: () => {
        const { nonce, keys } = prepare();
        return Promise.resolve({ nonce, x25519: keys.x25519, ed25519: keys.ed25519 });
      },
      hold: () => undefined,
      start: (start) => void line.starts.push(start),
      receive: (frame) => void line.frames.push(frame),
      end: () => {
        line.ended = true;
        return Promise.resolve();
      },
    };
  };
  const context = {
    config: {
      capabilities: ['keygen', 'sign'],
      partners: others.map(({ identity }) => identity.name),
      keep: wishes.keep ?? { days: 400, sessions: 1000 },
      max_sessions: 100,
      paillier_bits: 2048,
      deadlines: wishes.deadlines ?? DEADLINES,
    },
    index,
    own: party.identity,
    store: {
      keys,
      sessions: shown,
      unwanted,
      keepEvidence: wishes.keepEvidence ?? ((): void => undefined),
    },
    vault: {
      certify: (payload: Uint8Array) =>
        Promise.resolve(
          Buffer.concat([
            payload,
            sign('sha256', sessionMessage(party.identity.identity, payload), party.key),
          ]),
        ),
      delete: (name: RecordName) => vault.delete(name),
      keep: (name: RecordName, opener: Uint8Array) => vault.keep(name, opener),
      room: () => vault.room?.() ?? Promise.resolve(50),
    },
    keyring: {
      hold: (id: string) => (wishes.opened ?? Promise.resolve()).then(() => id),
      release: () => undefined,
    },
    threads: { open },
    stock: {
      putBack: (pairs: readonly unknown[]) => wishes.putBack?.(pairs),
      take: (count: number) =>
        new Promise((resolve) => {
          givePrimes = () => resolve(Array.from({ length: count }, () => [3n, 5n]));
          if (wishes.slow !== true) givePrimes();
        }),
    },
    turns: new Turns(wishes.maxRunning ?? 16),
    approvals: wishes.approvals ?? new Approvals('auto', undefined),
    logger,
    now: () => Date.now(),
    partner: (name: string) => others.find(({ identity }) => identity.name === name)?.identity,
    send: (_: string, message: PeerMessage) => {
      sent.push(message);
      return side.carries(message);
    },
    onSession: () => undefined,
  } as unknown as ManagerContext;
  const side: Side = {
    party,
    manager: new SessionManager(context),
    keys: records,
    sessions,
    unwanted,
    sent,
    lines,
    log,
    carries: () => false,
    givePrimes: () => givePrimes(),
    view: (id) => sessions.find(id)?.session,
  };
  return side;
}

/** Both sides, each of which hears the other, and who they are; `address` is that of their key. */
export function joinedSides(
  wishes: { readonly p1?: Wishes; readonly p2?: Wishes; readonly address?: string } = {},
): {
  readonly p1: Side;
  readonly p2: Side;
} {
  const parties = [makeParty(1, 'p1'), makeParty(2, 'p2')] as const;
  const address = wishes.address === undefined ? {} : { address: wishes.address };
  const withKey = (index: 1 | 2, more: Wishes = {}): Wishes => ({
    records: [{ ...keyBetween(index, parties), ...address }],
    ...more,
  });
  const p1 = makeSide(1, parties[0], [parties[1]], withKey(1, wishes.p1));
  const p2 = makeSide(2, parties[1], [parties[0]], withKey(2, wishes.p2));
  p1.carries = (message) => {
    p2.manager.receive('p1', message);
    return true;
  };
  p2.carries = (message) => {
    p1.manager.receive('p2', message);
    return true;
  };
  return { p1, p2 };
}

/** A message of a session as its mail comes off the link. */
export function mailOf(
  type: PeerMessage['type'],
  sessionId: string,
  seq: number,
  mail: object,
): PeerMessage {
  return { type, sessionId, round: 0, seq, plaintext: encodeMail(mail), signature: '' };
}
