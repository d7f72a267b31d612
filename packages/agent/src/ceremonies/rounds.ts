/**
 * Carries the frames of one session between its protocol thread and the coordinator, keeps early ones, and
 * reports peers that hold the session up.
 */
import type { Logger, Prepared, RoundFrame } from '@quorate/holder';
import type { Feature } from '@quorate/wire';
import type { Outgoing } from '../link/outbox.ts';
import type { ProtocolKind, ProtocolOutput, StartOf } from '../protocol/orders.ts';
import type { SessionEvent, SessionPort, WorkerPool } from '../protocol/pool.ts';
import { RoundProblems } from './roundProblems.ts';

/** Frames that may wait while the chip is asked for the shard; more than any session has. */
const MAX_BUFFERED_FRAMES = 32 * 2 * 5;

/** The session as its rounds see it. */
export interface RoundsOptions {
  readonly sessionKey: string;
  readonly partIndex: number;
  readonly pool: WorkerPool;
  readonly logger: Logger;
  readonly knows: (feature: Feature) => boolean;
  readonly patience: number | undefined;
  /** Sends a message of the session; false when it is too late for it. */
  readonly send: (message: Outgoing, isGood?: () => boolean) => boolean;
  /** Hears the end of the protocol; an error that it throws ends the session. */
  readonly heard: (event: ProtocolEnd) => void;
  readonly failed: (error: unknown) => void;
  /** Whether the session is over. */
  readonly isOver: () => boolean;
}

/** The end of a protocol. */
export type ProtocolEnd = Extract<SessionEvent, { event: 'output' | 'aborted' | 'refused' }>;

/** The rounds of one session. */
export class Rounds {
  /** The highest round that we have sent. */
  sent = 0;
  readonly #options: RoundsOptions;
  readonly #problems: RoundProblems;
  #port: SessionPort | undefined;
  #running = false;
  #waiting: RoundFrame[] = [];

  constructor(options: RoundsOptions) {
    const { sessionKey, partIndex, knows, patience, send } = options;
    this.#options = options;
    this.#problems = new RoundProblems({
      sessionKey,
      partIndex,
      knows,
      patience,
      send: (message) => send(message, () => knows('round_problem')),
      askWaiting: () => this.#port?.askWaiting(),
    });
  }

  /** Opens the protocol thread's side of the session, and makes its keys there. */
  prepare(affinity: string | null): Promise<Prepared> {
    const { pool, sessionKey } = this.#options;
    this.#port = pool.open(sessionKey, affinity, (event) => this.#onEvent(event));
    return this.#port.prepare();
  }

  /** Takes a round message, and keeps it until the protocol runs. */
  receive(frame: RoundFrame): void {
    if (this.#running) return this.#port?.receive(frame);
    if (this.#waiting.length < MAX_BUFFERED_FRAMES) this.#waiting.push(frame);
  }

  /** Starts the protocol and hands it the frames that came early. */
  start<P extends ProtocolKind>(kind: P, start: StartOf<P>): void {
    if (this.#port === undefined) throw new TypeError('unreachable: rounds without a certificate');
    this.#port.start(kind, start);
    this.#running = true;
    for (const frame of this.#waiting) this.#port.receive(frame);
    this.#waiting = [];
  }

  /** Ends the protocol; everything that the thread has found until then, a ban for instance, still arrives. */
  end(): void {
    this.#problems.stop();
    this.#port?.end();
    this.#waiting = [];
  }

  #onEvent(event: SessionEvent): void {
    try {
      this.#handle(event);
    } catch (error) {
      this.#options.failed(error);
    }
  }

  #handle(event: SessionEvent): void {
    const { heard, isOver } = this.#options;
    switch (event.event) {
      // A ban counts, also if the session ended otherwise in the same moment.
      case 'aborted':
        return heard(event);
      case 'output':
        return isOver() ? wipeOutput(event.output) : heard(event);
      case 'refused':
        return isOver() ? undefined : heard(event);
      case 'frames':
        return isOver() ? undefined : this.#sendFrames(event.frames);
      case 'ignored':
        return isOver() ? undefined : this.#onIgnored(event);
      case 'waiting':
        return isOver() ? undefined : this.#problems.missing(event.peers, event.round);
    }
  }

  #onIgnored(event: Extract<SessionEvent, { event: 'ignored' }>): void {
    const { logger, sessionKey: session_key } = this.#options;
    const { round, from, reason, awaited } = event;
    logger.warn({ session_key, round, from, reason }, 'round ignored');
    if (awaited) this.#problems.ignored(from, round, reason);
  }

  #sendFrames(frames: readonly RoundFrame[]): void {
    const { send, sessionKey: session_key } = this.#options;
    for (const frame of frames) {
      if (!send({ type: 'round', session_key, ...frame })) return;
      this.sent = Math.max(this.sent, frame.round);
    }
    this.#problems.spoke();
  }
}

/** Wipes an output that nobody takes any more. */
function wipeOutput(output: ProtocolOutput): void {
  if ('opener' in output) output.opener.fill(0);
}
