/**
 * A participant of a threshold key, and the client that asks participants for keys and signatures.
 * @module
 */
export { parsePolicy } from './approval/policy.ts';
export { type OutcomeOf } from './client/ceremonies/index.ts';
export { type OrderOf } from './client/ceremonies/shape.ts';
export { CeremonyError } from './client/ceremonyError.ts';
export { CoordinatorClient } from './client/client.ts';
export { type ProgressEvent } from './client/waiters.ts';
export {
  type AgentConfig,
  chipAttachment,
  loadAgentConfig,
  parseAgentConfig,
  parseChipFile,
  resolvePath,
  virtualChip,
} from './config.ts';
export { createAgent } from './createAgent.ts';
export { AgentError, isAgentError } from './errors.ts';
export { initAgent, type InitOptions } from './init.ts';
export { type LinkStatus } from './link/types.ts';
export { checkAttended } from './providers.ts';
export { readAgentRecords } from './records/agentJournal.ts';
export { STATE_FILES } from './records/names.ts';
export { openState } from './records/state.ts';
export { type Journal, readJournal } from './replacement/journal.ts';
export { type ReplaceChip, replaceChip, type ReplaceProgress } from './replacement/replaceChip.ts';
export { type ReplacementService } from './replacement/service.ts';
export { openPins, type RosterChange } from './roster/pins.ts';
