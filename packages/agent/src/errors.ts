/**
 * The errors an agent raises about itself; outcomes of sessions are values, not errors.
 */

/** Stable codes of {@link AgentError}. */
export type AgentErrorCode =
  | 'chip/rolled-back'
  | 'config/invalid'
  | 'config/unknown-key'
  | 'config/missing'
  | 'config/no-terminal'
  | 'link/closed'
  | 'link/refused'
  | 'link/timeout'
  | 'policy/invalid'
  | 'replace/refused'
  | 'replace/unfinished'
  | 'roster/not-pinned'
  | 'roster/old-serial'
  | 'roster/refused'
  | 'roster/fingerprint'
  | 'session/conflict'
  | 'session/refused'
  | 'shard/tampered'
  | 'store/exists'
  | 'store/failed'
  | 'store/locked'
  | 'store/mode'
  | 'store/not-found'
  | 'store/tampered'
  | 'thread_stopped';

/** An error of this machine, its configuration or its link; `code` is stable, `message` is for people. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'AgentError';
    this.code = code;
  }
}

/** Tells whether a caught value is an {@link AgentError}, of one code when given. */
export function isAgentError(value: unknown, code?: AgentErrorCode): value is AgentError {
  return value instanceof AgentError && (code === undefined || value.code === code);
}

/** Tells whether a caught value says that this machine's state cannot be kept or believed. */
export function isStoreError(value: unknown): value is AgentError {
  return isAgentError(value) && value.code.startsWith('store/');
}

/** The message of any caught value, for a log line. */
export function messageOf(value: unknown): string {
  return value instanceof Error ? value.message : 'unknown error';
}
