/** The parts that a two-party session works with. */
import type { SeeStep } from './stepTimes.ts';
import type { SignableMessage } from '@quorate/two-party';
import type { Logger } from '@quorate/holder';
import type { Approvals } from '../approvals.ts';
import type { CosignerConfig } from '../configShape.ts';
import type { Keyring } from '../keyring.ts';
import type { PublicIdentity } from '../partner.ts';
import type { PeerMessage } from '../peer/connection.ts';
import type { PrimeStock } from '../primeStock.ts';
import type { Store } from '../store/index.ts';
import type { Vault } from '../vault.ts';
import type { Threads } from '../worker/threads.ts';
import type { ChipRoom } from './chipRoom.ts';
import type { KeyLocks } from './locks.ts';
import type { Turns } from './turns.ts';

/** Everything that a session works with. */
export interface SessionContext {
  readonly config: CosignerConfig;
  /** P1 is 1. */
  readonly index: 1 | 2;
  /** This side, as its partners pin it. */
  readonly own: PublicIdentity;
  readonly store: Store;
  readonly vault: Vault;
  readonly keyring: Keyring;
  readonly threads: Threads;
  readonly stock: PrimeStock;
  readonly approvals: Approvals;
  readonly logger: Logger;
  readonly now: () => number;
  readonly partner: (name: string) => PublicIdentity | undefined;
  readonly send: (partner: string, message: PeerMessage) => boolean;
  readonly locks: KeyLocks;
  readonly room: ChipRoom;
  readonly turns: Turns;
  readonly onStep?: SeeStep;
  /** A session is over. */
  readonly onOver: (sessionId: string) => void;
  /** And has nothing more to say. */
  readonly onGone: (sessionId: string) => void;
}

/** The subject of a session; each side computes it for itself. */
export interface Proposal {
  readonly id: string;
  readonly type: 'keygen' | 'sign' | 'refresh';
  readonly partner: PublicIdentity;
  readonly initiator: 'own' | 'partner';
  readonly keySessionId: string | null;
  readonly message: SignableMessage | null;
}
