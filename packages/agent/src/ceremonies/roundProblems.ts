/**
 * Reports peers that hold a session up: at once for a message that cannot be used, and after a while for
 * messages that are missing. The coordinator names both at the deadline; a report is
 * no proof (docs/spec/coordinator.md §2).
 */
import { DEADLINES, type Feature, type RoundProblemReason } from '@quorate/wire';
import type { Outgoing } from '../link/outbox.ts';

/** The part of a round's time after which a participant says whom it waits for. */
const PATIENCE_MS = (DEADLINES.round * 2) / 3;

/** The reasons for ignoring a frame, in the words of the wire; others say nothing of its author. */
const REASONS: ReadonlyMap<string, RoundProblemReason> = new Map([
  ['bad-signature', 'signature'],
  ['decryption-failed', 'decryption'],
  ['malformed', 'decode'],
]);

/** The session as its reports see it. */
export interface RoundProblemOptions {
  readonly sessionKey: string;
  readonly partIndex: number;
  readonly send: (message: Outgoing) => unknown;
  /** Whether the coordinator takes a message of that name. */
  readonly knows: (feature: Feature) => boolean;
  /** Milliseconds of waiting before the missing are named. */
  readonly patience: number | undefined;
  /** Asks the protocol whose messages are missing. */
  readonly askWaiting: () => void;
}

/** The reports of one session: one of each author and round. */
export class RoundProblems {
  readonly #options: RoundProblemOptions;
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RoundProblemOptions) {
    this.#options = options;
  }

  /** Notes that the session has spoken: from now on it waits for the others. */
  spoke(): void {
    const { patience = PATIENCE_MS, askWaiting } = this.#options;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(askWaiting, patience);
    this.#timer.unref();
  }

  /** Reports a frame that could not be used. */
  ignored(from: number, round: number, why: string): void {
    const reason = REASONS.get(why);
    if (reason !== undefined) this.#tell(from, round, reason);
  }

  /** Reports peers that have not said everything of this round. */
  missing(peers: readonly number[], round: number): void {
    for (const from of peers) this.#tell(from, round, 'missing');
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tell(from: number, round: number, reason: RoundProblemReason): void {
    const { sessionKey: session_key, partIndex: part_index, send, knows } = this.#options;
    const about = `${from}/${round}`;
    if (this.#told.has(about) || !knows('round_problem')) return;
    this.#told.add(about);
    send({ type: 'round_problem', session_key, part_index, from, round, reason });
  }
}
