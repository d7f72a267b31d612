/**
 * Asking for a key or a signature in the role of coordinator, with progress.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import {
  AgentError,
  CeremonyError,
  CoordinatorClient,
  type ProgressEvent,
  silentLogger,
} from '@quorate/agent';
import { CliError } from './errors.ts';
import { EXIT } from './exitCodes.ts';
import { webSocketUrl } from './remote/http.ts';
import { foreign, type Output } from './terminal/output.ts';
import type { Progress } from './terminal/progress.ts';

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

/** A name for a session that nobody used before. */
export function newSessionKey(kind: 'keygen' | 'sign'): string {
  return `${kind}-${randomUUID()}`;
}

/**
 * Says what Ctrl-C means while a session runs: it goes on without us, and the same request follows it.
 * Gives a function that takes this back.
 */
export function explainInterrupt(output: Output, sessionKey: string): () => void {
  const explain = (): void => {
    output.warn(`session ${sessionKey} goes on without this program`);
    output.note(`to follow it, give the same command with --session-key ${sessionKey}`);
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', explain);
  return () => process.off('SIGINT', explain);
}

/** Connects, lets `ask` do its work, and disconnects. */
export async function withClient<T>(
  requester: Requester,
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
    await client.connect();
    return await ask(client);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    await client.close();
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

/** A failed ceremony as an error that says what happened and what to do. */
function refusalOf(error: unknown): unknown {
  if (error instanceof CeremonyError) {
    return new CliError(error.code, foreign(error.message), {
      exit: EXIT.refused,
      hint:
        error.code === 'unknown_outcome'
          ? 'somebody may hold a signature: make sure that this transaction and another cannot both count before you ask again'
          : 'ask again under a new session key',
      cause: error,
    });
  }
  if (error instanceof AgentError && error.code === 'link/refused') {
    return new CliError('refused', error.message, {
      exit: EXIT.unauthorised,
      hint: 'you need the role coordinator, and only one request of yours can run at a time',
      cause: error,
    });
  }
  return error;
}
