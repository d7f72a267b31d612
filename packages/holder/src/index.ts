/**
 * A share on a machine, whatever the protocol: what a participant and a cosigner have in common.
 * @module
 */
export {
  CodedError,
  HolderError,
  type HolderErrorCode,
  isHolderError,
  isStoreError,
  messageOf,
} from './errors.ts';
export { type Logger, silentLogger } from './logger.ts';
export { createMutexes } from './mutexes.ts';
export { type Asker, createAsker } from './approval/asker.ts';
export { type Approval, type Subject } from './approval/decision.ts';
export { createChannel } from './channel/channel.ts';
export { createEphemeralKeys } from './channel/keys.ts';
export { type Berth } from './chip/berths.ts';
export { Chip } from './chip/chip.ts';
export {
  type PinProvider,
  type PinRefusals,
  type ReadRequest,
  type SeeCounter,
} from './chip/chipTypes.ts';
export {
  countedRelease,
  type CountedRelease,
  type ReleaseCounter,
  type ReleasePolicy,
  type Releases,
  type Released,
} from './chip/countedRelease.ts';
export { type ChipCounters, createChipCounters, readChipCounters } from './chip/counters.ts';
export { openChip, SOFTWARE_CHIP } from './chip/openChip.ts';
export { openPinRefusals, stampOfFile } from './chip/pinRefusals.ts';
export { isAbsent, isForgotten, isRenewable, ofUnknownOutcome } from './chip/refusals.ts';
export { CHIP_KINDS, pcscSchema, pkcs11Schema } from './config/chipSchema.ts';
export { isSocketUrl, SOCKET_URL } from './config/socketUrl.ts';
export { readYaml } from './config/yamlDocument.ts';
export {
  createFile,
  FILE_MODE,
  makePrivateDirectory,
  readIfPresent,
  removeIfPresent,
  replaceFile,
  storing,
  syncDirectory,
  writeDurably,
} from './files/files.ts';
export { type Lock, lockDirectory, lockFile } from './files/lock.ts';
export { readSecretBytes, readSecretFile } from './files/secretFile.ts';
export { type Disk } from './journal/disk.ts';
export { openJournal, readJournal } from './journal/journal.ts';
export type { Journal, JournalNews } from './journal/journalTypes.ts';
export { type JournalKind, type JournalState } from './journal/readJournal.ts';
export { type Backoff, createBackoff } from './link/backoff.ts';
export { type PeerKeys, type RoundFrame, type SignedMessage } from './protocol/frames.ts';
export {
  type PartyOutcome,
  PartySession,
  type Preparation,
  prepare,
} from './protocol/partySession.ts';
export { Preparations } from './protocol/preparations.ts';
export { openShard, sealShard, type ShardIdentity } from './protocol/shard.ts';
export { processTerminal, Terminal, type Typed } from './terminal/terminal.ts';
export {
  type CommonEvent,
  type CommonOrder,
  type CommonSessionEvent,
  type Lost,
  type Prepared,
  refusedByLoss,
} from './threads/control.ts';
export { faultOf } from './threads/fault.ts';
export { canServe, stuckThreads, type ThreadHealth } from './threads/health.ts';
export { type SessionLine, THREAD_TIMEOUT_MS, ThreadPool } from './threads/pool.ts';
export { refusable } from './threads/refusable.ts';
export { threadEnd } from './threads/threadEnd.ts';
export { transferSecret } from './threads/transfer.ts';
