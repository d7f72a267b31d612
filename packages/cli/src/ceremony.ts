/**
 * Asking for a key or a signature in the role of coordinator, with progress.
 *
 * @module
 */
import { SessionKey } from '@quorate/wire';
import { InvalidArgumentError } from 'commander';
import { randomUUID } from 'node:crypto';
import {
  AgentError,
  CeremonyError,
  CoordinatorClient,
  type ProgressEvent,
  silentLogger,
} from '@quorate/agent';
import { CliError } from './errors.ts';
import { errorEvent } from './explain.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { webSocketUrl } from './remote/http.ts';
import { foreign, type Output } from './terminal/output.ts';
import type { Progress } from './terminal/progress.ts';
import { wholeNumber } from './numbers.ts';

/** Who asks, and where. */
export interface Requester {
  /** Base URL of the coordinator. */
  readonly url: string;
  readonly ca?: string | undefined;
  readonly username: string;
  readonly token: () => Promise<string>;
}

const STAGES: Readonly<Record<string, string>> = {
  invited: 'waiting for people to accept',
  running: 'running the protocol',
  results: 'collecting results',
};

/** Seconds that a command waits for the end of a session unless it is told otherwise. */
export const WAIT_SECONDS = 900;

/** Parses `--session-key`. */
export function parseSessionKey(text: string): string {
  if (SessionKey.safeParse(text).success) return text;
  throw new InvalidArgumentError('1 to 128 letters, digits, dots, colons, dashes or underscores');
}

/** Parses a text that travels: at most `max` characters, in NFC as on the wire. */
export function parseText(text: string, max: number): string {
  if (text.length > max) {
    throw new InvalidArgumentError(`at most ${max} characters, not ${text.length}`);
  }
  return text.normalize('NFC');
}

/** Parses `--wait`. */
export const parseWait: (text: string) => number = wholeNumber(1, 86_400, 'seconds, 1 to 86400');

/** A name for a session that nobody used before. */
export function newSessionKey(kind: 'keygen' | 'sign' | 'destroy'): string {
  return `${kind}-${randomUUID()}`;
}

/**
 * Says what Ctrl-C means while a session runs: it goes on without us, and the same request follows it.
 * Gives a function that takes this back.
 */
export function explainInterrupt(output: Output, sessionKey: string): () => void {
  const explain = (): void => {
    output.warn(`session ${sessionKey} goes on without this program`);
    const hint = `to follow it, give ${sameCommand(sessionKey)}`;
    output.note(hint);
    output.note(`to end it: quorate sessions cancel ${sessionKey}`);
    const exit = EXIT.interrupted;
    output.event(errorEvent({ code: 'interrupted', message: 'interrupted', hint, exit }));
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', explain);
  return () => process.off('SIGINT', explain);
}

/** What shows the result of a session once more. */
export function sameCommand(sessionKey: string): string {
  return `the same command with --session-key ${sessionKey}`;
}

/** What is waited for, and how long. */
export interface Patience {
  readonly sessionKey: string;
  readonly seconds: number;
}

/** Connects, lets `ask` do its work, and disconnects; gives up when it takes too long. */
export async function withClient<T>(
  requester: Requester,
  patience: Patience,
  ask: (client: CoordinatorClient) => Promise<T>,
): Promise<T> {
  const client = new CoordinatorClient({
    url: webSocketUrl(requester.url),
    username: requester.username,
    token: requester.token,
    logger: silentLogger,
    ...(requester.ca === undefined ? {} : { ca: requester.ca }),
    // A login over plain http to another host was made with --allow-insecure.
    allowInsecure: requester.url.startsWith('http:'),
  });
  try {
    const work = client.connect().then(() => ask(client));
    return await within(patience, work);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    await client.close();
  }
}

async function within<T>({ sessionKey, seconds }: Patience, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const hint = `the session may go on; to follow it, give the same command with --session-key ${sessionKey}`;
      const message = `no result within ${seconds} seconds`;
      reject(new CliError('no_answer', message, { exit: EXIT.refused, hint }));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

/** Shows where a session stands: whom it waits for, and which round it is in. */
export function showState(progress: Progress): (event: ProgressEvent) => void {
  let stage = '';
  return ({ state }) => {
    if (state.state !== stage && STAGES[state.state] !== undefined) {
      stage = state.state;
      progress.stage(state.state, STAGES[state.state] ?? state.state);
    }
    const waiting = state.waiting_for.map((party) => foreign(party.username));
    const round = state.round === undefined ? '' : `round ${state.round}`;
    const missing = waiting.length === 0 ? '' : `waiting for ${waiting.join(', ')}`;
    progress.update([round, missing].filter((text) => text !== '').join(', ') || state.state, {
      session_key: state.session_key,
      state: state.state,
      waiting_for: state.waiting_for,
      ...(state.round === undefined ? {} : { round: state.round }),
    });
    for (const warning of state.warnings ?? []) progress.warn(foreign(warning));
  };
}

/** Codes that say that what was asked for is wrong in itself. */
const INPUT: ReadonlySet<string> = new Set([
  'frame_too_large',
  'invalid_message',
  'invalid_payload',
  'zero_digest',
]);

/** Codes after which the same request may well work under a new session key. */
const AGAIN: ReadonlySet<string> = new Set([
  'aborted',
  'cancelled',
  'conflicting_results',
  'expired',
  'failed',
  'invalid_certificate',
  'invalid_result',
  'participant_declined',
  'participant_restarted',
  'session_key_conflict',
  'thread_stopped',
  'timeout',
  'unrepresentable_recovery_id',
]);

function exitOf(code: string): ExitCode {
  return INPUT.has(code) ? EXIT.usage : EXIT.refused;
}

function hintFor(code: string): { hint?: string } {
  if (code === 'unknown_outcome') {
    return {
      hint: 'somebody may hold a signature: make sure that this transaction and another cannot both count before you ask again',
    };
  }
  if (code === 'store_unavailable') {
    return { hint: 'nothing was changed; quorate health tells when the coordinator works again' };
  }
  if (code === 'key_destroyed' || code === 'key_destroying') {
    return { hint: 'quorate keys show tells what is known of each shard' };
  }
  return AGAIN.has(code) ? { hint: 'ask again under a new session key' } : {};
}

/** A failed ceremony as an error that says what happened and what to do. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof CeremonyError) {
    return new CliError(error.code, foreign(error.message), {
      exit: exitOf(error.code),
      ...hintFor(error.code),
      cause: error,
    });
  }
  if (error instanceof AgentError && error.code === 'link/refused') {
    return new CliError('refused', error.message, {
      exit: EXIT.unauthorised,
      hint: 'you need the role coordinator, and a login or token that is still good',
      cause: error,
    });
  }
  return error;
}
