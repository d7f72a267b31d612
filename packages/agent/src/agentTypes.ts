/**
 * A participant as programs see it: the parts that it is made of, and the facts that it tells.
 */
import type { HolderError, Logger, PinProvider, ThreadHealth } from '@quorate/holder';
import type { SecureElement } from '@quorate/secure-element';
import type { Approve } from './approval/request.ts';
import type { AgentConfig } from './config.ts';
import type { LinkStatus } from './link/types.ts';
import type { AgentState } from './records/state.ts';
import type { WorkerPool } from './protocol/pool.ts';

/** The parts of an agent; all but the directory have a default from its configuration. */
export interface AgentOptions {
  readonly directory: string;
  readonly config?: AgentConfig;
  readonly logger?: Logger;
  readonly approve?: Approve;
  readonly chip?: SecureElement;
  readonly pin?: PinProvider;
  readonly token?: () => Promise<string>;
  /** Threads of the caller's own. */
  readonly pool?: WorkerPool;
  readonly onStatus?: (status: LinkStatus, detail: string) => void;
  /** Called when a protocol thread died or was given up. */
  readonly onThreads?: (threads: readonly ThreadHealth[]) => void;
  /** milliseconds since 1970 */
  readonly now?: () => number;
  /** milliseconds that never run backwards */
  readonly monotonic?: () => number;
  /** Milliseconds that a round may take before this agent says whom it waits for. */
  readonly patience?: number;
}

/** A running participant. */
export interface Agent {
  readonly username: string;
  /** The chip's CPLC, hex. */
  readonly cpic: string;
  readonly state: AgentState;
  readonly status: LinkStatus;
  /** The reason why this agent stopped, once its status is `failed`. */
  readonly failure: HolderError | undefined;
  /** The table of the protocol threads. */
  readonly threads: readonly ThreadHealth[];
  /** Session keys of the sessions that run now. */
  readonly sessions: readonly string[];
  start(): void;
  registered(): Promise<void>;
  /** Ends the sessions and releases the chip; `ending` hears what is being ended. */
  close(ending?: (what: string) => void): Promise<void>;
}
