/**
 * The errors an agent raises about itself; those of its machine are `HolderError`, and outcomes of sessions are
 * values, not errors.
 */
import { CodedError } from '@quorate/holder';

/** Stable codes of {@link AgentError}. */
export type AgentErrorCode =
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
  | 'session/refused';

/** An error of an agent's configuration, link or sessions; `code` is stable, `message` is for people. */
export class AgentError extends CodedError<AgentErrorCode> {
  override readonly name = 'AgentError';
}

/** Tells whether a caught value is an {@link AgentError}, of one code when given. */
export function isAgentError(value: unknown, code?: AgentErrorCode): value is AgentError {
  return value instanceof AgentError && (code === undefined || value.code === code);
}
