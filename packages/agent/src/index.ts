/**
 * A participant of a threshold key, and the client that asks participants for keys and signatures.
 * @module
 */
export { createAgent } from './createAgent.ts';
export type { Agent, AgentOptions } from './agentTypes.ts';
export { approveAll } from './approval/auto.ts';
export type { Approval, PinnedParticipant, Subject } from './approval/kind.ts';
export type { ApprovalRequest, Approve } from './approval/request.ts';
export type { DestroyApproval } from './ceremonies/destroy/approval.ts';
export type { KeygenApproval } from './ceremonies/keygen/approval.ts';
export type { SignApproval } from './ceremonies/sign/request.ts';
export { approveByPolicy, parsePolicy, type Policy } from './approval/policy.ts';
export { type Asker, createAsker, type Question } from './approval/asker.ts';
export { approveByPrompt } from './approval/prompt.ts';
export { type Backoff, createBackoff } from './link/backoff.ts';
export {
  type Channel,
  type ChannelOptions,
  type ChannelPeer,
  createChannel,
  type IgnoreReason,
  type OpenedMessage,
  type PlainMessage,
  type SealedMessage,
} from './channel/channel.ts';
export { createEphemeralKeys, type EphemeralKeys, importEphemeralKeys } from './channel/keys.ts';
export { Chip, type PinProvider, type PinRefusals } from './chip/chip.ts';
export { type OutcomeOf } from './client/ceremonies/index.ts';
export { type OrderOf } from './client/ceremonies/shape.ts';
export { CeremonyError } from './client/ceremonyError.ts';
export { type ClientOptions, CoordinatorClient } from './client/client.ts';
export { type ProgressEvent } from './client/waiters.ts';
export {
  type AgentConfig,
  CHIP_KINDS,
  chipAttachment,
  CONFIG_FILE,
  loadAgentConfig,
  parseAgentConfig,
  parseChipFile,
  pcscSchema,
  pkcs11Schema,
  resolvePath,
  virtualChip,
} from './config.ts';
export { AgentError, type AgentErrorCode, isAgentError } from './errors.ts';
export { initAgent, type InitOptions } from './init.ts';
export { createLink } from './link/link.ts';
export type { Link, LinkOptions, LinkStatus } from './link/types.ts';
export { type LogFields, type Logger, silentLogger } from './logger.ts';
export { chipFromConfig, openChip } from './chip/openChip.ts';
export { type Outgoing } from './link/outbox.ts';
export {
  type ReplaceChip,
  replaceChip,
  type ReplaceOptions,
  type ReplaceProgress,
} from './replacement/replaceChip.ts';
export { type Journal, readJournal } from './replacement/journal.ts';
export { checkAttended } from './providers.ts';
export type { ReplacementService } from './replacement/service.ts';
export { openPins, type Pin, type Pins, type RosterChange } from './roster/pins.ts';
export {
  openShard,
  sealShard,
  SHARD_VERSION,
  type SealedShard,
  type ShardIdentity,
} from './protocol/shard.ts';
export { type Evidence, type SignedMessage } from './records/evidence.ts';
export {
  createFile,
  makePrivateDirectory,
  readIfPresent,
  readSecretFile,
  removeIfPresent,
  replaceFile,
  syncDirectory,
} from './files/files.ts';
export { lockDirectory, lockFile, type Lock } from './files/lock.ts';
export { SOFTWARE_CHIP } from './chip/ownChip.ts';
export type { Screen } from './terminal/editors.ts';
export type { InputStream } from './terminal/keyboard.ts';
export {
  processTerminal,
  Terminal,
  type TerminalStreams,
  type Turn,
  type Typed,
} from './terminal/terminal.ts';
export { stampOfFile } from './chip/pinRefusals.ts';
export { createMutexes, type Exclusive } from './mutexes.ts';
export { readSecretBytes } from './providers.ts';
export { readYaml, type YamlRefusal, type YamlSource } from './yamlDocument.ts';
export {
  type PartyOutcome,
  PartySession,
  prepare,
  type Preparation,
} from './protocol/partySession.ts';
export type { PeerKeys, RoundFrame } from './protocol/frames.ts';
export { isSocketUrl, SOCKET_URL } from './link/socketUrl.ts';
export type { CommonEvent, CommonOrder, Lost, Prepared } from './threads/control.ts';
export { type Fault, faultOf } from './threads/fault.ts';
export { canServe, stuckThreads, type ThreadHealth, type ThreadState } from './threads/health.ts';
export { type SessionLine, THREAD_TIMEOUT_MS, ThreadPool } from './threads/pool.ts';
export { threadEnd } from './threads/threadEnd.ts';
export { type AgentState, openState, STATE_FILES } from './records/state.ts';
export type { Ban, Holder, KeyRecord } from './records/keyRecord.ts';
export { openKeyRecords } from './records/keyRecords.ts';
export { type LinkState, openLinkState } from './link/state.ts';
export { type SessionRecord, sessionFileName } from './records/sessionRecords.ts';
