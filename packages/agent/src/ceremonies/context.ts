/**
 * The parts of one agent that its sessions share.
 */
import type { Chip, Logger } from '@quorate/holder';
import type { Feature } from '@quorate/wire';
import type { Approve } from '../approval/request.ts';
import type { AgentState } from '../records/state.ts';
import type { WorkerPool } from '../protocol/pool.ts';
import type { Send } from './outlet.ts';

/** One agent, as everything that it does in ceremonies and after them sees it. */
export interface OuterContext {
  readonly username: string;
  /** The chip's name in the registry, when the configuration pins it. */
  readonly seId: string | undefined;
  readonly state: AgentState;
  readonly chip: Chip;
  readonly pool: WorkerPool;
  readonly approve: Approve;
  readonly logger: Logger;
  /** milliseconds since 1970 */
  readonly now: () => number;
  /** milliseconds that never run backwards, and stand still while the machine sleeps */
  readonly monotonic: () => number;
  readonly send: Send;
  /** Whether the coordinator takes a message that the first version of the protocol does not have. */
  readonly knows: (feature: Feature) => boolean;
  /** Milliseconds that a round may take before this agent says whom it waits for; by default two thirds of its time. */
  readonly patience: number | undefined;
  /** Runs the changes of a key's release count one at a time. */
  readonly exclusive: <T>(keyId: string, work: () => Promise<T>) => Promise<T>;
}

/** One agent, as its sessions see it. */
export interface CeremonyContext extends OuterContext {
  /** Acts on a ban that is on disk: stops the other sessions that depend on the pair. */
  readonly banned: (keyId: string, peers: readonly number[], cause: string) => void;
  /** Stops the use of a key: ends all its sessions, with this reason or without a word. */
  readonly stopKey: (keyId: string, reason: string | null) => void;
  /** A session is over; the agent lets go of it. */
  readonly over: (sessionKey: string) => void;
}
